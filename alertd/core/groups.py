"""Aggregation groups: alerts that one route tells about together, and when to look at them next.

A group is a view, rebuilt at start from the alerts; it keeps nothing that the store does not know.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from alertd.core.alerts import Alert
from alertd.core.labels import Labels
from alertd.core.routes import Route

AlertId = tuple[str, Labels]


@dataclass
class Group:
    """What mutates: the members, `due_at` (when to flush next; None: when something happens), and `flushed_at`, the
    last flush that the outbox knows of, from which the ticks are counted.
    """

    route: Route
    labels: Labels
    members: dict[AlertId, None] = field(default_factory=dict)
    due_at: datetime | None = None
    flushed_at: datetime | None = None

    @property
    def key(self) -> str:
        return group_key(self.route, self.labels)

    def insert(self, alert: Alert, now: datetime) -> None:
        """Take in a new alert, or look again at a known one: `group_wait` after it began, or at the next tick."""
        self.members[alert.id] = None
        if self.flushed_at is None:
            self.look_at(max(now, (alert.fired_at or now) + self.route.group_wait))
        else:
            self.look_at(self.next_tick(now))

    def look_at(self, at: datetime | None) -> None:
        """Flush at this instant, unless it is due before."""
        if at is not None:
            self.due_at = at if self.due_at is None else min(at, self.due_at)

    def next_tick(self, now: datetime) -> datetime:
        """The first whole `group_interval` after the last flush that is not before `now`."""
        if self.flushed_at is None:
            return now
        interval = self.route.group_interval
        ticks = max(1, -((self.flushed_at - now) // interval))
        return self.flushed_at + ticks * interval

    def flushed(self, at: datetime | None) -> None:
        """It has been looked at, and something was written at this instant; nothing is due until somebody says so."""
        self.flushed_at, self.due_at = at or self.flushed_at, None


def group_key(route: Route, labels: Labels) -> str:
    """Alertmanager's notation of a group: the route's path, then the labels it is grouped by."""
    return f"{route.key}:{labels!r}"


def collapse(alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """One alert a label set, sorted as Alertmanager sorts: by job, instance, then all labels.

    Two rules that make the same labels speak of one alert: it fires while either does, since the earlier one.
    """
    chosen: dict[Labels, Alert] = {}
    for alert in alerts:
        rival = chosen.get(alert.labels)
        if rival is None or _outranks(alert, rival):
            chosen[alert.labels] = alert
    return tuple(sorted(chosen.values(), key=_order))


def _outranks(alert: Alert, rival: Alert) -> bool:
    if alert.firing is not rival.firing:
        return alert.firing
    begun, rival_begun = alert.fired_at or alert.active_at, rival.fired_at or rival.active_at
    return begun < rival_begun if alert.firing else (alert.resolved_at or begun) > (rival.resolved_at or rival_begun)


def _order(alert: Alert) -> tuple[str, str, Labels]:
    return alert.labels.get("job", ""), alert.labels.get("instance", ""), alert.labels
