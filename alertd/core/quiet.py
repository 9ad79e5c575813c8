"""Why an integration is told nothing of an alert that a flush looked at: what `dedup` decided, said for people."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from alertd.core.alerts import Alert
from alertd.core.cooldown import cools_until, repeats_at
from alertd.core.dedup import Line, is_news
from alertd.core.routes import Route


class Why(StrEnum):
    """Why nothing is said of an alert."""

    COOLDOWN = "cooldown"  # it was told not long ago
    REPEAT = "repeat"  # it was told, and is not to be repeated yet
    WAITING = "waiting"  # the message that says it waits for its receiver
    UNCLOSED = "unclosed"  # it ended, and the integration is not told of ends
    UNHEARD = "unheard"  # it ended, and the integration never heard of it


@dataclass(frozen=True, slots=True)
class Hush:
    """`until` is when the reason is over by itself; None: only an event ends it."""

    why: Why
    until: datetime | None = None


def hushed(alerts: Iterable[Alert], before: Line, after: Line, route: Route, now: datetime) -> Mapping[str, Hush]:
    """By `Labels.key`, why nothing is said of these audible alerts; `before` and `after` are the line at the flush.

    Of an alert that is not in the answer the message of this flush speaks, or the next one will.
    """
    reasons = {alert.labels.key: hush(alert, before, after, route, now) for alert in alerts}
    return {key: reason for key, reason in reasons.items() if reason is not None}


def hush(alert: Alert, before: Line, after: Line, route: Route, now: datetime) -> Hush | None:
    """Why nothing is said of this one."""
    if not alert.firing:
        return _of_end(alert, before, after)
    known = after.told.open.get(alert.labels.key)
    if after.waiting is not None and after.knows(alert.labels.key):
        return Hush(Why.WAITING, after.waiting.next_at)
    if known is None or is_news(alert, known):
        until = cools_until(alert, after.cooling, now)
        return Hush(Why.COOLDOWN, until) if until else None
    again = repeats_at(known, after.cooling, route, now)
    return Hush(Why.REPEAT, again) if again and again > now else None


def _of_end(alert: Alert, before: Line, after: Line) -> Hush | None:
    key = alert.labels.key
    if after.knows(key):
        return Hush(Why.WAITING, after.waiting.next_at) if after.waiting else None
    return Hush(Why.UNCLOSED) if before.knows(key) else Hush(Why.UNHEARD)
