"""The only file that reads the time or sleeps."""

import asyncio
import contextlib
import time
from datetime import UTC, datetime, timedelta

from alertd.ports import Wake

_LOOK = 1.0  # seconds between two looks at whether the wall clock was set
_SET = 0.05  # seconds by which it has then parted from the steady one
_SECOND = timedelta(seconds=1)
_OF_A_THREAD = 6  # Linux: in a clock's number, that it is the processor time of one thread


class SystemClock:
    """The machine's clock."""

    def __init__(self) -> None:
        self._sleepers: _Sleepers | None = None

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - this file is its home

    def elapsed(self) -> float:
        return time.perf_counter()

    def worked(self, thread: int | None = None) -> float:
        if thread is None:
            return time.process_time()
        with contextlib.suppress(OSError):  # it has ended
            return time.clock_gettime(~thread << 3 | _OF_A_THREAD)
        return 0.0

    async def sleep_until(self, at: datetime | None, wake: Wake | None = None) -> None:
        while wake is None or not wake.is_set():
            left = (at - self.now()) / _SECOND if at else None
            if left is not None and left <= 0:
                return
            await self._here().wait(left, wake)
        wake.clear()

    def _here(self) -> "_Sleepers":
        """Those who sleep in this event loop."""
        loop = asyncio.get_running_loop()
        if self._sleepers is None or self._sleepers.loop is not loop:
            self._sleepers = _Sleepers(loop, self)
        return self._sleepers


class _Sleepers:
    """All sleep by the steady clock, in one go. When the wall clock is set, they wake and look at it anew."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: SystemClock) -> None:
        self.loop, self._clock = loop, clock
        self._bounds: set[asyncio.Timeout] = set()
        self._watching = False
        self._apart = 0.0  # seconds between the two clocks

    async def wait(self, seconds: float | None, wake: Wake | None) -> None:
        """Until then, until `wake`, or until the clock is set; who sleeps for ever does not mind the clock."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds) as bound:
                if seconds is not None:
                    self._bounds.add(bound)
                    self._watch()
                try:
                    await (wake.wait() if wake else self.loop.create_future())
                finally:
                    self._bounds.discard(bound)

    def _watch(self) -> None:
        if not self._watching:
            self._watching, self._apart = True, self._distance()
            self.loop.call_later(_LOOK, self._look)

    def _look(self) -> None:
        self._watching = bool(self._bounds)
        if not self._watching:
            return
        apart = self._distance()
        if abs(apart - self._apart) > _SET:
            self._apart = apart
            for bound in self._bounds:
                if not bound.expired():
                    bound.reschedule(self.loop.time())
        self.loop.call_later(_LOOK, self._look)

    def _distance(self) -> float:
        return self._clock.now().timestamp() - self.loop.time()
