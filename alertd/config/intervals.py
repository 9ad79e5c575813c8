"""The shape of `time_intervals`, and how what people write there becomes the core's spans."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Annotated, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, model_validator

from alertd.config.fields import Strict, Text
from alertd.config.problems import Place
from alertd.core.intervals import Interval, Range, Span
from alertd.spelling import question, suggest

_LOCAL = "Local"
_SHORTEST = 28  # days, of a month
_NUMBER = re.compile(r"-?\d{1,4}", re.ASCII)
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS = ("january", "february", "march", "april", "may", "june",
           "july", "august", "september", "october", "november", "december")  # fmt: skip


def _weekday(text: str) -> int:
    return _member(text, _DAYS, 0)


def _day(text: str) -> int:
    return _number(text, 1, 31, negative=True)


def _month(text: str) -> int:
    return _number(text, 1, 12) if _NUMBER.fullmatch(text) else _member(text, _MONTHS, 1)


def _year(text: str) -> int:
    return _number(text, 1, 9999)


def _member(text: str, names: Sequence[str], first: int) -> int:
    if text.lower() not in names:
        hint = question(text.lower(), names)
        raise ValueError(f"{text[:20]!r} is not a name like {names[1]}" + (f" ({hint})" if hint else ""))
    return names.index(text.lower()) + first


def _number(text: str, low: int, high: int, *, negative: bool = False) -> int:
    value = int(text) if _NUMBER.fullmatch(text) else 0
    if low <= abs(value) <= high and (value > 0 or negative):
        return value
    raise ValueError(f"{text[:20]!r} is not between {low} and {high}")


def _range(text: str, value: Callable[[str], int]) -> Range:
    """`a` or `a:b`, the first not after the second in any month. Raises ValueError."""
    first, *more = (value(part.strip()) for part in text.split(":"))
    last = more[0] if more else first
    counted = _SHORTEST + last if last < 0 < first else last
    if len(more) > 1 or first > counted or first < 0 < last:
        raise ValueError(f"not a range: {text[:40]!r} (write first:last)")
    return first, last


def _range_of(value: Callable[[str], int]) -> AfterValidator:
    def check(text: str) -> str:
        _range(text, value)
        return text

    return AfterValidator(check)


def _time(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError(f"not a time of day: {text[:20]!r} (write 09:00, up to 24:00)")
    return text


def _location(text: str) -> str:
    _zone(text)
    return text


def _zone(text: str) -> tzinfo | None:
    """The zone of this name, None for that of this machine. Raises ValueError with advice."""
    if text == _LOCAL:
        return None
    if text in ("", "UTC"):
        return UTC
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        hint = suggest(text, available_timezones()) or f'write it like "Europe/Berlin", UTC or {_LOCAL}'
        raise ValueError(f"unknown time zone {text[:50]!r}: {hint}") from None


TimeOfDay = Annotated[str, AfterValidator(_time)]


class TimeRange(Strict):
    """From start_time up to end_time, the same day."""

    start_time: TimeOfDay = Field(description="HH:MM.")
    end_time: TimeOfDay = Field(description="HH:MM, up to 24:00.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.start_time >= self.end_time:
            raise ValueError("start_time must be before end_time; write two ranges to cross midnight")
        return self

    def minutes(self) -> Range:
        """As minutes of the day."""
        return _minute(self.start_time), _minute(self.end_time)


class TimeSpan(Strict):
    """Times that satisfy all the fields given."""

    times: list[TimeRange] | None = Field(default=None, description="Times of day.")
    weekdays: list[Annotated[str, _range_of(_weekday)]] | None = Field(
        default=None, description="monday:friday, saturday, …"
    )
    days_of_month: list[Annotated[str, _range_of(_day)]] | None = Field(
        default=None, description="1:15, or from the end: -3:-1."
    )
    months: list[Annotated[str, _range_of(_month)]] | None = Field(default=None, description="january:march, 5, …")
    years: list[Annotated[str, _range_of(_year)]] | None = Field(default=None, description="2026:2028, …")
    location: Annotated[Text, AfterValidator(_location)] = Field(default="UTC", description="The time zone.")

    def span(self) -> Span:
        """As the core has it."""
        return Span(
            times=None if self.times is None else tuple(one.minutes() for one in self.times),
            weekdays=_ranges(self.weekdays, _weekday),
            days=_ranges(self.days_of_month, _day),
            months=_ranges(self.months, _month),
            years=_ranges(self.years, _year),
            zone=_zone(self.location),
        )


class TimeInterval(Strict):
    """A named set of times."""

    name: Text = Field(min_length=1, description="What routes call it.")
    time_intervals: list[TimeSpan] = Field(default_factory=list, description="The times; any of them will do.")


def build(entries: Iterable[TimeInterval], place: Place) -> Mapping[str, Interval]:
    """The intervals by name; that two have the same is put down at `place`."""
    found: dict[str, Interval] = {}
    for entry in entries:
        if entry.name in found:
            hint = "rename one of them"
            place.problem(f'two time intervals are named "{entry.name}"', "time_intervals", hint=hint)
        found[entry.name] = tuple(span.span() for span in entry.time_intervals)
    return found


def _ranges(texts: Sequence[str] | None, value: Callable[[str], int]) -> tuple[Range, ...] | None:
    return None if texts is None else tuple(_range(text, value) for text in texts)


def _minute(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)
