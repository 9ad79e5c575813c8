"""Ways to servers, each lent to one request at a time, which need not look at the connections of others."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import httpx

LIMITS = httpx.Limits(max_connections=2, max_keepalive_connections=2)  # to the server, and to where it redirects
_IDLE = 5.0  # seconds after which a way is closed, when the next request comes


class Ways:
    """As many as requests are under way. The one that came back last goes first, so that in quiet times few stay."""

    def __init__(self, new: Callable[[], httpx.AsyncBaseTransport]) -> None:
        self._new = new
        self._free = deque([(0.0, new())])  # since when, longest first; the first one shows that it can be made

    @asynccontextmanager
    async def one(self) -> AsyncIterator[httpx.AsyncBaseTransport]:
        """Lend one. It is closed if the request was cut off: what goes through proxies may believe it busy for ever."""
        way = self._free.pop()[1] if self._free else self._new()
        try:
            await self._close_idle()
            yield way
        except BaseException:
            await _close(way)
            raise
        self._free.append((_now(), way))

    async def aclose(self) -> None:
        """Close those that nobody has."""
        while self._free:
            await _close(self._free.popleft()[1])

    async def _close_idle(self) -> None:
        old = _now() - _IDLE
        while self._free and self._free[0][0] < old:
            await _close(self._free.popleft()[1])


async def _close(way: httpx.AsyncBaseTransport) -> None:
    with suppress(Exception):  # what cannot be closed is gone
        await way.aclose()


def _now() -> float:
    return asyncio.get_running_loop().time()
