"""httpx's way to a server, without a proxy: a fraction of what its own takes, for requests that are in memory."""

import ssl
from collections.abc import AsyncIterator

import httpx

from alertd.http.connection import Connection
from alertd.http.reach import reach
from alertd.http.requests import Heads

_PORTS = {"http": 80, "https": 443}
_HIGHEST = 65_535  # port
_MOST_KEPT = 2  # servers: the one, and where it redirects

_Origin = tuple[str, bytes, int]  # scheme, host, port


class Direct(httpx.AsyncBaseTransport):
    """A connection is kept for the next request to the same server, one for each of two servers."""

    def __init__(self, context: ssl.SSLContext) -> None:
        context.set_alpn_protocols(["http/1.1"])
        self._context, self._heads = context, Heads()
        self._kept: dict[_Origin, Connection] = {}  # the latest used last

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises httpx.TransportError."""
        origin = _origin(request.url)
        body = request.read()
        first = self._heads.head(request, len(body))
        connection = await self._connection(origin)
        status, headers = await connection.ask(first, body, without_body=request.method == "HEAD")
        return httpx.Response(status, headers=headers, stream=_Body(connection))

    async def aclose(self) -> None:
        """Close the connections."""
        while self._kept:
            self._kept.popitem()[1].abort()

    async def _connection(self, origin: _Origin) -> Connection:
        kept = self._kept.pop(origin, None)
        if kept and not kept.rested():
            kept.retire()
            kept = None
        scheme, host, port = origin
        connection = kept or await reach(host, port, self._context if scheme == "https" else None)
        while len(self._kept) >= _MOST_KEPT:
            self._kept.pop(next(iter(self._kept))).retire()
        self._kept[origin] = connection
        return connection


class _Body(httpx.AsyncByteStream):
    """The body of an answer as it comes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        piece = await self._connection.read()
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        self._connection.release()


def _origin(url: httpx.URL) -> _Origin:
    scheme, host, port = url.scheme, url.raw_host, url.port
    if scheme not in _PORTS or not host or (port or 0) > _HIGHEST:
        raise httpx.UnsupportedProtocol("not http:// or https://, a host, and perhaps its port")
    return scheme, host, _PORTS[scheme] if port is None else port
