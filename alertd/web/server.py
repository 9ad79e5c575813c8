"""The HTTP server: uvicorn on a socket of our own; the only home of uvicorn."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

_GRACE = 3  # seconds for open connections to end at shutdown
_BACKLOG = 512


class Server(uvicorn.Server):
    """A uvicorn that leaves the signals to the app."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


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


def serve(routes: Sequence[BaseRoute], prefix: str) -> Server:
    """A server of these routes below a path prefix; `await server.serve(sockets=[…])` runs it."""
    path = prefix.strip("/")
    mounted: Sequence[BaseRoute] = [Mount(f"/{path}", routes=routes)] if path else routes
    config = uvicorn.Config(
        Starlette(routes=mounted),
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_GRACE,
        h11_max_incomplete_event_size=64 << 10,
    )
    return Server(config)
