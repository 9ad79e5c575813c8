"""Instants as Go writes them, which is how Prometheus and Alertmanager do."""

from datetime import datetime
from functools import lru_cache

NEVER = "0001-01-01T00:00:00Z"


@lru_cache(maxsize=1024)  # many alerts begin at one
def rfc3339(at: datetime | None) -> str:
    """An aware UTC datetime without trailing zeros; Go's zero time where there is none."""
    if at is None:
        return NEVER
    text = at.replace(tzinfo=None, microsecond=0).isoformat()
    return f"{text}.{at.microsecond:06}".rstrip("0") + "Z" if at.microsecond else f"{text}Z"
