"""`alertd silence` and `alertd alerts`, as a person types them, against a server that remembers."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from alertd.cli import cli
from alertd.clock import SystemClock

SILENCE = {
    "id": "1f",
    "status": {"state": "active"},
    "startsAt": "2026-01-01T00:00:00.000Z",
    "endsAt": "2096-01-01T00:00:00.000Z",
    "createdBy": "ann",
    "comment": "new disk\x1b[31m",
    "matchers": [{"name": "a", "value": "1", "isRegex": False, "isEqual": True}],
}


class Server:
    """Answers by method and path; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any, str]] = []
        self.answers: dict[str, tuple[int, Any]] = {}
        served = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                path = self.path.partition("?")[0]
                said = json.loads(body) if body else None
                served.asked.append((f"{self.command} {path}", self.path, said, self.headers.get("Authorization", "")))
                status, answer = served.answers.get(f"{self.command} {path}", (404, "there is no such thing"))
                content = (
                    answer if isinstance(answer, bytes) else b"" if answer is None else json.dumps(answer).encode()
                )
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        for method in ("GET", "POST", "DELETE"):
            setattr(Handler, f"do_{method}", Handler._answer)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    one.answers["POST /api/v2/silences"] = (200, {"silenceID": "1f"})
    one.answers["GET /api/v2/silences"] = (200, [SILENCE])
    one.answers["DELETE /api/v2/silence/1f"] = (200, None)
    yield one
    one.close()


def call(server: Server, *arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(cli, [*arguments, "--url", server.url], input=given)


def test_a_silence_is_made(server: Server) -> None:
    done = call(
        server, "silence", "add", "DiskFull", 'node=~"a|b"', "job!=x", "-c", "new disk", "-a", "ann", "-d", "2h"
    )
    assert (done.exit_code, done.output) == (0, "1f\n")
    (_, _, said, _), (_, matched, _, _) = server.asked
    assert (
        matched == "/api/v2/alerts?filter=alertname%3D%22DiskFull%22&filter=node%3D~%22a%7Cb%22&filter=job%21%3D%22x%22"
    )
    assert said["matchers"] == [
        {"name": "alertname", "value": "DiskFull", "isRegex": False, "isEqual": True},
        {"name": "node", "value": "a|b", "isRegex": True, "isEqual": True},
        {"name": "job", "value": "x", "isRegex": False, "isEqual": False},
    ]
    begins, ends = (datetime.fromisoformat(said[name]) for name in ("startsAt", "endsAt"))
    assert ends - begins == timedelta(hours=2)
    assert begins.tzinfo is not None
    assert (said["createdBy"], said["comment"]) == ("ann", "new disk")


def test_a_silence_about_nothing_is_told(server: Server) -> None:
    server.answers["GET /api/v2/alerts"] = (200, [])
    done = call(server, "silence", "add", "NoSuchAlert", "-c", "c")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "1f\n", "no alert that fires matches at the moment\n")
    server.answers["GET /api/v2/alerts"] = (200, [{"labels": {"alertname": "NoSuchAlert"}}])
    assert call(server, "silence", "add", "NoSuchAlert", "-c", "c").output == "1f\n"


def test_times_can_be_named(server: Server) -> None:
    times = ("--start", "2026-01-31T20:00:00+01:00", "--end", "2026-01-31T23:00Z")
    assert call(server, "silence", "add", "A", "-c", "c", *times).exit_code == 0
    ((_, _, said, _),) = server.asked
    assert (said["startsAt"], said["endsAt"]) == ("2026-01-31T19:00:00+00:00", "2026-01-31T23:00:00+00:00")


WRONG = {
    "Missing argument": ("-c", "c"),
    "Missing option '--comment'": ("A",),
    "bad matcher": ("a=b=c~", 'a="', "-c", "c"),
    "say why": ("A", "-c", " "),
    "nothing is no duration": ("A", "-c", "c", "-d", "0s"),
    "'tomorrow' is no time": ("A", "-c", "c", "--end", "tomorrow"),
}


@pytest.mark.parametrize("message", WRONG)
def test_wrong_usage(server: Server, message: str) -> None:
    done = call(server, "silence", "add", *WRONG[message])
    assert done.exit_code == 2
    assert message in done.output
    assert server.asked == []


def test_silences_are_listed(server: Server) -> None:
    done = call(server, "silence", "list", "a=1")
    assert "filter=a%3D%221%22&active=true&pending=true&expired=false" in server.asked[0][1]
    header, row = done.output.splitlines()
    assert header.split() == ["STATE", "ID", "ENDS", "BY", "MATCHERS", "COMMENT"]
    assert row.startswith("active  1f  2096-01-01 00:00:00Z (in ")
    assert row.endswith('ann  a="1"     new disk�[31m')
    assert call(server, "silence", "list", "-q").output == "1f\n"
    assert json.loads(call(server, "silence", "list", "-o", "json").output) == [SILENCE]
    assert call(server, "silence", "list", "--expired").output == "no silences are expired\n"


def ends(after: timedelta, name: str, author: str = "ann") -> dict[str, Any]:
    """A silence that ends so long after now, or has ended."""
    state = "active" if after > timedelta(0) else "expired"
    shown = (SystemClock().now() + after).isoformat()
    return {**SILENCE, "id": name, "endsAt": shown, "status": {"state": state}, "createdBy": author}


def test_silences_are_chosen(server: Server) -> None:
    hour, day = timedelta(hours=1), timedelta(days=1)
    server.answers["GET /api/v2/silences"] = (200, [
        ends(hour, "1a"), ends(2 * day, "1b"), ends(hour, "2a", "bob"), ends(-hour, "3a"), ends(-2 * day, "3b")
    ])  # fmt: skip
    assert call(server, "silence", "list", "-q").output.split() == ["1a", "1b", "2a"]
    assert call(server, "silence", "list", "-q", "--within", "1d").output.split() == ["1a", "2a"]
    assert call(server, "silence", "list", "-q", "--expired", "--within", "1d").output.split() == ["3a"]
    assert call(server, "silence", "list", "-q", "--author", "bob").output.split() == ["2a"]
    assert call(server, "silence", "list", "--within", "soon").exit_code == 2


def test_silences_end(server: Server) -> None:
    assert call(server, "silence", "expire", "1f").output == "1f\n"
    done = call(server, "silence", "expire", "2e", "1f")
    assert (done.exit_code, done.stdout, done.stderr) == (1, "1f\n", "2e: there is no such thing (404)\n")
    assert [asked.rpartition("/")[2] for asked, *_ in server.asked] == ["1f", "2e", "1f"]


def test_what_is_no_id_ends_nothing(server: Server) -> None:
    server.answers["DELETE /api/v2/silence/DiskFull"] = (422, "silenceID in path must be of type uuid: 'DiskFull'")
    done = call(server, "silence", "expire", "DiskFull")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("DiskFull: not the id of a silence (`alertd silence list` shows them;")


def test_silences_end_by_matcher(server: Server) -> None:
    assert call(server, "silence", "expire", 'a=~"1"', "b!=2", "1f").output == "1f\n"
    assert [asked for asked, *_ in server.asked] == ["GET /api/v2/silences", "DELETE /api/v2/silence/1f"]
    assert "filter=a%3D~%221%22&filter=b%21%3D%222%22&" in server.asked[0][1]
    server.answers["GET /api/v2/silences"] = (200, [{**SILENCE, "status": {"state": "expired"}}])
    done = call(server, "silence", "expire", "a=1")
    assert (done.exit_code, done.output) == (1, "there are no such silences\n")
    assert call(server, "silence", "expire", 'a="').exit_code == 2


def test_an_id_stays_an_id(server: Server) -> None:
    call(server, "silence", "expire", "../../-/reload?x")
    assert server.asked[0][0] == "DELETE /api/v2/silence/..%2F..%2F-%2Freload%3Fx"


def test_silences_are_imported(server: Server) -> None:
    over = {**SILENCE, "status": {"state": "expired"}}
    assert call(server, "silence", "import", given=json.dumps([SILENCE, over])).output == "1f\n"
    ((_, _, said, _),) = server.asked
    assert said == {name: value for name, value in SILENCE.items() if name not in ("id", "status")}
    assert "is no list of silences" in call(server, "silence", "import", given="{}").output
    assert "is not JSON" in call(server, "silence", "import", given="{").output


def test_what_is_refused_does_not_hold_up_the_others(server: Server) -> None:
    server.answers["POST /api/v2/silences"] = (400, "it ends before it begins")
    done = call(server, "silence", "import", given=json.dumps([SILENCE, SILENCE]))
    assert (done.exit_code, len(server.asked)) == (1, 2)
    assert "silence 2 of the list: it ends before it begins (400)" in done.output


def test_nobody_has_a_name_here() -> None:
    """In a container the user often has none."""
    asked = "from alertd.cli import main; main(['silence', 'add', 'A', '-c', 'c'])"
    nobody = "import os, pwd; os.environ.clear(); pwd.getpwuid = lambda _: {}['nobody']\n"
    done = subprocess.run([sys.executable, "-c", nobody + asked], capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "--author NAME" in done.stderr


def test_credentials(server: Server, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hush\n")
    call(server, "silence", "list", "--token-file", str(tmp_path / "token"))
    assert server.asked[0][3] == "Bearer hush"
    server.answers["GET /api/v2/silences"] = (401, "Unauthorized")
    done = CliRunner().invoke(cli, ["silence", "list", "--url", server.url.replace("//", "//ann:hush@")])
    assert "Credentials: `--token-file`" in done.output
    assert "hush" not in done.output
    assert server.asked[1][3].startswith("Basic ")


def test_nobody_is_there() -> None:
    done = CliRunner().invoke(cli, ["silence", "list", "--url", "http://127.0.0.1:1"])
    assert done.exit_code == 1
    assert "Is it running" in done.output
    assert "127.0.0.1:1: Connection refused\n" in done.output


def test_a_server_of_another_kind_is_there(server: Server) -> None:
    page = b"<html><body><h1>Not here</h1></body></html>"
    asked = ("GET /api/v2/silences", "POST /api/v2/silences", "GET /api/v1/why")
    for status, command in ((404, ["silence", "list"]), (501, ["silence", "add", "A", "-c", "c"]), (404, ["why", "A"])):
        server.answers |= dict.fromkeys(asked, (status, page))
        done = call(server, *command)
        assert (done.exit_code, done.output) == (1, f"what answers at {server.url} is not alertd\n")
    server.answers["GET /api/v2/silences"] = (502, page)
    assert call(server, "silence", "list").output == f"alertd at {server.url} refuses (502): Bad Gateway\n"


def test_alerts_of_rules_and_of_others(server: Server) -> None:
    mine = {"labels": {"alertname": "A", "severity": "critical"}, "annotations": {}, "activeAt": "2026-01-01T00:00:00Z"}
    status = {"silencedBy": ["1f"], "inhibitedBy": [], "mutedBy": [], "state": "suppressed"}
    told = {"labels": mine["labels"], "annotations": {}, "startsAt": "2026-01-01T00:00:00.000Z", "status": status}
    other = {**told, "labels": {"alertname": "B", "job": "x"}, "status": {**status, "silencedBy": []}}
    alerts = [{**mine, "state": "firing", "value": "1e+00"}, {**mine, "state": "pending", "value": "2e+00"}]
    server.answers["GET /api/v1/alerts"] = (200, {"status": "success", "data": {"alerts": alerts}})
    server.answers["GET /api/v2/alerts"] = (200, [told, other])
    rows = [line.split() for line in call(server, "alerts").output.splitlines()]
    assert rows[1:] == [
        ["firing", "critical", "A", "2026-01-01T00:00:00Z", "1", "silenced"],
        ["firing", "-", "B", "2026-01-01T00:00:00Z", "-", "-", "job=x"],
        ["pending", "critical", "A", "2026-01-01T00:00:00Z", "2", "-"],
    ]
    assert [one["state"] for one in json.loads(call(server, "alerts", "-o", "json").output)] == ["firing"] * 2 + [
        "pending"
    ]
    assert len(call(server, "alerts", "--state", "pending").output.splitlines()) == 2


def test_alerts_of_an_alertmanager_are_not_those_of_alertd(server: Server) -> None:
    server.answers |= {"GET /api/v1/alerts": (200, []), "GET /api/v2/alerts": (200, [])}
    done = call(server, "alerts")
    assert (done.exit_code, done.output) == (1, f"what answers at {server.url} is not alertd\n")


def test_a_url_that_is_typed_wins_over_grpc_in_the_environment(server: Server) -> None:
    server.answers["GET /api/v1/alerts"] = (200, {"status": "success", "data": {"alerts": []}})
    server.answers["GET /api/v2/alerts"] = (200, [])
    typed, both = ["alerts", "--url", server.url], {"ALERTD_GRPC": "127.0.0.1:1", "ALERTD_URL": server.url}
    assert CliRunner(env=both).invoke(cli, typed).output == "no alerts are pending or firing\n"
    assert "127.0.0.1:1 does not answer" in CliRunner(env=both).invoke(cli, ["alerts"]).output


def test_the_configuration_of_the_daemon(server: Server) -> None:
    server.answers["GET /api/v2/status"] = (200, {"config": {"original": "route: {}\n"}})
    assert call(server, "config", "show").output == "route: {}\n"
    assert json.loads(call(server, "config", "show", "-o", "json").output) == {"original": "route: {}\n"}
