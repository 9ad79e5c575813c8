"""Requests in a trace: what is said of them, what is sent along, and that no secret is in it."""

from collections.abc import AsyncIterator

import pytest

from alertd.config.http import HttpConfig
from alertd.core.notification import Notification
from alertd.errors import DeliveryError
from alertd.http import Client, HttpError
from alertd.notifiers.email import EmailConfig, EmailNotifier
from alertd.notifiers.webhook import WebhookConfig, WebhookNotifier
from alertd.ports import Context
from alertd.testing import ManualClock, RecordedSpan, RecordingTracer
from tests.notifiers.test_webhook import MESSAGE
from tests.servers import HttpServer, answer, http_server, raw, silence, smtp_server

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server() -> AsyncIterator[HttpServer]:
    async with http_server() as one:
        yield one


async def asked(url: str, *, shows: bool = False, timeout: float = 10, **config: object) -> RecordedSpan:
    """The span of one request, however it ended."""
    tracer = RecordingTracer()
    client = Client(HttpConfig.model_validate(config), ManualClock(), tracer=tracer, shows=shows)
    try:
        with tracer.span("outer"):
            await client.request("POST", url, headers={}, body=b"", timeout=timeout, most=1000)
    except HttpError:
        pass
    finally:
        await client.aclose()
    return tracer.spans[-1]


async def test_what_is_said_of_a_request(server: HttpServer) -> None:
    span = await asked(f"{server.url}/api/v1/query?token=hush", shows=True)
    port = int(server.url.rpartition(":")[2])
    assert (span.name, span.place) == ("POST", "client")
    assert span.attributes == {
        "http.request.method": "POST",
        "server.address": "127.0.0.1",
        "server.port": port,
        "url.full": f"http://127.0.0.1:{port}/api/v1/query",
        "url.scheme": "http",
        "http.response.status_code": 200,
    }
    assert server.requests[0].headers["traceparent"] == span.id


async def test_the_path_of_a_receiver_is_its_secret(server: HttpServer) -> None:
    span = await asked(f"{server.url}/services/hush".replace("://", "://me:hush@"))
    assert "hush" not in str(span)
    assert str(span.attributes["url.full"]).endswith("/REDACTED")


async def test_what_goes_wrong(server: HttpServer) -> None:
    server.script = [answer(503), raw(b"nonsense\r\n\r\n"), silence]
    assert (await asked(server.url)).error == "503: the answer has the status 503"
    assert "is not HTTP" in (await asked(server.url)).error
    assert (await asked(server.url, timeout=0.05)).error.startswith("cancelled: a deadline")
    assert "nothing listens there" in (await asked("http://127.0.0.1:1")).error
    assert (await asked("http://[::1")).error


async def test_each_request_of_a_redirect_is_a_span(server: HttpServer) -> None:
    server.script = [answer(307, Location="/other"), answer()]
    span = await asked(server.url, follow_redirects=True)
    first, second = (request.headers["traceparent"] for request in server.requests)
    assert first != second == span.id


async def test_headers_that_are_configured_win(server: HttpServer) -> None:
    await asked(server.url, http_headers={"traceparent": {"values": ["own"]}})
    assert server.requests[0].headers["traceparent"] == "own"


async def test_nothing_is_sent_along_where_nothing_is_traced(server: HttpServer) -> None:
    client = Client(HttpConfig(), ManualClock(), tracer=(tracer := RecordingTracer()))
    await client.request("GET", server.url, headers={}, body=b"", timeout=10, most=1000)
    await client.aclose()
    assert "traceparent" not in server.requests[0].headers
    assert tracer.spans == []


async def test_a_receiver_can_go_on_with_the_trace(server: HttpServer) -> None:
    tracer = RecordingTracer()
    notifier = WebhookNotifier(WebhookConfig(url=f"{server.url}/hush"), Context(ManualClock(), tracer=tracer))
    with tracer.span("alertd.deliver"):
        await notifier.send(MESSAGE)
    await notifier.aclose()
    deliver, post = tracer.spans
    assert (post.parent, server.requests[0].headers["traceparent"]) == (deliver.id, post.id)


async def mailed(port: int, message: Notification = MESSAGE) -> RecordedSpan:
    tracer = RecordingTracer()
    plain = {"to": "a@example.org, b@example.org", "from": "alertd@example.org", "require_tls": "false"}
    config = EmailConfig(**plain, smarthost=f"127.0.0.1:{port}", timeout="200ms").with_global(None)
    notifier = EmailNotifier(config, Context(ManualClock(), tracer=tracer))
    try:
        await notifier.send(message)
    except DeliveryError:
        pass
    finally:
        await notifier.aclose()
    (span,) = tracer.spans
    return span


async def test_a_mail_is_a_span() -> None:
    async with smtp_server() as server:
        span = await mailed(server.port)
    assert (span.name, span.place, span.error) == ("smtp send", "client", "")
    assert span.attributes == {
        "server.address": "127.0.0.1",
        "server.port": server.port,
        "network.protocol.name": "smtp",
        "alertd.recipients": 2,
    }


async def test_a_mail_that_is_refused_or_not_answered(server: HttpServer) -> None:
    assert (await mailed(1)).error.startswith("unreachable: no mail server")
    mute = int(server.url.rpartition(":")[2])  # it waits for a request, and a client of SMTP for a greeting
    assert (await mailed(mute)).error
