"""Durations as Prometheus writes them: `1h30m`, `15s`, `100ms`, units from large to small, no fractions."""

import re
from datetime import timedelta

_UNITS = {"y": 31_536_000_000, "w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_PATTERN = re.compile(
    r"(?:(?P<y>\d+)y)?(?:(?P<w>\d+)w)?(?:(?P<d>\d+)d)?(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?(?:(?P<s>\d+)s)?(?:(?P<ms>\d+)ms)?",
    re.ASCII,
)
_LONGEST = timedelta(days=365 * 290)  # Prometheus keeps nanoseconds in 64 bits


def parse(text: str) -> timedelta:
    """`5m` → five minutes. Raises ValueError with advice. Source: Prometheus' `model.ParseDuration`."""
    if text == "0":
        return timedelta(0)
    match = _PATTERN.fullmatch(text) if text and len(text) <= 100 else None
    if match is None:
        raise ValueError(f"not a duration: {text[:100]!r} (write 30s, 5m, 1h30m; units y w d h m s ms, large to small)")
    milliseconds = sum(int(count) * _UNITS[unit] for unit, count in match.groupdict().items() if count)
    if milliseconds > _LONGEST / timedelta(milliseconds=1):
        raise ValueError(f"duration out of range: {text!r}")
    return timedelta(milliseconds=milliseconds)


def format(duration: timedelta) -> str:  # noqa: A001 - read as durations.format, the inverse of durations.parse
    """Five minutes → `5m`. Weeks and years are written as days where they are not whole, as Prometheus does."""
    left = round(duration / timedelta(milliseconds=1))
    if left == 0:
        return "0s"
    sign, left, parts = ("-" if left < 0 else ""), abs(left), []
    for unit, size in _UNITS.items():
        if unit in ("y", "w") and left % size:
            continue
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return sign + "".join(parts)
