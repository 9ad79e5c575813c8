"""A guarded listener: a small app that says what it was sent, and settings that tests change."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

import bcrypt
import httpx
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from alertd.access.settings import Settings
from alertd.config.values import Web
from alertd.config.webmodels import WebConfigFile
from alertd.web.server import Server, bind, guarded, serve


def hashed(password: str) -> SecretStr:
    """A cheap bcrypt hash."""
    return SecretStr(bcrypt.hashpw(password.encode(), bcrypt.gensalt(4, b"2a")).decode())


@dataclass
class Listener:
    """What a test says is configured, and what was complained of."""

    web: Web = field(default_factory=lambda: Web("127.0.0.1", 0, "http://alertd", ""))
    now: float = 0.0
    troubles: list[str] = field(default_factory=list)
    served: int = 0
    hold: asyncio.Event | None = None
    server: Server | None = None

    def configure(self, toolkit: WebConfigFile | None = None, **changes: object) -> None:
        self.web = replace(self.web, toolkit=toolkit or self.web.toolkit, **changes)  # type: ignore[arg-type]

    def settings(self) -> Settings:
        return Settings(lambda: self.web, lambda what, why: self.troubles.append(f"{what}: {why}"), lambda: self.now)

    async def _echo(self, request: Request) -> Response:
        self.served += 1
        body = await request.body()
        if self.hold:
            await self.hold.wait()
        return PlainTextResponse(body or b"nothing")

    def routes(self) -> list[Route]:
        return [Route("/{path:path}", self._echo, methods=["GET", "POST", "PUT", "DELETE", "OPTIONS"])]

    @property
    def open(self) -> int:
        """How many connections there are."""
        return len(self.server.server_state.connections) if self.server else 0

    def app(self) -> ASGIApp:
        return guarded(self.routes(), self.web.route_prefix, self.settings())

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        """Asks the app without a network."""
        transport = httpx.ASGITransport(self.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://alertd") as client:
            yield client

    @asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        """A real listener; its port."""
        listener = bind("127.0.0.1", 0)
        self.server = server = serve(self.routes(), self.settings())
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(server.serve(sockets=[listener]))
            try:
                yield listener.getsockname()[1]
            finally:
                server.end()
                server.force_exit = True
                with suppress(asyncio.CancelledError):
                    await task


async def said(port: int, *parts: bytes) -> bytes:
    """Everything that is answered to these bytes until the connection ends; it is not ended by us."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def asked_of(routes: Sequence[BaseRoute], path: str) -> httpx.Response:
    """What these routes answer to GET."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(Starlette(routes=routes)), base_url="http://x"
    ) as client:
        return await client.get(path)
