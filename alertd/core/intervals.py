"""Time intervals: named sets of times, by the clock on the wall of some time zone, when routes are mute or active.

Source: Alertmanager's `timeinterval`, https://prometheus.io/docs/alertmanager/latest/configuration/#time_interval
What is listed in one field is joined by "or", the fields by "and", and the spans of an interval by "or" again. An hour
that a change to summer time skips never is; one that comes twice holds twice.
"""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from alertd.core.routes import Route

Range = tuple[int, int]  # first and last, both included
DAY = 24 * 60  # minutes


@dataclass(frozen=True, slots=True)
class Span:
    """Times that satisfy every field; None: any will do. `zone` None is the zone of this machine.

    `times` are minutes of the day, the end excluded; `weekdays` count from 0, Sunday; negative `days` from the end of
    the month, whose last is -1.
    """

    times: tuple[Range, ...] | None = None
    weekdays: tuple[Range, ...] | None = None
    days: tuple[Range, ...] | None = None
    months: tuple[Range, ...] | None = None
    years: tuple[Range, ...] | None = None
    zone: tzinfo | None = None

    def contains(self, now: datetime) -> bool:
        """Whether this instant is one of these times."""
        local = now.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        return (
            (self.times is None or any(start <= minute < end for start, end in self.times))
            and _within(self.weekdays, local.isoweekday() % 7)
            and _within(self.months, local.month)
            and _within(self.years, local.year)
            and (self.days is None or _within(_days(self.days, local), local.day))
        )


def _within(ranges: Sequence[Range] | None, value: int) -> bool:
    return ranges is None or any(first <= value <= last for first, last in ranges)


def _days(ranges: Sequence[Range], local: datetime) -> list[Range]:
    """The ranges as days of this month; one that begins after its end is not there, one that ends later is cut."""
    length = monthrange(local.year, local.month)[1]
    counted = [(_day(first, length), _day(last, length)) for first, last in ranges]
    return [(first, last) for first, last in counted if first <= length]


def _day(day: int, length: int) -> int:
    return day if day > 0 else length + day + 1


Interval = Sequence[Span]
Muted = tuple[tuple[str, ...], tuple[str, ...]]


class Calendar:
    """The time intervals by name, and which of them mute a route."""

    def __init__(self, intervals: Mapping[str, Interval] | None = None) -> None:
        self._intervals = intervals or {}
        self._known: tuple[datetime | None, dict[str, bool]] = (None, {})  # of the instant asked last

    def muting(self, route: Route, now: datetime) -> Muted:
        """The mute intervals of this route that hold, and all its active ones, if none of those does."""
        if not route.mute_time_intervals and not route.active_time_intervals:
            return (), ()
        holding = tuple(name for name in route.mute_time_intervals if self.holds(name, now))
        active = any(self.holds(name, now) for name in route.active_time_intervals)
        return holding, () if active else route.active_time_intervals

    def holds(self, name: str, now: datetime) -> bool:
        """Whether this instant is in the interval; one that is not configured never holds."""
        at, known = self._known
        if at != now:
            known = {}
            self._known = (now, known)
        if name not in known:
            known[name] = any(span.contains(now) for span in self._intervals.get(name, ()))
        return known[name]
