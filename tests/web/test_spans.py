"""Requests to alertd in a trace: their own, or that of who asks."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from alertd.testing import RecordedSpan, RecordingTracer
from alertd.web.traffic import Traffic

pytestmark = pytest.mark.anyio
CAUSE = f"00-{7:032x}-{8:016x}-01"


async def fine(request: Request) -> Response:
    return PlainTextResponse(request.path_params.get("id", ""))


async def healthy(_: Request) -> Response:
    return PlainTextResponse("ok")


async def broken(_: Request) -> Response:
    raise RuntimeError("hush")


async def asked(method: str, path: str, **headers: str) -> list[RecordedSpan]:
    tracer = RecordingTracer()
    routes = [
        Route("/silence/{id}", fine, methods=["GET", "DELETE"]),
        Route("/-/healthy", healthy),
        Route("/b", broken),
    ]
    app = Traffic(lambda _: None, iter(range(100)).__next__, tracer).through(Starlette(routes=routes), routes)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://alertd.example") as client:
        await client.request(method, path, headers=headers)
    return tracer.spans


async def test_a_request_is_a_span_by_its_route() -> None:
    (span,) = await asked("DELETE", "/silence/17?x=hush")
    assert (span.name, span.place, span.parent, span.error) == ("DELETE /silence/{id}", "server", "", "")
    assert span.attributes == {
        "http.request.method": "DELETE",
        "http.route": "/silence/{id}",
        "http.response.status_code": 200,
        "url.path": "/silence/17",
        "url.scheme": "http",
        "network.protocol.version": "1.1",
        "client.address": "127.0.0.1",
        "server.address": "alertd.example",
        "server.port": 0,
    }


async def test_it_belongs_to_the_trace_of_who_asks() -> None:
    (span,) = await asked("GET", "/silence/17", traceparent=CAUSE)
    assert (span.parent, span.trace) == (CAUSE, CAUSE[3:35])


async def test_a_failure_is_alertds_not_the_clients() -> None:
    (ours,) = await asked("GET", "/b")
    assert (ours.error, "hush" in str(ours)) == ("500: answered with 500", False)
    (theirs,) = await asked("GET", "/wp-login.php")
    assert (theirs.name, theirs.error, theirs.attributes["http.response.status_code"]) == ("GET", "", 404)
    (odd,) = await asked("BREW", "/silence/1")
    assert (odd.name, odd.attributes["http.request.method"]) == ("HTTP /silence/{id}", "_OTHER")


async def test_what_machines_ask_all_the_time_is_passed_over() -> None:
    assert await asked("GET", "/-/healthy") == []
    assert len(await asked("GET", "/-/healthy", traceparent=CAUSE)) == 1
