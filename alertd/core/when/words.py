"""The words a condition may use: names and functions, each with the kinds of what it takes and gives."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from alertd import regex
from alertd.core import durations
from alertd.core.labels import Labels

UNKNOWN = math.nan
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Kind(StrEnum):
    """What an expression is; every one has a kind before anything is evaluated."""

    NUMBER = "a number"
    TEXT = "a text"
    TRUTH = "true or false"
    NUMBERS = "a list of numbers"
    TEXTS = "a list of texts"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one sample when it is judged. Durations are seconds, `now` counts them since 1970.

    `pending_for` and `firing_for` are 0 while its alert is not pending or firing. `previous` is the value at the
    evaluation before, or `value` itself if there was none.
    """

    value: float
    labels: Labels
    now: float
    previous: float
    firing: bool = False
    pending_for: float = 0.0
    firing_for: float = 0.0


Run = Callable[[Facts], Any]

NAMES: Mapping[str, tuple[Kind, Run]] = {
    "value": (Kind.NUMBER, lambda facts: facts.value),
    "previous": (Kind.NUMBER, lambda facts: facts.previous),
    "now": (Kind.NUMBER, lambda facts: facts.now),
    "pending_for": (Kind.NUMBER, lambda facts: facts.pending_for),
    "firing_for": (Kind.NUMBER, lambda facts: facts.firing_for),
    "firing": (Kind.TRUTH, lambda facts: facts.firing),
}


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the table. It takes `takes`, of which the last `optional` may be left out.

    Arguments in `constant`, by position, have to be written out. `prepare` turns all arguments that are, once, at
    load; it raises ValueError.
    """

    takes: tuple[Kind, ...]
    gives: Kind
    run: Callable[..., Any]
    optional: int = 0
    constant: Mapping[int, Callable[[str], Any]] | None = None
    repeats: bool = False  # the last argument may be given any number of times


def numeric(function: Callable[..., float]) -> Callable[..., float]:
    """The function, giving NaN where it is not defined, infinity where it is too large, NaN for NaN."""

    def run(*numbers: float) -> float:
        if any(math.isnan(number) for number in numbers):
            return UNKNOWN
        try:
            result = function(*numbers)
        except OverflowError:
            return math.inf
        except (ValueError, ZeroDivisionError):
            return UNKNOWN
        return float(result)

    return run


def divide(left: float, right: float) -> float:
    """As PromQL divides: by zero is infinite, zero by zero is not a number."""
    if right:
        return left / right
    if not left or math.isnan(left) or math.isnan(right):
        return UNKNOWN
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _round(number: float, digits: float = 0.0) -> float:
    return round(number, int(max(-15.0, min(digits, 15.0))))


def _number(text: str | None) -> float:
    try:
        return float(text) if text and "_" not in text else UNKNOWN
    except ValueError:
        return UNKNOWN


def _textual(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, giving unknown for unknown."""

    def run(text: str | None, *others: Any) -> Any:
        return None if text is None or None in others else function(text, *others)

    return run


def _calendar(part: Callable[[datetime], Any], unknown: Any) -> Callable[..., Any]:
    def run(seconds: float, zone: tzinfo = UTC) -> Any:
        try:
            return part(datetime.fromtimestamp(seconds, zone))
        except (ValueError, OverflowError, OSError):
            return unknown

    return run


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f'no time zone is called "{name}"; they are named like Europe/Berlin') from None


def _seconds(text: str) -> float:
    return durations.parse(text).total_seconds()


def _table(names: Sequence[str], make: Callable[[str], Function]) -> Mapping[str, Function]:
    return {name: make(name) for name in names}


_MATH: Mapping[str, Callable[..., float]] = {
    "abs": abs,
    "ceil": math.ceil,
    "exp": math.exp,
    "floor": math.floor,
    "log": math.log,
    "log2": math.log2,
    "log10": math.log10,
    "sqrt": math.sqrt,
}
_PARTS: Mapping[str, Callable[[datetime], Any]] = {
    "minute": lambda at: float(at.minute),
    "hour": lambda at: float(at.hour),
    "day": lambda at: float(at.day),
    "month": lambda at: float(at.month),
    "weekday": lambda at: _DAYS[at.weekday()],
}
_ON_TEXT: Mapping[str, Callable[..., bool]] = {"startswith": str.startswith, "endswith": str.endswith}

FUNCTIONS: Mapping[str, Function] = {
    **_table(list(_MATH), lambda name: Function((Kind.NUMBER,), Kind.NUMBER, numeric(_MATH[name]))),
    "min": Function((Kind.NUMBER, Kind.NUMBER), Kind.NUMBER, numeric(min), repeats=True),
    "max": Function((Kind.NUMBER, Kind.NUMBER), Kind.NUMBER, numeric(max), repeats=True),
    "round": Function((Kind.NUMBER, Kind.NUMBER), Kind.NUMBER, numeric(_round), optional=1),
    "isnan": Function((Kind.NUMBER,), Kind.TRUTH, math.isnan),
    "number": Function((Kind.TEXT,), Kind.NUMBER, _number),
    "duration": Function((Kind.TEXT,), Kind.NUMBER, lambda seconds: seconds, constant={0: _seconds}),
    "lower": Function((Kind.TEXT,), Kind.TEXT, _textual(str.lower)),
    **_table(list(_ON_TEXT), lambda name: Function((Kind.TEXT,) * 2, Kind.TRUTH, _textual(_ON_TEXT[name]))),
    "matches": Function(
        (Kind.TEXT, Kind.TEXT),
        Kind.TRUTH,
        _textual(lambda text, pattern: pattern.fullmatch(text) is not None),
        constant={1: regex.compile},
    ),
    **_table(
        list(_PARTS),
        lambda name: Function(
            (Kind.NUMBER, Kind.TEXT),
            Kind.TEXT if name == "weekday" else Kind.NUMBER,
            _calendar(_PARTS[name], None if name == "weekday" else UNKNOWN),
            optional=1,
            constant={1: _zone},
        ),
    ),
}
