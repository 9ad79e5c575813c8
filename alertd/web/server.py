"""The HTTP server: uvicorn on a socket of our own, behind what bounds and guards it. uvicorn's home, with `connection`.

connection ▶ traffic ▶ extra headers ▶ limits ▶ security ▶ bodies ▶ routes
"""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp

from alertd.access.settings import Certificates, Settings
from alertd.web.bodies import Bodies
from alertd.web.connection import Connection
from alertd.web.limits import Limits
from alertd.web.security import ExtraHeaders, Security
from alertd.web.tls import Renewing
from alertd.web.traffic import Traffic

_GRACE = 3  # seconds for open connections to end at shutdown
_BACKLOG = 512


class Server(uvicorn.Server):
    """A uvicorn that leaves signals to the app, sleeps until it is to end, and is not patient with who begins TLS."""

    def __init__(self, config: uvicorn.Config, connection: type[Connection], handshake_timeout: float) -> None:
        super().__init__(config)
        self._connection, self._handshake_timeout = connection, handshake_timeout
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Answer what has been asked, and no more."""
        self.should_exit = True
        self._ended.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        loop, config = asyncio.get_running_loop(), self.config
        self.servers = [
            await loop.create_server(
                lambda: self._connection(config, self.server_state, {}),
                sock=one,
                backlog=config.backlog,
                ssl=config.ssl,
                ssl_handshake_timeout=self._handshake_timeout if config.ssl else None,
            )
            for one in sockets or ()
        ]
        self.started = True

    async def main_loop(self) -> None:
        await self._ended.wait()


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError if the address is taken, before anything else has begun.

    The protocol is named because asyncio turns Nagle's delay off only for sockets that say TCP.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def guarded(routes: Sequence[BaseRoute], prefix: str, settings: Settings, traffic: Traffic | None = None) -> ASGIApp:
    """These routes below a path prefix, for those who may ask them, as much as they may."""
    path = prefix.strip("/")
    mounted: Sequence[BaseRoute] = [Mount(f"/{path}", routes=routes)] if path else routes
    bodies = Bodies(Starlette(routes=mounted), lambda: settings.web.limits)
    app = ExtraHeaders(Limits(Security(bodies, settings, prefix), settings), settings)
    return traffic.through(app, routes) if traffic else app


def serve(routes: Sequence[BaseRoute], settings: Settings, traffic: Traffic | None = None) -> Server:
    """A server of these routes; `await server.serve(sockets=[…])` runs it.

    Raises OSError or ValueError if its TLS certificate cannot be used.
    """
    patient = type("PatientConnection", (Connection,), {"settings": settings})
    config = uvicorn.Config(
        guarded(routes, settings.web.route_prefix, settings, traffic),
        http=patient,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,  # a connection sets it
        timeout_graceful_shutdown=_GRACE,
    )
    config.load()
    if settings.encrypted:
        config.ssl = Renewing(Certificates(settings))
    return Server(config, patient, settings.web.limits.header_timeout.total_seconds())
