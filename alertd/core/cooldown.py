"""Cooldown: after a receiver accepted a message about an incident, it hears nothing new about it for a while."""

from datetime import datetime

from alertd.core.alerts import Alert
from alertd.core.routes import REPEAT_INTERVAL, Route
from alertd.core.told import Mark, Told, incident


def cools_until(alert: Alert, told: Told, now: datetime) -> datetime | None:
    """When the cooldown of this alert's incident ends; None if there is none, or its severity has risen since."""
    cooling = told.cooling.get(incident(alert.labels)) if told.cooling else None
    if cooling is None or cooling.until <= now or alert.severity > cooling.severity:
        return None
    return cooling.until


def repeats_at(mark: Mark, told: Told, route: Route) -> datetime | None:
    """When an alert that was told and still fires is told again; None while no message about it has been accepted.

    A route without a `repeat_interval` of its own repeats after the rule's cooldown; a longer cooldown always wins, and
    so does a longer `group_interval`.
    """
    if mark.told_at is None:
        return None
    pause = max(route.repeat_interval or mark.cooldown or REPEAT_INTERVAL, route.group_interval)
    cooling = told.cooling.get(mark.incident)
    return max(mark.told_at + pause, cooling.until) if cooling else mark.told_at + pause
