"""What one integration has been told about one group: the memory that deduplication and cooldown decide by.

It is stored with every delivery, as it will be once that delivery is accepted; the newest live delivery of a group and
integration therefore is the notification log. Alerts are named by `Labels.key`, incidents by the key of the labels
without `severity`, so that a change of severity is seen as a change of the same thing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alertd.core.alerts import Alert
from alertd.core.labels import Labels
from alertd.core.notification import Notification
from alertd.core.severity import Severity


@dataclass(frozen=True, slots=True)
class Mark:
    """An alert the integration believes to be firing. Of very many most are alike, and share one.

    `fired_at` tells a re-fire from the firing that was told; `told_at` is when a message listing it was last accepted
    (None: none has been yet); `muted`: it has been muted since, so its end is held and its return is news. `flapping`:
    it was told as that, so that it is held until it calms. `incident` is empty if nothing cools down.
    """

    fired_at: datetime
    incident: str
    severity: Severity
    cooldown: timedelta | None = None
    told_at: datetime | None = None
    muted: bool = False
    flapping: bool = False


@dataclass(frozen=True, slots=True)
class Cooling:
    """An incident that was told at this severity, and about which nothing new is said until then."""

    until: datetime
    severity: Severity


@dataclass(frozen=True, slots=True)
class Told:
    """`at` is when the last message was accepted, None if none was; `open` and `cooling` as above."""

    at: datetime | None = None
    open: Mapping[str, Mark] = field(default_factory=dict)
    cooling: Mapping[str, Cooling] = field(default_factory=dict)


NOTHING = Told()


def incident(labels: Labels) -> str:
    """The key of what happens, however severe it is."""
    return labels.without("severity").key


def mark(alert: Alert, told_at: datetime | None = None) -> Mark:
    """The mark of a firing alert about to be told, and of which was told before at that instant, if it was."""
    begun = alert.fired_at or alert.active_at
    cools = incident(alert.labels) if alert.cooldown else ""
    return Mark(begun, cools, alert.severity, alert.cooldown, told_at, flapping=bool(alert.flapping))


def accepted(told: Told, notification: Notification, at: datetime) -> Told:
    """What is told once the integration has accepted this notification."""
    opened, renewed = dict(told.open), dict[Mark, Mark]()
    cooling = {incident: one for incident, one in told.cooling.items() if one.until > at}
    for alert in notification.firing:
        before = opened.get(alert.labels.key)
        if before is None:
            continue
        if before not in renewed:
            renewed[before] = replace(before, told_at=at)
        opened[alert.labels.key] = renewed[before]
        if before.cooldown:
            chill(cooling, before.incident, Cooling(at + before.cooldown, before.severity))
    return Told(at, opened, cooling)


def chill(cooling: dict[str, Cooling], incident: str, new: Cooling) -> None:
    """Let an incident cool as long as either says; what was told at the higher severity counts."""
    old = cooling.get(incident, new)
    cooling[incident] = Cooling(max(old.until, new.until), max(old.severity, new.severity))
