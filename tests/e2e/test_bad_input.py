"""The outside world at its worst, around the real `alertd`: states are held, the reason is told, nothing is lost."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.e2e.rig import Alertd, Hook, Mailbox, get, run, until

pytestmark = pytest.mark.e2e

CONFIG = """
prometheus: {{url: "http://127.0.0.1:{prometheus}", timeout: 400ms, max_response_bytes: 16MiB}}
rule_files: [rules.yml]
storage: {{url: "sqlite:///state/alertd.db"}}
global: {{smtp_smarthost: "127.0.0.1:{smtp}", smtp_from: alertd@example.org, smtp_require_tls: false}}
route: {{receiver: ops, group_by: [alertname], group_wait: 100ms, group_interval: 500ms, repeat_interval: 1h}}
receivers:
- name: ops
  webhook_configs:
{hooks}
  email_configs: [{{to: oncall@example.org}}]
"""

RULES = """
groups:
- name: demo
  interval: 500ms
  rules:
  - {alert: Broken, expr: broken, severity: critical}
  - {alert: Worse, expr: worse, severity: critical}
"""

Act = Callable[["BaseHTTPRequestHandler"], None]
Series = list[dict[str, str]]


def said(series: Series) -> bytes:
    result = [{"metric": labels, "value": [1, "1"]} for labels in series]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()


def page(status: int, body: bytes, **headers: str) -> Act:
    """A whole answer."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return act


def bytes_(data: bytes) -> Act:
    """These bytes, and the end of the connection."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(data)
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True

    return act


def silence(handler: BaseHTTPRequestHandler) -> None:
    """Nothing, until the client hangs up."""
    handler.rfile.read(1)
    handler.close_connection = True


def endless(handler: BaseHTTPRequestHandler) -> None:
    """Ten million samples, and ten million more."""
    handler.wfile.write(b'HTTP/1.1 200 OK\r\n\r\n{"status":"success","data":{"resultType":"vector","result":[')
    handler.close_connection = True
    while True:
        handler.wfile.write(b'{"metric":{"a":"b"},"value":[1,"2"]},' * 1_000)


class ScriptedPrometheus:
    """Answers what a test sets, or does what `act` says in place of an answer."""

    def __init__(self) -> None:
        self.series: dict[str, Series] = {}
        self.act: Act | None = None
        self.misbehaved = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        world = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                try:
                    world.answer(self, parse_qs(body)["query"][0])
                except OSError:
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler

    def answer(self, handler: BaseHTTPRequestHandler, expr: str) -> None:
        act = self.act
        if act:
            self.misbehaved += 1
            act(handler)
        else:
            page(200, said(self.series.get(expr, [])))(handler)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class StubbornHook(Hook):
    """A webhook receiver that may also never answer."""

    def __init__(self) -> None:
        self.silent = False
        self.times: dict[str, list[float]] = {}  # of the attempts at each message, by id
        super().__init__()

    def _take(self, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        self.times.setdefault(handler.headers.get("webhook-id", ""), []).append(time.monotonic())
        if self.silent:
            self.attempts += 1
            silence(handler)
            return 200, {}, b""
        return super()._take(handler, body)

    def fails_with(self, status: int, **headers: str) -> None:
        self.status, self.headers = status, {name.replace("_", "-"): value for name, value in headers.items()}

    def heal(self) -> None:
        self.silent, self.status, self.headers = False, 200, {}

    @property
    def alerts(self) -> list[dict[str, Any]]:
        return [alert for message in self.messages for alert in message["alerts"]]


@dataclass
class World:
    """One alertd with a scripted Prometheus before it, a mailbox and webhooks behind it."""

    folder: Path
    prometheus: ScriptedPrometheus = field(default_factory=ScriptedPrometheus)
    mailbox: Mailbox = field(default_factory=Mailbox)
    hooks: list[StubbornHook] = field(default_factory=list)
    started: Alertd | None = None

    def start(self, hooks: int = 1) -> Alertd:
        self.hooks = [StubbornHook() for _ in range(hooks)]
        lines = [f'  - {{url: "http://127.0.0.1:{hook.port}/", timeout: 1s}}' for hook in self.hooks]
        text = CONFIG.format(prometheus=self.prometheus.port, smtp=self.mailbox.port, hooks="\n".join(lines))
        self.started = Alertd(self.folder, text, RULES)
        self.started.start()
        return self.started

    def close(self) -> None:
        if self.started:
            self.started.close()
        for one in (self.prometheus, self.mailbox, *self.hooks):
            one.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    one = World(tmp_path)
    try:
        yield one
    finally:
        one.close()


HALF = said([{"a": "b"}])[:-30]
MISDEEDS: dict[str, tuple[Act, str]] = {
    "a page": (page(200, b"<!DOCTYPE html><title>Log in</title>"), "with a page, not with JSON"),
    "half a body": (bytes_(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + HALF), "before its answer was complete"),
    "half a JSON": (page(200, HALF), "not one of Prometheus' API"),
    "no body": (page(200, b""), "with nothing"),
    "nothing at all": (bytes_(b""), "before its answer was complete"),
    "no HTTP": (bytes_(b"220 mail.example.org ESMTP\r\n\r\n"), "not HTTP"),
    "never": (silence, "no complete answer within 0.4 s"),
    "ten million samples": (endless, "larger than 16777216 bytes"),
    "another shape": (page(200, b'{"status":"success","data":{"resultType":"vector","result":{}}}'), "Prometheus' API"),
    "unavailable": (page(503, b"Service Unavailable"), "answers 503"),
    "credentials": (page(401, b""), "it wants other credentials"),
    "a redirect": (page(301, b"", Location="/login"), "redirects (301) to /login"),
    "a bad query": (page(400, b'{"status":"error","errorType":"bad_data","error":"what"}'), "bad_data: what"),
}


def errors(alertd: Alertd) -> list[str]:
    """What the rules say is wrong with them."""
    groups = json.loads(get(f"{alertd.url}/api/v1/rules") or '{"data": {"groups": []}}')["data"]["groups"]
    return [rule.get("lastError", "") for group in groups for rule in group["rules"] if group["name"] == "demo"]


def test_whatever_prometheus_answers_states_are_held_and_the_reason_is_told(world: World) -> None:
    world.prometheus.series = {"broken": [{"job": "api"}]}
    alertd = world.start()
    (hook,) = world.hooks
    until("told", lambda: hook.messages and world.mailbox.mails)
    for name, (act, words) in MISDEEDS.items():
        failed = alertd.metric("alertd_rule_evaluation_failures_total")
        world.prometheus.act = act
        until(f"{name}: {words}, not {errors(alertd)}", lambda w=words: all(w in one for one in errors(alertd)), 10)
        assert alertd.metric("alertd_rule_evaluation_failures_total") > failed
        assert alertd.alerts()["Broken"] == "firing"  # a self-alert may be on its way, too
    listed = run("alerts", "--url", alertd.url, cwd=world.folder)
    assert (listed.returncode, "Broken" in listed.stdout) == (0, True)
    world.prometheus.act = None
    world.prometheus.series["worse"] = [{"job": "db"}]
    until("what is new is told", lambda: [one for one in hook.alerts if one["labels"]["alertname"] == "Worse"])
    assert alertd.metric("alertd_datasource_up") == 1
    assert errors(alertd) == ["", ""]
    assert [status for status, _ in hook.story if status == "resolved"] == []
    log = alertd.process.log.read_text()
    assert log.count('"rule failed"') + log.count("does not answer") < 3 * len(MISDEEDS)
    for name in ("a page", "never", "credentials"):
        assert MISDEEDS[name][1] in log
    assert alertd.stop() == 0


EVIL = {
    "nul": "a\0b",
    "markup": "</td></table><script>evil()</script><img src=x onerror=evil()>",
    "lines": "one\r\nBcc: evil@example.org\r\n\r\n.\r\nQUIT\r\n",
    "quotes": "\"'\\`{{ .Evil }} ${HOME} %s",
    "long": "ä" * 500_000,
    "arrows": "\u202eevil\u2066\x1b[31m",
}


def test_label_values_reach_everybody_as_data(world: World) -> None:
    world.prometheus.series = {"broken": [{"kind": kind, "evil": text} for kind, text in EVIL.items()]}
    alertd = world.start()
    (hook,) = world.hooks
    until("the webhook", lambda: len(hook.alerts) >= len(EVIL))
    until("the mail", lambda: world.mailbox.mails)
    assert {alert["labels"]["kind"]: alert["labels"]["evil"] for alert in hook.alerts} == EVIL
    for mail in world.mailbox.mails:
        assert mail["To"] == "oncall@example.org"
        assert mail["Bcc"] is None
        html = mail.get_body(("html",)).get_content()
        assert "<script>evil" not in html
        assert "<img src=x" not in html
    shown = {alert["labels"]["kind"] for alert in json.loads(get(f"{alertd.url}/api/v1/alerts"))["data"]["alerts"]}
    assert shown == set(EVIL)
    listed = run("alerts", "--url", alertd.url, cwd=world.folder)
    assert listed.returncode == 0
    assert not {"\0", "\x1b", "\u202e"} & set(listed.stdout)
    alertd.kill()
    alertd.start()
    until("they are back", lambda: alertd.alerts() == {"Broken": "firing"})
    world.prometheus.series = {}
    until("the end", lambda: hook.story[-1][0] == "resolved")
    ended = {alert["labels"]["kind"] for alert in hook.alerts if alert["status"] == "resolved"}
    assert ended == set(EVIL)
    assert alertd.stop() == 0


def test_webhooks_at_their_worst_lose_nothing(world: World) -> None:
    alertd = world.start(hooks=4)
    moved, limited, failing, silent = world.hooks
    moved.fails_with(301, Location="http://127.0.0.1:1/")
    limited.fails_with(429, Retry_After="3")
    failing.fails_with(500)
    silent.silent = True
    world.prometheus.series = {"broken": [{"job": "api"}]}
    until("the mail, which waits for nobody", lambda: world.mailbox.mails, 10)
    until("attempts", lambda: all(hook.attempts for hook in world.hooks))
    until("retries", lambda: min(moved.attempts, failing.attempts, silent.attempts) >= 2)
    for hook in world.hooks:
        hook.heal()
    until("everybody is told", lambda: all(hook.messages for hook in world.hooks))
    refused, *again = next(iter(limited.times.values()))
    assert again[0] - refused > 3
    assert [hook.story[0][0] for hook in world.hooks] == ["firing"] * 4
    time.sleep(2)
    told = [[one["groupLabels"]["alertname"] for one in hook.messages] for hook in world.hooks]
    assert [names.count("Broken") for names in told] == [1] * 4  # a self-alert may have come, too
    log = alertd.process.log.read_text()
    for words in ("answered 301", "answered 429", "answered 500", "no complete answer within 1 s"):
        assert words in log
    assert alertd.stop() == 0
