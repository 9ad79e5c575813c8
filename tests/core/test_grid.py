"""The grid of instants."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from alertd.core import grid

instants = st.integers(0, 4_000_000_000_000).map(
    lambda count: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(milliseconds=count)
)
intervals = st.integers(1, 86_400_000).map(lambda count: timedelta(milliseconds=count))


@given(instants, intervals, st.text())
def test_instants_are_whole_intervals_apart(now: datetime, interval: timedelta, key: str) -> None:
    shift = grid.offset(key, interval)
    at = grid.latest(now, interval, shift)
    assert timedelta(0) <= shift < max(interval, timedelta(milliseconds=1))
    assert at <= now < at + interval
    assert grid.following(now, interval, shift) == at + interval
    assert grid.latest(at, interval, shift) == at


def test_missed_counts_the_instants_in_between() -> None:
    at, interval = datetime(2026, 1, 1, tzinfo=UTC), timedelta(seconds=15)
    assert grid.missed(None, at, interval) == 0
    assert grid.missed(at - interval, at, interval) == 0
    assert grid.missed(at - 3 * interval, at, interval) == 2
    assert grid.missed(at + interval, at, interval) == 0
