"""A small world of real processes: an exporter, Prometheus, an SMTP server, an HTTP receiver, and `alertd`."""

import email
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

_PATIENCE = 45.0  # seconds for anything that must happen


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(what: str, probe: Callable[[], Any], patience: float = _PATIENCE) -> Any:
    """Wait until a probe returns something true, and return it."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        found = probe()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {patience:.0f} s in vain: {what}")


class _Served:
    """An HTTP server in a thread; `answer` gets the handler and returns status, headers and body."""

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler, bytes], tuple[int, dict[str, str], bytes]]) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                status, headers, body = answer(self, self.rfile.read(length))
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                with suppress(ConnectionError):  # whoever asked was killed
                    self.end_headers()
                    self.wfile.write(body)

            do_GET = do_POST

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Exporter(_Served):
    """Metrics that a test sets: `exporter.set('broken{job="a"}', 1)`."""

    def __init__(self) -> None:
        self._values: dict[str, float] = {}
        super().__init__(self._page)

    def set(self, series: str, value: float) -> None:
        self._values = {**self._values, series: value}

    def set_all(self, values: dict[str, float]) -> None:
        self._values = {**self._values, **values}

    def _page(self, _handler: BaseHTTPRequestHandler, _body: bytes) -> tuple[int, dict[str, str], bytes]:
        page = "".join(f"{series} {value}\n" for series, value in self._values.items())
        return 200, {"Content-Type": "text/plain; version=0.0.4"}, page.encode()


class Hook(_Served):
    """A webhook receiver that keeps every message it accepted; a test may make it answer something else, or later."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.causes: list[str] = []  # traceparent of every attempt
        self.attempts = 0
        self.status, self.headers = 200, dict[str, str]()
        self.pause = 0.0  # seconds before it answers
        super().__init__(self._take)

    def _take(self, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        status, headers = self.status, self.headers  # once: a test may change its mind meanwhile
        self.attempts += 1
        self.causes.append(handler.headers.get("traceparent", ""))
        if status == 200:
            self.messages.append(json.loads(body))
            self.ids.append(handler.headers.get("webhook-id", ""))
        time.sleep(self.pause)
        return status, headers, b"ok"

    @property
    def story(self) -> list[tuple[str, str]]:
        """Status and reason of every message."""
        return [(message["status"], message["notification_reason"]) for message in self.messages]


class Mailbox:
    """A real SMTP server that keeps what it accepted."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())
        self._controller.start()
        self.port = self._controller.port

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
        mail = email.message_from_bytes(envelope.content, policy=default)
        self.mails.append(mail)
        return "250 kept"

    def close(self) -> None:
        self._controller.stop()


class Process:
    """A child process with a log of its own."""

    def __init__(self, name: str, argv: list[str], folder: Path) -> None:
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as log:
            self._popen = subprocess.Popen(argv, cwd=folder, stdout=log, stderr=subprocess.STDOUT)

    @property
    def pid(self) -> int:
        return self._popen.pid

    def kill(self) -> None:
        self._popen.kill()
        self._popen.wait()

    def signal(self, number: signal.Signals) -> None:
        self._popen.send_signal(number)

    def stop(self, patience: float = 30) -> int:
        """SIGTERM, and its exit code."""
        self._popen.terminate()
        try:
            return self._popen.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not stop within {patience} s:\n{self.tail()}") from None

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]


class Prometheus:
    """A real Prometheus that scrapes the exporter every second; it can be stopped and started again."""

    def __init__(self, folder: Path, exporter: Exporter, more: str = "", flags: Sequence[str] = ()) -> None:
        self._folder, self.port, self._flags = folder, free_port(), flags
        (folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
            "scrape_configs:\n"
            f"- {{job_name: demo, honor_labels: true, static_configs: [{{targets: ['127.0.0.1:{exporter.port}']}}]}}\n"
            f"{more}"
        )
        self._process: Process | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        binary = shutil.which("prometheus") or "/usr/bin/prometheus"
        argv = [binary, "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb", "--log.level=warn", *self._flags]
        self._process = Process("prometheus", [*argv, f"--web.listen-address=127.0.0.1:{self.port}"], self._folder)
        until("Prometheus to be ready", lambda: get(f"{self.url}/-/ready"))

    def stop(self) -> None:
        if self._process:
            self._process.stop()
            self._process = None

    def value(self, expr: str) -> list[Any]:
        page = get(f"{self.url}/api/v1/query?query={urllib.request.quote(expr)}")
        found: list[Any] = json.loads(page or '{"data": {"result": []}}')["data"]["result"]
        return found


def get(url: str) -> str:
    """The body of a page, or nothing if it does not answer with 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return reply.read().decode() or "ok"
    except (urllib.error.URLError, OSError):
        return ""


class Alertd:
    """The installed `alertd` command on a folder of its own."""

    def __init__(self, folder: Path, config: str, rules: str) -> None:
        self.folder, self.port = folder, free_port()
        self.config, self.rules = folder / "config.yaml", folder / "rules.yml"
        self.config.write_text(config)
        self.rules.write_text(rules)
        self._process: Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def process(self) -> Process:
        assert self._process is not None
        return self._process

    def spawn(self) -> None:
        """Start it, and do not wait."""
        argv = [alertd(), "run", "--config", "config.yaml", "--listen", f"127.0.0.1:{self.port}"]
        self._process = Process("alertd", argv, self.folder)

    def start(self) -> None:
        self.spawn()
        until(f"alertd to be ready, see {self.process.log}", self._ready)

    def _ready(self) -> str:
        if not self.process.alive:
            raise AssertionError(f"alertd ended at once:\n{self.process.tail()}")
        return get(f"{self.url}/-/ready")

    def alerts(self) -> dict[str, str]:
        """Alert names and their states, as the API tells them."""
        page = json.loads(get(f"{self.url}/api/v1/alerts") or '{"data": {"alerts": []}}')
        return {alert["labels"]["alertname"]: alert["state"] for alert in page["data"]["alerts"]}

    def metric(self, name: str) -> float:
        """The sum of all samples of a metric."""
        lines = get(f"{self.url}/metrics").splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0].split(" ")[0] == name)

    def stop(self) -> int:
        process, self._process = self.process, None
        return process.stop()

    def kill(self) -> None:
        self.process.kill()
        self._process = None

    def close(self) -> None:
        if self._process:
            self._process.kill()


def beside(command: str) -> str:
    """A command as it is installed beside this Python."""
    return str(Path(sys.executable).with_name(command))


def alertd() -> str:
    """alertd's own command."""
    return beside("alertd")


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """One `alertd` command, to its end."""
    environ = {**os.environ, **environment}
    return subprocess.run([alertd(), *arguments], cwd=cwd, env=environ, capture_output=True, text=True, timeout=60)
