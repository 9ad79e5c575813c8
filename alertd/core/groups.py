"""Aggregation groups: alerts that one route tells about together, and when to look at them next.

A group is a view, rebuilt at start from the alerts; it keeps nothing that the store does not know.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache

from alertd.core.alerts import Alert, State
from alertd.core.labels import Labels
from alertd.core.matchers import Matcher
from alertd.core.routes import Route
from alertd.core.severity import Severity, rank

AlertId = tuple[str, Labels]
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Group:
    """What mutates: the members, `due_at` (when to flush next; None: when something happens), and `flushed_at`, the
    last flush that the outbox knows of, from which the ticks are counted. `departed` are members that are told
    elsewhere, or to nobody, since then: here they end. `finished`: there is nothing left to say of any of them.
    """

    route: Route
    labels: Labels
    members: dict[AlertId, None] = field(default_factory=dict)
    due_at: datetime | None = None
    flushed_at: datetime | None = None
    departed: dict[AlertId, datetime] = field(default_factory=dict)
    finished: bool = False
    key: str = field(init=False)
    address: tuple[str] = field(init=False)  # the key, for members that are in no other group

    def __post_init__(self) -> None:
        self.key = group_key(self.route, self.labels)
        self.address = (self.key,)

    @property
    def keys(self) -> set[str]:
        """The members, by `Labels.key`."""
        return {labels.key for _, labels in self.members}

    @property
    def urgency(self) -> Severity:
        """The highest severity of its members."""
        return max((rank(labels.get("severity", "")) for _, labels in self.members), default=Severity.INFO)

    def insert(self, alert: Alert, now: datetime) -> AlertId:
        """Take in a new alert, or look again at a known one: `group_wait` after it began, or at the next tick.

        In one that is finished it is the first of another group, which only has the same key. Returns its id, of which
        thousands need not be there twice.
        """
        if self.finished:
            self.finished, self.due_at, self.flushed_at = False, None, None
        alert_id = alert.id
        self.members[alert_id] = None
        self.departed.pop(alert_id, None)
        if self.flushed_at is None:
            begun = min(alert.fired_at or now, now)  # it lies ahead if the clock was set back
            self.look_at(max(now, begun + self.route.group_wait))
        else:
            self.look_at(self.next_tick(now))
        return alert_id

    def depart(self, alert: AlertId, now: datetime) -> None:
        """Keep an alert that has left until its end is told."""
        self.members[alert] = None
        self.departed[alert] = now

    def seen_here(self, alert: Alert) -> Alert:
        """The alert as this group's receiver is to see it."""
        left_at = self.departed.get(alert.id)
        return left(alert, left_at) if left_at and alert.firing else alert

    def may_hold(self, matchers: Iterable[Matcher]) -> bool:
        """False if the labels of the group alone say that none of its members satisfies all of these."""
        names = self.route.group_by
        return all(one.matches(self.labels) for one in matchers if names is None or one.name in names)

    def look_at(self, at: datetime | None) -> None:
        """Flush at this instant, unless it is due before."""
        if at is not None:
            self.due_at = at if self.due_at is None else min(at, self.due_at)

    def next_tick(self, now: datetime) -> datetime:
        """The first whole `group_interval` after the last flush that is not before `now`."""
        if self.flushed_at is None or self.flushed_at > now:  # the clock was set back
            return now
        interval = self.route.group_interval
        ticks = max(1, -((self.flushed_at - now) // interval))
        return self.flushed_at + ticks * interval


def left(alert: Alert, at: datetime) -> Alert:
    """The alert as it ends for those who will hear of it no more, because their route does not take it any longer."""
    return alert if alert.resolved else replace(alert, state=State.RESOLVED, resolved_at=at, because="route removed")


def group_key(route: Route, labels: Labels) -> str:
    """Alertmanager's notation of a group: the route's path, then the labels it is grouped by."""
    return _spelled(route.key, labels)


@lru_cache(maxsize=1024)  # asked for again with every alert of a group
def _spelled(route: str, labels: Labels) -> str:
    return f"{route}:{labels!r}"


def collapse(alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """One alert a label set, sorted as Alertmanager sorts: by job, instance, then all labels.

    Two rules that make the same labels speak of one alert: it fires while either does, since the earlier one, also if
    that has ended by now.
    """
    chosen: dict[Labels, Alert] = {}
    for alert in alerts:
        rival = chosen.get(alert.labels)
        chosen[alert.labels] = _merged(alert, rival) if rival else alert
    return tuple(sorted(chosen.values(), key=lambda alert: order(alert.labels)))


def _merged(alert: Alert, rival: Alert) -> Alert:
    if alert.firing and rival.firing:
        return min(alert, rival, key=_begin)
    later, earlier = (alert, rival) if _end(alert) > _end(rival) else (rival, alert)
    unbroken = _begin(earlier) < _begin(later) <= _end(earlier)
    return replace(later, fired_at=_begin(earlier)) if unbroken else later


def _begin(alert: Alert) -> datetime:
    return alert.fired_at or alert.active_at


def _end(alert: Alert) -> datetime:
    return _NEVER if alert.firing else alert.resolved_at or _begin(alert)


def order(labels: Labels) -> tuple[str, str, Labels]:
    """How Alertmanager sorts the alerts of a message."""
    return labels.get("job", ""), labels.get("instance", ""), labels
