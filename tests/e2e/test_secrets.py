"""No secret is in anything that the daemon ever writes.

Every receiver and every place a secret can be in has one that holds the mark. All that can fail does: servers refuse
and repeat what they were shown, hang up, do not speak TLS, are not there; reloads are broken; libraries log all they
can. Then the mark is looked for in everything that was written, said or stored, also in base64.
"""

import base64
import json
import os
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import bcrypt
import pytest
import trustme
import yaml

from tests.e2e.rig import Alertd, _Served, alertd, free_port, until
from tests.notifiers.receivers import SERVICES

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

MARK = "hush7vXq2kLm"
LIBRARIES = ("httpx", "httpcore", "uvicorn", "opentelemetry")


def made(name: str) -> str:
    """A secret."""
    return f"{MARK}-{name}"


class Echo(_Served):
    """Refuses everything and repeats it: in the body, as text or as Prometheus' JSON, and in a header."""

    def __init__(self) -> None:
        self.seen = ""
        super().__init__(self._refuse)

    def _refuse(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        shown = f"{request.path} {dict(request.headers.items())} {body.decode('utf-8', 'replace')}"
        with suppress(ValueError, IndexError):
            scheme, pair = request.headers.get("Authorization", "").split()
            shown += f" {pair} {base64.b64decode(pair).decode()}" if scheme == "Basic" else f" {pair}"
        self.seen += f"{shown}\n"
        if request.path.endswith("/token"):
            return 200, {}, json.dumps({"access_token": made("granted"), "expires_in": 3600}).encode()
        if "/api/v1/" in request.path:
            answer = {"status": "error", "errorType": "bad_data", "error": shown}
            return 400, {"X-Echo": shown.replace("\n", " ")[:500]}, json.dumps(answer).encode()
        return 401, {"WWW-Authenticate": "Basic", "X-Echo": request.headers.get("Authorization", "")}, shown.encode()


class Grim:
    """A mail server that refuses credentials and repeats them, in whatever form they came."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        with client, suppress(OSError), client.makefile("rwb", buffering=0) as file:
            file.write(b"220 grim\r\n")
            while line := file.readline():
                if line.upper().startswith(b"EHLO"):
                    file.write(b"250-grim\r\n250 AUTH PLAIN LOGIN\r\n")
                elif line.upper().startswith(b"AUTH"):
                    pair = base64.b64decode(line.split()[-1]).decode("utf-8", "replace").replace("\0", " ")
                    file.write(b"535 not you: " + line.strip() + b" " + pair.encode() + b"\r\n")
                else:
                    file.write(b"250 ok\r\n")


def slammed() -> socket.socket:
    """A listener that hangs up on everybody."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                listener.accept()[0].close()

    threading.Thread(target=serve, daemon=True).start()
    return listener


def integrations(url: str, http: dict[str, Any]) -> dict[str, Any]:
    """One of each that speak HTTP, told at this address."""
    found: dict[str, list[Any]] = {}
    for one in SERVICES.values():
        keys = json.loads(json.dumps(dict(one.keys)).replace("hush", MARK))
        itself = one.kind in ("apprise", "sns") or {"http_config", "token", "app_token", "alert_source_token"} & set(
            keys
        )
        own = {} if itself else {"http_config": http}
        where = json.loads(json.dumps(one.at(url)).replace("hush", MARK))
        found.setdefault(f"{one.kind}_configs", []).append({one.where: where, **own, **keys})
    found["webhook_configs"] = [
        {"url": f"{url}/hook/{made('webhook')}?token={made('query')}", "secret": f"whsec_{made('sign')}"},
        {"url_file": "secrets/url_file", "http_config": http},
    ]
    return found


def ways(folder: Path, oauth: str) -> Iterator[dict[str, Any]]:
    """Every `http_config` that proves something."""
    yield {"basic_auth": {"username": "ann", "password": made("basic")}}
    yield {"basic_auth": {"username": "ann", "password_file": "secrets/password_file"}}
    yield {"authorization": {"type": "Odd", "credentials": made("credentials")}}
    yield {"authorization": {"credentials_file": "secrets/credentials_file"}}
    yield {"bearer_token": "${HUSH_TOKEN}"}
    yield {"bearer_token_file": "secrets/bearer_token_file"}
    yield {"oauth2": {"client_id": "us", "client_secret": made("oauth"), "token_url": f"{oauth}/token"}}
    yield {
        "oauth2": {"client_id": "us", "client_secret_file": "secrets/client_secret_file", "token_url": f"{oauth}/token"}
    }
    yield {"http_headers": {"X-Key": {"secrets": [made("header")], "files": ["secrets/header_file"]}}}
    proxy = oauth.replace("http://", f"http://us:{made('proxy')}@")
    yield {"proxy_url": proxy, "proxy_connect_header": {"Proxy-Authorization": [made("connect")]}}


FILES = (
    "url_file", "password_file", "credentials_file", "bearer_token_file", "client_secret_file", "header_file",
    "token_file", "auth_password_file",
)  # fmt: skip
SCRIPT = """
def asks(prom, at):
    prom.custom_query("up")
"""


class World:
    """The daemon, and all who mean it ill."""

    def __init__(self, folder: Path) -> None:
        self.echo, self.grim, self.slam = Echo(), Grim(), slammed()
        (folder / "secrets").mkdir()
        for name in FILES:
            url = f"http://127.0.0.1:{self.echo.port}/" if name == "url_file" else ""
            (folder / "secrets" / name).write_text(f"{url}{made(name)}\n")
        (folder / "asks.py").write_text(SCRIPT)
        self.folder = folder
        self.daemon = Alertd(folder, self.config(), self.rules())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.echo.port}"

    def config(self) -> str:
        key = trustme.CA().issue_cert("alertd.example.org")
        tls = {"cert": key.cert_chain_pems[0].bytes().decode(), "key": key.private_key_pem.bytes().decode()}
        http = list(ways(self.folder, self.url))
        places = {
            "echo": self.url,
            "nobody": f"http://127.0.0.1:{free_port()}",
            "slam": f"http://127.0.0.1:{self.slam.getsockname()[1]}",
            "tls": f"https://127.0.0.1:{self.echo.port}",
        }
        receivers = [
            {"name": name, **integrations(url, {**http[number], "tls_config": tls})}
            for number, (name, url) in enumerate(places.items())
        ]
        for one in receivers[1:]:
            del one["apprise_configs"]
        receivers[0]["email_configs"] = [
            {**self.mail(), "auth_password": made("mail")},
            {**self.mail(), "auth_password_file": "secrets/auth_password_file"},
        ]
        users = {"ann": bcrypt.hashpw(made("user").encode(), bcrypt.gensalt(4)).decode()}
        return yaml.safe_dump(
            {
                "log": {"level": "debug", "levels": dict.fromkeys(LIBRARIES, "debug")},
                "telemetry": {
                    "profiling": {"enabled": True},
                    "traces": {"endpoint": self.url, "headers": {"Authorization": f"Basic {made('traces')}"}},
                },
                "storage": {"url": "sqlite:///alertd.db"},
                "global": {"smtp_auth_password": made("global"), "slack_api_url": f"{self.url}/{made('slack')}"},
                "heartbeat": {"url": f"{self.url}/beat/{made('beat')}", "interval": "1s"},
                "web": {
                    "basic_auth_users": users,
                    "tokens": [
                        {"name": "us", "token": made("web"), "access": "full"},
                        {"name": "them", "token_file": "secrets/token_file"},
                    ],
                },
                "prometheus": [
                    *({"name": f"way{number}", "url": self.url, "http_config": way} for number, way in enumerate(http)),
                    {"name": "headers", "url": self.url, "headers": {"X-Scope": made("scope")}},
                    {"name": "query", "url": self.url, "query_params": {"token": made("param")}},
                    {"name": "gone", "url": places["nobody"], "http_config": http[0]},
                    {"name": "tls", "url": places["tls"], "http_config": http[2]},
                    {"name": "place", "url": f"{self.url}/" + "${HUSH_KEY}"},
                ],
                "rule_files": ["rules.yml"],
                "receivers": receivers,
                "route": {
                    "receiver": "echo", "group_wait": "0s", "group_interval": "5s", "repeat_interval": "5s",
                    "routes": [{"receiver": name, "continue": True} for name in places],
                },
            }
        )  # fmt: skip

    def mail(self) -> dict[str, Any]:
        return {
            "to": "us@example.org", "from": "us@example.org", "smarthost": f"127.0.0.1:{self.grim.port}",
            "require_tls": False, "auth_username": "us",
        }  # fmt: skip

    def rules(self) -> str:
        names = [f"way{number}" for number in range(10)] + ["headers", "query", "gone", "tls", "place"]
        rules = [{"alert": f"A{name}", "expr": "up", "datasource": name} for name in names]
        rules += [{"alert": f"P{name}", "python": "asks.py:asks", "datasource": name} for name in ("way0", "headers")]
        return yaml.safe_dump({"groups": [{"name": "g", "interval": "1s", "rules": rules}]})

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, token: str = made("web")) -> str:
        """What is answered, with its headers."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.daemon.url}{path}", body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return f"{answer.headers}{answer.read().decode('utf-8', 'replace')}"
        except urllib.error.HTTPError as refused:
            with refused:
                return f"{refused.headers}{refused.read().decode('utf-8', 'replace')}"

    def say(self, *argv: str) -> str:
        """What a command writes."""
        (self.folder / "client.token").write_text(made("web"))
        environment = {
            **os.environ,
            "ALERTD_TOKEN_FILE": str(self.folder / "client.token"),
            "ALERTD_URL": self.daemon.url,
        }
        done = subprocess.run([alertd(), *argv], cwd=self.folder, env=environment, capture_output=True, text=True)
        return done.stdout + done.stderr

    def close(self) -> None:
        self.daemon.close()
        self.echo.close()
        self.grim.close()
        self.slam.close()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("HUSH_TOKEN", made("variable"))
    monkeypatch.setenv("HUSH_KEY", made("place"))
    one = World(tmp_path)
    yield one
    one.close()


def traces(text: str) -> list[str]:
    """Where the mark is, or what base64 makes of it, with a little around."""
    marks = [
        MARK,
        *(base64.b64encode(b" " * shift + MARK.encode()).decode()[4 if shift else 0 : -4] for shift in range(3)),
    ]
    lower = text.lower()
    places = [(mark, lower.find(mark.lower())) for mark in marks]
    return [f"{mark}: {text[max(0, at - 200) : at + 100]!r}" for mark, at in places if at >= 0]


PASTED = """
heartbeat: {{timeout: {0}, url: 'http://x/{0}'}}
web: {{listen: '{0}', {0}: 1}}
global: {{smtp_auth_password: {0}}}
"""
BROKEN = (
    PASTED.format(made("web")),
    PASTED.format(made("never-in-force")),
    f"global: {{smtp_auth_password: {made('basic')}\nreceivers: [",
    f"prometheus: {{url: 'http://us:{made('url')}@x'}}\n",
    "prometheus: {url: 'http://x', headers: {A: '${HUSH_NOT_SET}'}}\n",
    f"web: {{tokens: [{{token: {made('a')}, token_file: secrets/none}}]}}\n",
    f"receivers: [{{name: a, webhook_configs: [{{url: '{made('no-url')}'}}]}}]\n",
)


def test_no_secret_is_ever_written(world: World) -> None:
    daemon, said = world.daemon, dict[str, str]()
    daemon.spawn()
    until("alertd to be ready", lambda: not daemon.process.alive or "OK" in _quietly(world, "/-/ready"))
    assert daemon.process.alive, daemon.process.tail()
    alert = [{"labels": {"alertname": "Posted", "job": "db", "severity": "critical"}, "annotations": {"summary": "s"}}]
    world.ask("/api/v2/alerts", "POST", json.dumps(alert).encode())
    until("every receiver to have failed", lambda: len(failed(world)) >= 3 * len(SERVICES))
    until("mail to be refused", lambda: "refused the credentials" in daemon.process.log.read_text())
    until("scripts to have failed", lambda: '"rule": "Pheaders"' in daemon.process.log.read_text())
    assert MARK in world.echo.seen
    assert made("granted") in world.echo.seen
    until("traces to be refused", lambda: made("traces") in world.echo.seen)

    for token in (made("web") + "x", made("token_file"), "", made("user")):
        said[f"as {token}"] = world.ask("/api/v2/status", token=token) + world.ask("/-/reload", "POST", token=token)
    good = daemon.config.read_text()
    for number, text in enumerate(BROKEN):
        daemon.config.write_text(text)
        said[f"reload {number}"] = world.ask("/-/reload", "POST")
        said[f"check {number}"] = world.say("check", "--config", "config.yaml")
    said["config check"] = world.say("config", "check", "config.yaml")
    daemon.config.write_text(BROKEN[0])
    said["run"] = world.say("run", "--config", "config.yaml", "--storage", "memory")
    (world.folder / "secrets/credentials_file").write_text(made("rotated"))
    daemon.config.write_text(good)
    said["good reload"] = world.ask("/-/reload", "POST")
    time.sleep(3)
    for path in (
        "/metrics?names=prometheus,vmalert", "/api/v2/status", "/api/v2/alerts", "/api/v2/alerts/groups",
        "/api/v2/receivers", "/api/v1/rules", "/api/v1/alerts", "/api/v1/why?alert=Posted", "/api/v1/why?rule=Away0",
        "/debug/pprof/", "/debug/pprof/goroutine?debug=2", "/debug/pprof/goroutine?format=folded",
        "/debug/pprof/heap?seconds=1&format=folded", "/debug/pprof/profile?seconds=1&format=speedscope",
        "/debug/pprof/cmdline", "/nothing",
    ):  # fmt: skip
        said[path] = world.ask(path)
    said["config show"] = world.say("config", "show")
    said["why"] = world.say("why", "Posted")
    said["notify"] = world.say("notify", "test", "echo", "--config", "config.yaml")
    log = daemon.process.log
    daemon.stop()
    said["state"] = world.say("state", "export", "--config", "config.yaml")
    for path in world.folder.glob("alertd.db*"):
        said[path.name] = path.read_bytes().decode("latin-1")
    said["log"] = log.read_text()

    assert "alertd.example.org" not in said["log"].split("BEGIN")[-1][:10]
    assert "PRIVATE KEY" not in "".join(said.values())
    assert "reload_failed" in said["log"]
    assert "httpcore" in said["log"]
    assert "<secret>" in said["log"]
    assert "original" in said["/api/v2/status"]
    found = {name: places for name, text in said.items() if (places := traces(text))}
    assert not found, "\n".join(f"{name}: {places}" for name, places in found.items())


def _quietly(world: World, path: str) -> str:
    with suppress(OSError):
        return world.ask(path)
    return ""


def failed(world: World) -> set[str]:
    """The integrations of which the log says that they failed."""
    time.sleep(0.5)
    lines = world.daemon.process.log.read_text().splitlines()
    told = (json.loads(line) for line in lines if '"integration"' in line and '"error"' in line)
    return {line["integration"] for line in told}
