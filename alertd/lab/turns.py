"""When the time intervals of a route begin to mute it, and when they end."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from alertd.core.intervals import Calendar, Interval
from alertd.core.routes import Route

LOOK_AHEAD = timedelta(days=366)
_HOUR = 60  # minutes
_QUARTERS = range(0, _HOUR, 15)  # by which time zones differ


def next_turn(intervals: Mapping[str, Interval], route: Route, at: datetime) -> datetime | None:
    """The first instant after `at` at which the route becomes mute, or is no longer; None: not within a year."""
    calendar = Calendar(intervals)
    now = any(calendar.muting(route, at))
    edges = (when for when in _edges(_minutes(intervals, route), at) if any(calendar.muting(route, when)) != now)
    return next(edges, None)


def _minutes(intervals: Mapping[str, Interval], route: Route) -> list[int]:
    """The minutes of an hour, in UTC, at which anything can begin or end."""
    names = (*route.mute_time_intervals, *route.active_time_intervals)
    spans = [span for name in names for span in intervals.get(name, ())]
    edges = {0, *(minute for span in spans for times in span.times or () for minute in times)} if spans else set()
    return sorted({(edge + quarter) % _HOUR for edge in edges for quarter in _QUARTERS})


def _edges(minutes: list[int], at: datetime) -> Iterator[datetime]:
    hour, end = at.replace(minute=0, second=0, microsecond=0), at + LOOK_AHEAD
    while hour < end:
        yield from (when for minute in minutes if (when := hour + timedelta(minutes=minute)) > at)
        hour += timedelta(hours=1)
