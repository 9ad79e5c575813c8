"""Go's time values: instants and durations with the methods that templates call on them."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, ClassVar, Self

from alertd.errors import TemplateError
from alertd.templating.functions import INT, STRING, Functions, Type
from alertd.templating.layouts import MONTHS, WEEKDAYS, format_time
from alertd.templating.literals import Constant
from alertd.templating.values import Int64, Struct, method

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZERO = datetime(1, 1, 1, tzinfo=UTC)
_MICROSECOND, _MILLISECOND, _SECOND, _MINUTE, _HOUR = 10**3, 10**6, 10**9, 60 * 10**9, 3600 * 10**9
_LONGEST = 2**63 - 1


def _number(constant: Constant) -> "Duration | None":
    return None if constant.integer is None else Duration(constant.integer)


class Duration(int):
    """Nanoseconds."""

    go_type: ClassVar[str] = "time.Duration"
    methods: ClassVar[Functions]

    @classmethod
    def of(cls, delta: timedelta) -> Self:
        """As Go, at most some 292 years."""
        nanoseconds = (delta // timedelta(microseconds=1)) * _MICROSECOND
        return cls(max(-_LONGEST - 1, min(_LONGEST, nanoseconds)))

    def go_string(self) -> str:
        """`1h15m30.918s`; below a second in ms, µs or ns."""
        magnitude, sign = abs(int(self)), "-" if self < 0 else ""
        if magnitude == 0:
            return "0s"
        for unit, name in ((_MICROSECOND, "ns"), (_MILLISECOND, "µs"), (_SECOND, "ms")):
            if magnitude < unit:
                return f"{sign}{_decimal(magnitude, unit // 1000)}{name}"
        minutes, rest = divmod(magnitude, _MINUTE)
        hours, minutes = divmod(minutes, 60)
        text = f"{_decimal(rest, _SECOND)}s"
        if hours:
            return f"{sign}{hours}h{minutes}m{text}"
        return f"{sign}{minutes}m{text}" if minutes else sign + text

    def rounded(self, unit: int) -> "Duration":
        """To the nearest multiple, halves away from zero."""
        if unit <= 0:
            return self
        return Duration((1 if self >= 0 else -1) * ((abs(int(self)) + unit // 2) // unit * unit))

    def truncated(self, unit: int) -> "Duration":
        if unit <= 0:
            return self
        return Duration((1 if self >= 0 else -1) * (abs(int(self)) // unit * unit))


class Month(int):
    go_type: ClassVar[str] = "time.Month"

    def go_string(self) -> str:
        return MONTHS[self - 1]


class Weekday(int):
    go_type: ClassVar[str] = "time.Weekday"

    def go_string(self) -> str:
        return WEEKDAYS[self]


class Time(Struct):
    """An instant in a zone; microseconds are the finest it knows."""

    go_type = "time.Time"
    __slots__ = ("moment",)

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Time) and other.moment == self.moment

    def __hash__(self) -> int:
        return hash(self.moment)

    def go_string(self) -> str:
        return format_time(self.moment, "2006-01-02 15:04:05.999999999 -0700 MST")

    def go_syntax(self) -> str:
        """As `%#v` has it: the call that makes this instant."""
        at = self.moment
        name = "" if isinstance(at.tzinfo, timezone) else str(at.tzinfo)
        zone = f'time.Location("{name}")' if at.utcoffset() else "time.UTC"
        clock = f"{at.hour}, {at.minute}, {at.second}, {at.microsecond * 1000}"
        return f"time.Date({at.year}, time.{MONTHS[at.month - 1]}, {at.day}, {clock}, {zone})"

    def rfc3339(self) -> str:
        return format_time(self.moment, "2006-01-02T15:04:05.999999999Z07:00")

    def shifted(self, delta: timedelta) -> "Time":
        try:
            return Time(self.moment + delta)
        except OverflowError:
            raise TemplateError("a time beyond the year 9999") from None

    def with_date(self, years: int, months: int, days: int) -> "Time":
        """Go's AddDate: the parts are added and then normalised, so October 31 plus a month is December 1."""
        month = self.moment.month - 1 + months
        year = self.moment.year + years + month // 12
        if not 1 <= year <= 9998 or abs(days) > 4_000_000:
            raise TemplateError("a time outside of the years 1 to 9998")
        first = self.moment.replace(year=year, month=month % 12 + 1, day=1)
        return Time(first).shifted(timedelta(days=self.moment.day - 1 + days))

    def truncated(self, unit: int) -> "Time":
        return self if unit <= 0 else self.shifted(timedelta(microseconds=-(self._since_zero() % unit) // 1000))

    def rounded(self, unit: int) -> "Time":
        """To the nearest multiple since the zero time, halves up."""
        if unit <= 0:
            return self
        over = self._since_zero() % unit
        return self.shifted(timedelta(microseconds=(unit - over if over + over >= unit else -over) // 1000))

    def _since_zero(self) -> int:
        return ((self.moment - _ZERO) // timedelta(microseconds=1)) * 1000


def unix(moment: datetime, unit: int = _SECOND) -> int:
    """Time since 1970 in a unit of so many nanoseconds."""
    return ((moment - _EPOCH) // timedelta(microseconds=1)) * 1000 // unit


def from_unix(seconds: float) -> Time:
    """An instant of a float of seconds, cut to milliseconds like every time of Prometheus. Raises TemplateError."""
    nanoseconds = seconds * 1e9
    if nanoseconds > _LONGEST or nanoseconds < -_LONGEST - 1:
        raise TemplateError(f"{seconds} is no time: its nanoseconds overflow 64 bits")
    milliseconds = int(int(nanoseconds) / _MILLISECOND) if abs(nanoseconds) < 2**53 else _quotient(int(nanoseconds))
    return Time(_EPOCH + timedelta(milliseconds=milliseconds))


def _quotient(nanoseconds: int) -> int:
    """Division that cuts towards zero, as Go's."""
    milliseconds = abs(nanoseconds) // _MILLISECOND
    return milliseconds if nanoseconds >= 0 else -milliseconds


def _decimal(value: int, unit: int) -> str:
    """A number of units with as many decimals as it needs."""
    whole, rest = divmod(value, unit)
    if not rest:
        return str(whole)
    digits = f"{rest:0{len(str(unit)) - 1}d}".rstrip("0")
    return f"{whole}.{digits}"


def _microseconds(duration: Any) -> timedelta:
    return timedelta(microseconds=int(duration) // 1000)


TIME = Type("time.Time", (Time,))
DURATION = Type("time.Duration", (Duration,), _number)

Duration.methods = {
    "String": method(Duration.go_string),
    "Seconds": method(lambda duration: duration / _SECOND),
    "Minutes": method(lambda duration: duration / _MINUTE),
    "Hours": method(lambda duration: duration / _HOUR),
    "Milliseconds": method(lambda duration: Int64(int(duration / _MILLISECOND))),
    "Microseconds": method(lambda duration: Int64(int(duration / _MICROSECOND))),
    "Nanoseconds": method(Int64),
    "Abs": method(lambda duration: Duration(abs(duration))),
    "Round": method(Duration.rounded, DURATION),
    "Truncate": method(Duration.truncated, DURATION),
}
Time.methods = {
    "String": method(Time.go_string),
    "Format": method(lambda time, layout: format_time(time.moment, layout), STRING),
    "UTC": method(lambda time: Time(time.moment.astimezone(UTC))),
    "Local": method(lambda time: Time(time.moment.astimezone(UTC))),
    "Unix": method(lambda time: Int64(unix(time.moment))),
    "UnixMilli": method(lambda time: Int64(unix(time.moment, _MILLISECOND))),
    "UnixMicro": method(lambda time: Int64(unix(time.moment, _MICROSECOND))),
    "UnixNano": method(lambda time: Int64(unix(time.moment, 1))),
    "Year": method(lambda time: time.moment.year),
    "Month": method(lambda time: Month(time.moment.month)),
    "Day": method(lambda time: time.moment.day),
    "Weekday": method(lambda time: Weekday(time.moment.isoweekday() % 7)),
    "YearDay": method(lambda time: time.moment.timetuple().tm_yday),
    "Hour": method(lambda time: time.moment.hour),
    "Minute": method(lambda time: time.moment.minute),
    "Second": method(lambda time: time.moment.second),
    "Nanosecond": method(lambda time: time.moment.microsecond * 1000),
    "IsZero": method(lambda time: time.moment == _ZERO),
    "Before": method(lambda time, other: time.moment < other.moment, TIME),
    "After": method(lambda time, other: time.moment > other.moment, TIME),
    "Equal": method(lambda time, other: time.moment == other.moment, TIME),
    "Compare": method(lambda time, other: (time.moment > other.moment) - (time.moment < other.moment), TIME),
    "Sub": method(lambda time, other: Duration.of(time.moment - other.moment), TIME),
    "Add": method(lambda time, duration: time.shifted(_microseconds(duration)), DURATION),
    "AddDate": method(Time.with_date, INT, INT, INT),
    "Truncate": method(Time.truncated, DURATION),
    "Round": method(Time.rounded, DURATION),
}
