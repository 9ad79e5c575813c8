"""Cooldown: after a receiver accepted a message about an incident, it hears nothing new about it for a while.

An instant that should have passed but lies ahead was written before the clock was set back; it does not count.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from alertd.core.alerts import Alert
from alertd.core.routes import REPEAT_INTERVAL, Route
from alertd.core.told import Cooling, Mark, incident


def cools_until(alert: Alert, cooling: Mapping[str, Cooling], now: datetime) -> datetime | None:
    """When the cooldown of this alert's incident ends; None if there is none, or its severity has risen since."""
    if not cooling:
        return None
    found = cooling.get(incident(alert.labels))
    if found is None or alert.severity > found.severity:
        return None
    return _still(found, alert.cooldown, now)


def repeats_at(mark: Mark, cooling: Mapping[str, Cooling], route: Route, now: datetime) -> datetime | None:
    """When an alert that was told and still fires is told again; None while no message about it has been accepted.

    A route without a `repeat_interval` of its own repeats after the rule's cooldown; a longer cooldown always wins, and
    so does a longer `group_interval`.
    """
    if mark.told_at is None:
        return None
    pause = max(route.repeat_interval or mark.cooldown or REPEAT_INTERVAL, route.group_interval)
    again = mark.told_at + pause if mark.told_at <= now else now
    found = cooling.get(mark.incident)
    until = _still(found, mark.cooldown, now) if found else None
    return max(again, until) if until else again


def _still(cooling: Cooling, cooldown: timedelta | None, now: datetime) -> datetime | None:
    left = cooling.until - now
    return cooling.until if cooldown and timedelta(0) < left <= cooldown else None
