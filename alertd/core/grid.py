"""The grid of evaluation instants: every interval, shifted by a hash of who is evaluated, so that groups spread out."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_FINE, _COARSE = timedelta(milliseconds=1), timedelta(seconds=1)
_LONG = timedelta(seconds=10)


@lru_cache(maxsize=16384)  # asked for again with every evaluation of a group
def offset(key: str, interval: timedelta) -> timedelta:
    """How far this group's instants lie behind whole multiples of the interval, below it.

    Whole seconds where the interval is long enough to spread over: groups that share an instant share queries.
    """
    digest = int.from_bytes(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
    step = _COARSE if interval >= _LONG else _FINE
    return step * (digest % max(1, interval // step))


def latest(now: datetime, interval: timedelta, shift: timedelta) -> datetime:
    """The newest instant of the grid that is not after `now`."""
    return now - (now - _EPOCH - shift) % interval


def following(now: datetime, interval: timedelta, shift: timedelta) -> datetime:
    """The first instant of the grid after `now`; exact over any distance, so a clock may jump."""
    return latest(now, interval, shift) + interval


def missed(previous: datetime | None, at: datetime, interval: timedelta) -> int:
    """How many instants between two evaluations were skipped; none for the first, or if the clock went back."""
    if previous is None or at <= previous:
        return 0
    return max(0, (at - previous + _TICK) // interval - 1)
