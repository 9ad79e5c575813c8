"""The only file that reads the time or sleeps."""

import asyncio
import contextlib
import time
from datetime import UTC, datetime, timedelta

from alertd.ports import Wake

_SLICE = 1.0  # a sleep is cut into slices, so that a wall clock that jumps is noticed within one
_OF_A_THREAD = 6  # Linux: in a clock's number, that it is the processor time of one thread


class SystemClock:
    """The machine's clock."""

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
            left = (at - self.now()) / timedelta(seconds=1) if at else _SLICE
            if left <= 0:
                return
            await _wait(min(left, _SLICE), wake)
        wake.clear()


async def _wait(seconds: float, wake: Wake | None) -> None:
    if wake is None:
        await asyncio.sleep(seconds)  # noqa: TID251 - this file is its home
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await wake.wait()
