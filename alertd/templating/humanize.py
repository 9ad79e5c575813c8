"""Numbers as people read them: the humanize functions of Prometheus, which Alertmanager has in part."""

import math
import re
from typing import Any

from alertd.errors import TemplateError
from alertd.templating.floats import four_digits
from alertd.templating.functions import type_name
from alertd.templating.times import Duration, from_unix

_LARGE = ("k", "M", "G", "T", "P", "E", "Z", "Y")
_BINARY = ("ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi")
_SMALL = ("m", "u", "n", "p", "f", "a", "z", "y")
_NUMBER = re.compile(
    r"[+-]?(?:(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?|inf(?:inity)?|nan)",
    re.IGNORECASE | re.ASCII,
)
_HEXADECIMAL = re.compile(r"[+-]?0x(?:[\da-f_]+\.?[\da-f_]*|\.[\da-f_]+)p[+-]?\d+", re.IGNORECASE | re.ASCII)


def number(value: Any) -> float:
    """A number of whatever a template has: a number, a duration (in seconds), a text. Raises TemplateError."""
    if isinstance(value, float):
        return value
    if isinstance(value, Duration):
        return value / 1e9
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if value.__class__ is str:
        return _parsed(value)
    raise TemplateError(f"a {type_name(value)} is no number")


def humanize(value: Any) -> str:
    """With the prefixes of the SI."""
    amount = number(value)
    if amount == 0 or not math.isfinite(amount):
        return four_digits(amount)
    return _enlarged(amount, 1000, _LARGE) if abs(amount) >= 1 else _reduced(amount)


def humanize1024(value: Any) -> str:
    """With the binary prefixes."""
    amount = number(value)
    if abs(amount) <= 1 or not math.isfinite(amount):
        return four_digits(amount)
    return _enlarged(amount, 1024, _BINARY)


def humanize_duration(value: Any) -> str:
    """Seconds as days, hours, minutes and seconds; less than one with the prefixes of the SI."""
    seconds = number(value)
    if not math.isfinite(seconds):
        return four_digits(seconds)
    if seconds == 0:
        return "0s"
    if abs(seconds) < 1:
        return _reduced(seconds) + "s"
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    # What no 64 bits can hold is the least number that they can, in Prometheus too.
    whole = int(seconds) if seconds < 2**63 else -(2**63)
    minutes, hours, days = (_remainder(_quotient(whole, unit), limit) for unit, limit in _UNITS)
    if days:
        return f"{sign}{days}d {hours}h {minutes}m {_remainder(whole, 60)}s"
    if hours:
        return f"{sign}{hours}h {minutes}m {_remainder(whole, 60)}s"
    if minutes:
        return f"{sign}{minutes}m {_remainder(whole, 60)}s"
    return f"{sign}{four_digits(seconds)}s"


def humanize_percentage(value: Any) -> str:
    """A ratio as per cent."""
    return four_digits(number(value) * 100) + "%"


def humanize_timestamp(value: Any) -> str:
    """Seconds since 1970 as a time in UTC."""
    seconds = number(value)
    return from_unix(seconds).go_string() if math.isfinite(seconds) else four_digits(seconds)


_UNITS = ((60, 60), (3600, 24), (86400, 2**63))


def _quotient(value: int, unit: int) -> int:
    """Division that cuts towards zero, as Go's."""
    return abs(value) // unit * (1 if value >= 0 else -1)


def _remainder(value: int, unit: int) -> int:
    return value - _quotient(value, unit) * unit


def _enlarged(amount: float, step: int, prefixes: tuple[str, ...]) -> str:
    prefix = ""
    for larger in prefixes:
        if abs(amount) < step:
            break
        prefix, amount = larger, amount / step
    return four_digits(amount) + prefix


def _reduced(amount: float) -> str:
    prefix = ""
    for smaller in _SMALL:
        if abs(amount) >= 1:
            break
        prefix, amount = smaller, amount * 1000
    return four_digits(amount) + prefix


def _parsed(text: str) -> float:
    """As Go's ParseFloat. Raises TemplateError."""
    if _NUMBER.fullmatch(text):
        value = float(text.replace("_", ""))
        if math.isinf(value) and "inf" not in text.lower():
            raise TemplateError(f"{text!r} is out of the range of numbers")
        return value
    if _HEXADECIMAL.fullmatch(text):
        try:
            return float.fromhex(text.replace("_", ""))
        except OverflowError:
            raise TemplateError(f"{text!r} is out of the range of numbers") from None
    raise TemplateError(f"{text!r} is no number")
