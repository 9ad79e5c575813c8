"""Ways to servers, each with connections of its own, because httpcore looks at all of a pool with every request."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx

LIMITS = httpx.Limits(max_connections=2, max_keepalive_connections=2)  # to the server, and to where it redirects
_IDLE = 5.0  # seconds after which a way is closed, when the next request comes


class Ways:
    """Whoever sends has one to itself. The one that came back last goes first, so that in quiet times few stay open."""

    def __init__(self, new: Callable[[], httpx.AsyncBaseTransport]) -> None:
        self._new = new
        self._free = deque([(0.0, new())])  # since when, longest first; the first one shows that it can be made

    @asynccontextmanager
    async def one(self) -> AsyncIterator[httpx.AsyncBaseTransport]:
        """Lend one."""
        way = self._free.pop()[1] if self._free else self._new()
        now = asyncio.get_running_loop().time
        try:
            yield way
        finally:
            self._free.append((now(), way))
            while self._free[0][0] < now() - _IDLE:
                await self._free.popleft()[1].aclose()

    async def aclose(self) -> None:
        """Close those that nobody has."""
        while self._free:
            await self._free.popleft()[1].aclose()
