"""`alertd healthcheck`, against servers that are ready, are not, want to know who asks, or are none."""

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner, Result

from alertd.cli import cli


class Server:
    """Answers everything with `status`, but 200 to who knows the token."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        served, self.status = self, 200

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                known = self.headers.get("Authorization") == "Bearer hush"
                self.send_response(200 if known else served.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        setattr(Handler, "do_GET", Handler.answer)  # noqa: B010 - the name is the library's
        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    yield one
    one.close()


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["healthcheck", *arguments])


def test_ready_or_not(server: Server) -> None:
    assert (call("--url", server.url).exit_code, call("--url", server.url).output) == (0, "ready\n")
    server.status = 503
    done = call("--url", server.url)
    assert (done.exit_code, done.output) == (1, f"not ready: {server.url} answers 503\n")


def test_who_asks(server: Server, tmp_path: Path) -> None:
    server.status = 401
    assert "wants credentials" in call("--url", server.url).output
    (tmp_path / "token").write_text("hush\n")
    assert call("--url", server.url, "--token-file", str(tmp_path / "token")).exit_code == 0
    assert "not ready" in call("--url", server.url, "--token-file", str(tmp_path / "gone")).output


def test_any_certificate_will_do() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("elsewhere.example.org").configure_cert(context)
    one = Server(context)
    try:
        assert call("--url", one.url).exit_code == 0
    finally:
        one.close()


def test_nobody_is_there() -> None:
    done = call("--url", "http://127.0.0.1:1")
    assert done.exit_code == 1
    assert done.output == "not ready: http://127.0.0.1:1 does not answer: Connection refused\n"
