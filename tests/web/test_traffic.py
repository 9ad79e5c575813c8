"""Requests are counted by their routes, whatever clients make of them."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from alertd.events import Served
from alertd.web.traffic import Traffic

pytestmark = pytest.mark.anyio


class Listener:
    """An app with some routes, and what was noticed about it."""

    def __init__(self) -> None:
        self.served: list[Served] = []
        self.traffic = Traffic(self.served.append, iter(range(1000)).__next__)

    async def silence(self, request: Request) -> Response:
        assert self.traffic.active == 1
        return PlainTextResponse(request.path_params["id"])

    async def broken(self, _: Request) -> Response:
        raise RuntimeError("a bug")

    async def ask(self, method: str, path: str, prefix: str = "") -> None:
        routes = [Route("/silence/{id}", self.silence), Route("/broken", self.broken)]
        app = Starlette(routes=[Mount(prefix, routes=routes)] if prefix else routes)
        transport = httpx.ASGITransport(self.traffic.through(app, routes), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://alertd.example") as client:
            await client.request(method, path)
        assert self.traffic.active == 0


@pytest.mark.parametrize(
    ("method", "path", "prefix", "served"),
    [
        ("GET", "/silence/17", "", Served("GET", "/silence/{id}", 200, 1)),
        ("GET", "/alerts/silence/17", "/alerts", Served("GET", "/silence/{id}", 200, 1)),
        ("GET", "/wp-login.php", "", Served("GET", "", 404, 1)),
        ("GET", "/broken", "", Served("GET", "/broken", 500, 1)),
        ("BREW", "/silence/17", "", Served("other", "/silence/{id}", 405, 1)),
    ],
)
async def test_each_request_is_an_event(method: str, path: str, prefix: str, served: Served) -> None:
    listener = Listener()
    await listener.ask(method, path, prefix)
    assert listener.served == [served]
