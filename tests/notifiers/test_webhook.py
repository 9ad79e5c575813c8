"""The webhook against a real HTTP server: what it sends, and what it makes of every kind of answer."""

import json
import math
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from alertd.config.http import HttpConfig
from alertd.core.labels import Labels
from alertd.core.notification import Notification, NotifiedAlert, Reason
from alertd.errors import DeliveryError, TemplateError
from alertd.notifiers.webhook import WebhookConfig, WebhookNotifier, sign
from alertd.ports import Context
from alertd.testing import START, ManualClock
from tests.servers import HttpServer, answer, http_server, raw, silence

pytestmark = pytest.mark.anyio

CONTEXT = Context(ManualClock(), version="test")
FIRING = NotifiedAlert(
    Labels({"alertname": "A", "job": "api"}), {"summary": "s"}, START, generator_url="http://p/graph"
)
ENDED = replace(FIRING, labels=Labels({"alertname": "A", "job": "db"}), ends_at=START + timedelta(minutes=1))
MESSAGE = Notification(
    id="id-1",
    receiver="team-x",
    integration="team-x/webhook[0]",
    reason=Reason.FIRST,
    at=START,
    alerts=(FIRING, ENDED),
    group_key='{}:{alertname="A"}',
    group_labels=Labels({"alertname": "A"}),
    external_url="http://alertd",
)


@pytest.fixture
async def server() -> AsyncIterator[HttpServer]:
    async with http_server() as one:
        yield one


async def send(server: HttpServer, message: Notification = MESSAGE, **config: object) -> str:
    notifier = WebhookNotifier(WebhookConfig(url=f"{server.url}/hook?token=hush", **config), CONTEXT)
    try:
        return await notifier.send(message)
    finally:
        await notifier.aclose()


async def test_the_document_is_alertmanagers(server: HttpServer) -> None:
    assert await send(server) == "200 ok"
    (request,) = server.requests
    assert (request.method, request.headers["content-type"]) == ("POST", "application/json")
    assert request.headers["webhook-id"] == "id-1"
    document = json.loads(request.body)
    assert list(document) == [
        "receiver", "status", "alerts", "notification_reason", "groupLabels", "commonLabels", "commonAnnotations",
        "routeLabels", "externalURL", "version", "groupKey", "truncatedAlerts",
    ]  # fmt: skip
    assert document["receiver"] == r"team-x"
    assert (document["status"], document["version"], document["truncatedAlerts"]) == ("firing", "4", 0)
    assert document["commonLabels"] == {"alertname": "A"}
    assert document["alerts"][0] == {
        "status": "firing",
        "labels": {"alertname": "A", "job": "api"},
        "annotations": {"summary": "s"},
        "startsAt": "2026-01-01T00:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://p/graph",
        "fingerprint": FIRING.labels.fingerprint,
    }
    assert document["alerts"][1]["endsAt"] == "2026-01-01T00:01:00Z"


async def test_max_alerts(server: HttpServer) -> None:
    await send(server, max_alerts="1")
    document = json.loads(server.requests[0].body)
    assert (len(document["alerts"]), document["truncatedAlerts"]) == (1, 1)


PERMANENT, TRANSIENT = True, False


@pytest.mark.parametrize(
    ("status", "permanent", "reason"),
    [
        (301, PERMANENT, "redirect"), (307, PERMANENT, "redirect"), (400, PERMANENT, "client_error"),
        (404, PERMANENT, "client_error"), (410, PERMANENT, "client_error"), (408, TRANSIENT, "server_error"),
        (429, TRANSIENT, "rate_limited"), (500, TRANSIENT, "server_error"), (503, TRANSIENT, "server_error"),
    ],
)  # fmt: skip
async def test_refusals(server: HttpServer, status: int, permanent: bool, reason: str) -> None:
    server.otherwise = answer(status, b"no\r\nthanks", Location="/else")
    with pytest.raises(DeliveryError) as caught:
        await send(server)
    assert (caught.value.permanent, caught.value.reason) == (permanent, reason)
    assert f"answered {status}: no thanks" in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", 120),
        ("Thu, 01 Jan 2026 00:05:00 GMT", 300),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0),
        ("99999999999", 86400),
        ("soon", None),
        ("-5", None),
        ("\u00b2", None),
    ],
)
async def test_retry_after(server: HttpServer, header: str, wait: float | None) -> None:
    server.otherwise = answer(429, Retry_After=header)
    with pytest.raises(DeliveryError) as caught:
        await send(server)
    assert caught.value.retry_after == (None if wait is None else timedelta(seconds=wait))


async def test_silence_half_an_answer_and_garbage_are_transient(server: HttpServer) -> None:
    server.script = [silence, raw(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf"), raw(b"\0\0garbage\r\n\r\n")]
    for reason in ("timeout", "unreachable", "unreachable"):
        with pytest.raises(DeliveryError) as caught:
            await send(server, timeout="200ms")
        assert (caught.value.permanent, caught.value.reason) == (False, reason)
        assert "hush" not in str(caught.value)


async def test_nobody_listens() -> None:
    with pytest.raises(DeliveryError) as caught:
        await send(HttpServer("http://127.0.0.1:1"))
    assert caught.value.reason == "unreachable"


async def test_signature(server: HttpServer) -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    assert sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body) == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )
    await send(server, secret=f"{secret} another")
    headers, body = server.requests[0].headers, server.requests[0].body
    assert headers["webhook-signature"] == sign(f"{secret} another", "id-1", headers["webhook-timestamp"], body)
    assert len(headers["webhook-signature"].split()) == 2


async def test_url_file_is_read_for_every_message(server: HttpServer, tmp_path: Path) -> None:
    path = tmp_path / "url"
    path.write_text(f"{server.url}/first\n")
    notifier = WebhookNotifier(WebhookConfig(url_file=str(path)), CONTEXT)
    await notifier.send(MESSAGE)
    path.write_text(f"{server.url}/second")
    await notifier.send(MESSAGE)
    path.unlink()
    with pytest.raises(DeliveryError, match="cannot read"):
        await notifier.send(MESSAGE)
    await notifier.aclose()
    assert [request.path for request in server.requests] == ["/first", "/second"]


async def test_a_url_or_header_that_cannot_be_used(server: HttpServer, tmp_path: Path) -> None:
    path = tmp_path / "url"
    path.write_bytes(b"http://h\xff\xfe/hush")
    for config in (
        WebhookConfig(url_file=str(path)),
        WebhookConfig(url=f"{server.url}/", http_config=HttpConfig(http_headers={"X-Key": {"secrets": ["hüsh"]}})),
        WebhookConfig(url="http://[hush/"),
    ):
        notifier = WebhookNotifier(config, CONTEXT)
        with pytest.raises(DeliveryError) as caught:
            await notifier.send(MESSAGE)
        await notifier.aclose()
        assert not caught.value.permanent
        assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "echo",
    [
        b"Cannot POST /hook?token=hush", b"no route /hook?token=hush", b"unknown token hush", b"Bearer hush1 is over",
        b"Authorization: basic aHVzaA==", b"hush " * 100, b"x" * 198 + b" hush",
    ],
)  # fmt: skip
async def test_an_answer_that_repeats_the_request_gives_no_secret_away(server: HttpServer, echo: bytes) -> None:
    server.otherwise = answer(404, echo)
    with pytest.raises(DeliveryError) as caught:
        await send(server)
    assert "hush" not in str(caught.value)
    assert "aHVz" not in str(caught.value)
    server.otherwise = answer(200, echo)
    assert "hush" not in await send(server)


async def test_credentials(server: HttpServer) -> None:
    await send(server, http_config=HttpConfig(basic_auth={"username": "u", "password": "p"}))
    await send(server, http_config=HttpConfig(authorization={"credentials": "t"}))
    await send(server, http_config=HttpConfig(http_headers={"X-Team": {"values": ["a", "b"]}}))
    assert [request.headers.get("authorization") for request in server.requests] == ["Basic dTpw", "Bearer t", None]
    assert server.requests[2].headers["x-team"] == "a, b"


HOSTILE = ["a\r\nX-Evil: 1", "\0", "<script>", "\ud800", "🔥" * 1000, "x" * 1_000_000, "{{ .Evil }}"]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_text_arrives_as_data(server: HttpServer, text: str) -> None:
    alert = replace(
        FIRING, labels=Labels({"alertname": "A", "evil": text}), annotations={"summary": text}, value=math.nan
    )
    await send(server, replace(MESSAGE, alerts=(alert,)))
    document = json.loads(server.requests[0].body)
    assert document["alerts"][0]["labels"]["evil"] == text
    assert "x-evil" not in server.requests[0].headers


async def test_ten_thousand_alerts(server: HttpServer) -> None:
    alerts = tuple(replace(FIRING, labels=Labels({"alertname": "A", "id": str(index)})) for index in range(10_000))
    await send(server, replace(MESSAGE, alerts=alerts))
    assert len(json.loads(server.requests[0].body)["alerts"]) == 10_000


@pytest.mark.parametrize(
    "config",
    [{}, {"url": "http://a", "url_file": "b"}, {"url": "ftp://a"}, {"url": "http://a", "max_alerts": "-1"},
     {"url": "http://a", "secret": "a", "secret_file": "b"}, {"url": "http://a", "no_such_key": "1"}],
)  # fmt: skip
def test_bad_configuration(config: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        WebhookConfig(**config)


def test_secrets_do_not_show() -> None:
    config = WebhookConfig(url="http://host/hush", secret="whsec_hush")
    assert "hush" not in repr(config)


def templated(text: str, notification: Notification) -> str:
    """Templates that know five words."""
    if "{{ .Nope }}" in text:
        raise TemplateError("nope")
    known = {"count": len(notification.alerts), "job": "api", "json": '[{"a": null, "b": "no"}]', "map": "a: 1\nb: yes"}
    for name, value in {**known, "none": "", "hash": "#x", "big": "1e999", "two": "--- 1\n--- 2\n"}.items():
        text = text.replace(f"{{{{ {name} }}}}", str(value))
    return text


async def sent(server: HttpServer, **config: object) -> str:
    notifier = WebhookNotifier(WebhookConfig(**config), replace(CONTEXT, render=templated))
    try:
        return await notifier.send(MESSAGE)
    finally:
        await notifier.aclose()


async def test_a_payload_of_ones_own(server: HttpServer) -> None:
    """Keys and leaves are templates; what looks like YAML or JSON becomes it, as in Alertmanager."""
    tree = {
        "{{ job }}": "{{ count }}", "text": "{{ count }} alerts", "list": ["{{ json }}", "true", "07", "0.5", "x: y"],
        "map": "{{ map }}", "none": "{{ none }}", "hash": "{{ hash }}", "big": "{{ big }}", "two": "{{ two }}", "n": 5,
    }  # fmt: skip
    await sent(server, url=server.url, payload=tree, secret="plain")
    (request,) = server.requests
    assert json.loads(request.body) == {
        "api": 2, "text": "2 alerts", "list": [[{"a": None, "b": "no"}], True, 7, 0.5, {"x": "y"}],
        "map": {"a": 1, "b": "yes"}, "none": None, "hash": "#x", "big": "1e999", "two": "--- 1\n--- 2\n", "n": 5,
    }  # fmt: skip
    timestamp = request.headers["webhook-timestamp"]
    assert request.headers["webhook-signature"] == sign("plain", "id-1", timestamp, request.body)


async def test_a_payload_that_fails_says_so_in_its_place(server: HttpServer) -> None:
    said = await sent(server, url=server.url, payload={"a": "{{ .Nope }}", "b": "fine"})
    body = json.loads(server.requests[0].body)
    assert body["b"] == "fine"
    assert "`payload.a` failed" in body["a"]
    assert "`payload.a` failed" in said


async def test_a_url_can_be_a_template(server: HttpServer) -> None:
    server.otherwise = answer(200, b"thanks, hook of api")
    said = await sent(server, url=f"{server.url}/{{{{ job }}}}/hushed?a={{{{ count }}}}")
    assert server.requests[0].path == "/api/hushed?a=2"
    assert said == "200 thanks, hook of api"
    for url in ("{{ job }}", "http://x/{{ .Nope }}", "{{ none }}"):
        with pytest.raises(DeliveryError) as caught:
            await sent(server, url=url)
        assert (caught.value.permanent, caught.value.reason) == (True, "config")
