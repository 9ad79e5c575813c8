"""How late the event loop is: something that never waits, but has to wait for everything else."""

from collections import deque
from datetime import timedelta

from alertd.ports import Clock

_STEP = timedelta(seconds=0.5)
_MEMORY = 20  # steps


class Lag:
    """`run` measures, `worst` says how late it was at most of late, in seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._late: deque[float] = deque(maxlen=_MEMORY)

    def worst(self) -> float:
        """Within the last ten seconds."""
        return max(self._late, default=0.0)

    async def run(self) -> None:
        """Measure for ever."""
        while True:
            begun = self._clock.elapsed()
            await self._clock.sleep_until(self._clock.now() + _STEP)
            self._late.append(max(0.0, self._clock.elapsed() - begun - _STEP.total_seconds()))
