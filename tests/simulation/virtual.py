"""Virtual time: an event loop that never waits, and a wall clock over it that a script may set."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from selectors import DefaultSelector
from typing import Any

from alertd.ports import Wake


class Stuck(AssertionError):
    """Everybody waits, and nothing will ever happen."""


class _Selector(DefaultSelector):
    """Time passes where another selector would wait."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise Stuck("everybody waits, and nothing will ever happen")
            self.now += max(timeout, 0.0)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time begins at 0 and passes only while everybody waits."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now


class WallClock:
    """The clock that alertd reads: virtual time from `start` on, and whatever it was set forward or back by since."""

    def __init__(self, start: datetime) -> None:
        self._start, self._offset = start, timedelta(0)
        self._sleeps: set[asyncio.Timeout] = set()

    def now(self) -> datetime:
        return self._start + self._offset + timedelta(seconds=self.elapsed())

    def elapsed(self) -> float:
        return asyncio.get_running_loop().time()

    def jump(self, by: timedelta) -> None:
        """Somebody sets the clock. Whoever sleeps looks again, as with the real one a second later."""
        self._offset += by
        for sleep in self._sleeps:
            with suppress(RuntimeError):  # its time has come anyway
                sleep.reschedule(self.elapsed())

    async def sleep_until(self, at: datetime | None, wake: Wake | None = None) -> None:
        while wake is None or not wake.is_set():
            left = (at - self.now()) / timedelta(seconds=1) if at else None
            if left is not None and left <= 0:
                return
            with self._interruptible(left) as sleep:
                try:
                    async with sleep:
                        await (wake.wait() if wake else asyncio.get_running_loop().create_future())
                except TimeoutError:
                    continue
        wake.clear()

    @contextmanager
    def _interruptible(self, seconds: float | None) -> Iterator[asyncio.Timeout]:
        sleep = asyncio.timeout(seconds)
        self._sleeps.add(sleep)
        try:
            yield sleep
        finally:
            self._sleeps.discard(sleep)
