"""Virtual time: an event loop that never waits, and a wall clock over it that a script may set."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from selectors import DefaultSelector
from typing import Any, NoReturn

from alertd.ports import Wake

_MOST_TURNS = 100_000  # of the loop at one instant
_LONGEST = 60.0  # seconds of processor time for one story, which takes a tenth of one


class Stuck(AssertionError):
    """The story does not go on."""


@contextmanager
def bounded(seconds: float = _LONGEST) -> Iterator[None]:
    """Raises Stuck in whatever computes for longer than that, however busy the machine is; again each second."""

    def stop(*_: object) -> NoReturn:
        raise Stuck(f"the story takes more than {seconds:g} s of processor time")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        signal.signal(signal.SIGVTALRM, before)


class _Selector(DefaultSelector):
    """Time passes where another selector would wait; there is nothing outside that could be ready."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._turns = 0  # at this instant

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise Stuck("everybody waits, and nothing will ever happen")
        self._turns = 0 if timeout > 0 else self._turns + 1
        if self._turns > _MOST_TURNS:
            raise Stuck(f"time stands still at {self.now} s")
        self.now += max(timeout, 0.0)
        return []


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
        self._sleeps: dict[asyncio.Timeout, None] = {}  # in the order in which they began

    def now(self) -> datetime:
        return self._start + self._offset + timedelta(seconds=self.elapsed())

    def elapsed(self) -> float:
        return asyncio.get_running_loop().time()

    def worked(self, thread: int | None = None) -> float:
        return 0.0

    def jump(self, by: timedelta) -> None:
        """Somebody sets the clock. Whoever sleeps looks again, as with the real one a second later."""
        self._offset += by
        for sleep in list(self._sleeps):
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
        self._sleeps[sleep] = None
        try:
            yield sleep
        finally:
            self._sleeps.pop(sleep, None)
