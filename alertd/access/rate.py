"""How often somebody is served: a rate limit, as Prometheus' programs have it."""

from collections.abc import Callable

from alertd.config.webmodels import RateLimit

Seconds = Callable[[], float]  # a clock that never jumps


class Bucket:
    """A bucket of permissions; one more drops into it every interval."""

    def __init__(self, seconds: Seconds) -> None:
        self._seconds = seconds
        self._limit: RateLimit | None = None
        self._left, self._at = 0.0, 0.0

    def take(self, limit: RateLimit) -> bool:
        """Whether there was one."""
        interval = limit.interval.total_seconds()
        if not interval:
            return True
        now = self._seconds()
        if limit != self._limit:
            self._limit, self._left, self._at = limit, limit.burst, now
        self._left = min(float(limit.burst), self._left + (now - self._at) / interval)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
