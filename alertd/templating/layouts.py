"""Go's time layouts: a layout is the reference time `Mon Jan 2 15:04:05 MST 2006` written as one wants it.

Source of the rules: https://pkg.go.dev/time#pkg-constants.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")

_CHUNK = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|0[1-6]|15|1|2006|2|__2|_2(?!006)|3|4|5|PM|pm"
    r"|[Z-]07:00:00|[Z-]070000|[Z-]07:00|[Z-]0700|[Z-]07|[.,]0+(?!\d)|[.,]9+(?!\d)"
)
_FORMATS: dict[str, Callable[[datetime], str]] = {
    "January": lambda moment: MONTHS[moment.month - 1],
    "Jan": lambda moment: MONTHS[moment.month - 1][:3],
    "Monday": lambda moment: WEEKDAYS[moment.isoweekday() % 7],
    "Mon": lambda moment: WEEKDAYS[moment.isoweekday() % 7][:3],
    "MST": lambda moment: zone_name(moment),
    "002": lambda moment: f"{moment.timetuple().tm_yday:03d}",
    "__2": lambda moment: f"{moment.timetuple().tm_yday:3d}",
    "01": lambda moment: f"{moment.month:02d}",
    "1": lambda moment: str(moment.month),
    "02": lambda moment: f"{moment.day:02d}",
    "2": lambda moment: str(moment.day),
    "_2": lambda moment: f"{moment.day:2d}",
    "15": lambda moment: f"{moment.hour:02d}",
    "03": lambda moment: f"{moment.hour % 12 or 12:02d}",
    "3": lambda moment: str(moment.hour % 12 or 12),
    "04": lambda moment: f"{moment.minute:02d}",
    "4": lambda moment: str(moment.minute),
    "05": lambda moment: f"{moment.second:02d}",
    "5": lambda moment: str(moment.second),
    "2006": lambda moment: f"{moment.year:04d}",
    "06": lambda moment: f"{moment.year % 100:02d}",
    "PM": lambda moment: "PM" if moment.hour >= 12 else "AM",
    "pm": lambda moment: "pm" if moment.hour >= 12 else "am",
}
_PARSED = {
    "January": "|".join(MONTHS),
    "Jan": "|".join(name[:3] for name in MONTHS),
    "Monday": "|".join(WEEKDAYS),
    "Mon": "|".join(name[:3] for name in WEEKDAYS),
    "MST": r"[A-Z]{3,4}|[+-]\d\d",
    "002": r"\d{3}",
    "__2": r"[ \d]{3}",
    "_2": r" ?\d{1,2}",
    "2006": r"\d{4}",
    "PM": "AM|PM",
    "pm": "am|pm",
    "15": r"\d\d",
    "06": r"\d\d",
}


def format_time(moment: datetime, layout: str) -> str:
    """An instant as the layout asks for."""
    return _CHUNK.sub(lambda chunk: _chunk(moment, chunk[0]), layout)


def parse_time(layout: str, text: str) -> datetime:
    """The instant that a text names in a layout; UTC unless it says otherwise. Raises ValueError."""
    chunks: list[str] = []
    pattern, last = "", 0
    for chunk in _CHUNK.finditer(layout):
        chunks.append(chunk[0])
        pattern += re.escape(layout[last : chunk.start()]) + f"({_expected(chunk[0])})"
        if chunk[0] in ("05", "5") and layout[chunk.end() : chunk.end() + 1] not in (".", ","):
            chunks.append(".9")  # a text may have a fraction that its layout does not name
            pattern += r"((?:[.,]\d+)?)"
        last = chunk.end()
    found = re.fullmatch(pattern + re.escape(layout[last:]), text)
    if not found:
        raise ValueError(f"{text!r} is not a time in the layout {layout!r}")
    return _assembled(dict(zip(chunks, found.groups(), strict=True)))


def zone_name(moment: datetime) -> str:
    """`UTC`, `CET`; a zone that is only an offset has no name but its digits."""
    if isinstance(moment.tzinfo, timezone):
        return "UTC" if moment.tzinfo == UTC or not moment.utcoffset() else _offset(moment, "-0700")
    return moment.tzname() or _offset(moment, "-0700")


def _chunk(moment: datetime, chunk: str) -> str:
    write = _FORMATS.get(chunk)
    if write:
        return write(moment)
    if chunk[0] in "Z-":
        return _offset(moment, chunk)
    digits = f"{moment.microsecond * 1000:09d}"[: len(chunk) - 1].ljust(len(chunk) - 1, "0")
    if chunk[1] == "0":
        return chunk[0] + digits
    digits = digits.rstrip("0")
    return chunk[0] + digits if digits else ""


def _offset(moment: datetime, chunk: str) -> str:
    """`+0200`, with or without colons and seconds; a chunk with Z prints UTC as Z."""
    seconds = int((moment.utcoffset() or timedelta()).total_seconds())
    if chunk[0] == "Z" and seconds == 0:
        return "Z"
    sign, seconds = "-" if seconds < 0 else "+", abs(seconds)
    parts = [f"{seconds // 3600:02d}", f"{seconds // 60 % 60:02d}", f"{seconds % 60:02d}"]
    wanted = len(chunk.replace(":", "")) // 2
    return sign + (":" if ":" in chunk else "").join(parts[:wanted])


def _expected(chunk: str) -> str:
    if chunk in _PARSED:
        return _PARSED[chunk]
    if chunk[0] in "Z-":
        digits = re.sub(r"\d\d", r"\\d\\d", chunk[1:])
        return ("Z|" if chunk[0] == "Z" else "") + r"[+-]" + digits
    if chunk[0] in ".,":
        return rf"[.,]\d{{{len(chunk) - 1}}}" if chunk[1] == "0" else r"(?:[.,]\d+)?"
    return r"\d{1,2}"


def _assembled(parts: dict[str, str]) -> datetime:
    """The instant of the parts of a text; what a layout does not name is the first of its kind."""
    year = int(parts.get("2006") or 0)
    if "06" in parts:
        short = int(parts["06"])
        year = short + (1900 if short >= 69 else 2000)
    month = _named(parts, "January", MONTHS) or _named(parts, "Jan", MONTHS) or int(_first(parts, "01", "1") or 1)
    day = int((_first(parts, "02", "_2", "2") or "1").strip())
    hour = int(_first(parts, "15", "03", "3") or 0)
    noon = (_first(parts, "PM", "pm") or "").lower()
    if noon:
        hour = hour % 12 + (12 if noon == "pm" else 0)
    minute, second = int(_first(parts, "04", "4") or 0), int(_first(parts, "05", "5") or 0)
    fraction = next((value[1:] for chunk, value in parts.items() if chunk[0] in ".," and value), "")
    moment = datetime(year or 1, month, day, hour, minute, second, int(fraction[:6].ljust(6, "0")), _zone(parts))
    ordinal = _first(parts, "002", "__2")
    return moment.replace(month=1, day=1) + timedelta(days=int(ordinal) - 1) if ordinal else moment


def _first(parts: dict[str, str], *chunks: str) -> str:
    return next((parts[chunk] for chunk in chunks if chunk in parts), "")


def _named(parts: dict[str, str], chunk: str, names: tuple[str, ...]) -> int:
    """The number of a name, from 1; 0 if the text has none."""
    name = parts.get(chunk)
    return [full[: len(name)] for full in names].index(name) + 1 if name else 0


def _zone(parts: dict[str, str]) -> timezone:
    text = next((value for chunk, value in parts.items() if chunk[0] in "Z-"), "Z")
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "").ljust(6, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]), seconds=int(digits[4:]))
    return timezone(-offset if text[0] == "-" else offset)
