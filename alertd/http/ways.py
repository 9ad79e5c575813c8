"""Ways to servers, each lent to one request at a time, which need not look at the connections of others."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import httpx

LIMITS = httpx.Limits(max_connections=2, max_keepalive_connections=2)  # to the server, and to where it redirects
_IDLE = 5.0  # seconds after which a way is closed, when the next request comes


class Ways:
    """As many as requests are under way. The one that came back last goes first, so that in quiet times few stay."""

    def __init__(self, new: Callable[[], httpx.AsyncBaseTransport]) -> None:
        self._new = new
        self._free = deque([(0.0, new())])  # since when, longest first; the first one shows that it can be made

    def one(self) -> "_Loan":
        """Lend one. It is closed if the request was cut off: what goes through proxies may believe it busy for ever."""
        return _Loan(self._free.pop()[1] if self._free else self._new(), self._free)

    async def aclose(self) -> None:
        """Close those that nobody has."""
        while self._free:
            await _close(self._free.popleft()[1])


class _Loan:
    """A way while somebody has it."""

    __slots__ = ("_free", "_way")

    def __init__(self, way: httpx.AsyncBaseTransport, free: deque[tuple[float, httpx.AsyncBaseTransport]]) -> None:
        self._way, self._free = way, free

    async def __aenter__(self) -> httpx.AsyncBaseTransport:
        try:
            await self._close_idle()
        except BaseException:
            await _close(self._way)
            raise
        return self._way

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._free.append((_now(), self._way))
        else:
            await _close(self._way)

    async def _close_idle(self) -> None:
        old = _now() - _IDLE
        while self._free and self._free[0][0] < old:
            await _close(self._free.popleft()[1])


async def _close(way: httpx.AsyncBaseTransport) -> None:
    with suppress(Exception):  # what cannot be closed is gone
        await way.aclose()


def _now() -> float:
    return asyncio.get_running_loop().time()
