"""The groups there are, which alerts are in which of them, and which is due next."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from alertd.core.alerts import Alert
from alertd.core.groups import AlertId, Group, group_key
from alertd.core.labels import Labels
from alertd.core.routes import Route, group_labels, routes_of
from alertd.core.storms import StormBounds, Storms, gathered, gathering
from alertd.engine.agenda import Agenda

_AT_ONCE, _ALERTS_AT_ONCE = 200, 5000  # flushed in one transaction: enough to share its cost, few enough to go out soon


class Groups:
    """The groups of one routing tree; another tree needs others.

    `together` are the alerts, by group, that have been told together in a storm and so go on; by `Labels.key`.
    """

    def __init__(
        self, root: Route, bounds: StormBounds | None = None, together: Mapping[str, set[str]] | None = None
    ) -> None:
        self._root, self._storms, self._together = root, Storms(bounds or StormBounds()), together or {}
        self._groups: dict[str, Group] = {}
        self._homes: dict[AlertId, tuple[str, ...]] = {}
        self._agenda = Agenda()

    def __iter__(self) -> Iterator[Group]:
        return iter(self._groups.values())

    def get(self, key: str) -> Group | None:
        """The group of this key, if there is one."""
        return self._groups.get(key)

    def keys(self) -> Collection[str]:
        """The keys of all groups."""
        return self._groups.keys()

    def homes(self, alert: AlertId) -> Collection[str]:
        """The groups this alert is in."""
        return self._homes.get(alert, ())

    def receivers(self, alert: AlertId) -> set[tuple[str, str]]:
        """The groups this alert is in, and who is told there."""
        return {(group.key, group.route.receiver) for key in self.homes(alert) if (group := self._groups.get(key))}

    def insert(self, alert: Alert, now: datetime, flushed: Mapping[str, datetime] | None = None) -> None:
        """Put the alert into the groups of its routes; `flushed` are the last flushes of groups that were before."""
        for route in routes_of(self._root, alert):
            group = self._group(route, alert, now, flushed or {})
            due_at = group.due_at
            alert_id = group.insert(alert, now)
            if group.due_at != due_at:
                self._agenda.note(group)
            self._settle(alert_id, group)

    def _group(self, route: Route, alert: Alert, now: datetime, flushed: Mapping[str, datetime]) -> Group:
        labels = group_labels(route, alert.labels)
        key = group_key(route, labels)
        if self._is_gathered(route, key, alert, now, flushed):
            route, labels, key = gathered(route), Labels(), gathering(route)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(route, labels, flushed_at=_since(alert, flushed.get(key)))
        return group

    def _is_gathered(
        self, route: Route, key: str, alert: Alert, now: datetime, flushed: Mapping[str, datetime]
    ) -> bool:
        storm = gathering(route)
        if storm in self.homes(alert.id) or alert.labels.key in self._together.get(storm, ()):
            return True
        if key in self._groups or key in flushed:
            return False
        return self._storms.gathers(route, key, alert, min(now, alert.fired_at or now))

    def part(self, group: Group, alert: AlertId, now: datetime) -> None:
        """An alert that no route leads to the group any more ends there, and leaves once its end is told."""
        group.depart(alert, now)
        self._settle(alert, group)

    def leave(self, group: Group, alert: AlertId) -> None:
        """Take the alert out of the group."""
        group.members.pop(alert, None)
        group.departed.pop(alert, None)
        self._together.get(group.key, set()).discard(alert[1].key)
        homes = tuple(key for key in self._homes.pop(alert, ()) if key != group.key)
        if homes:
            self._homes[alert] = homes
        elif not self._homes:
            self._homes = {}  # an empty one is as large as it ever was

    def _settle(self, alert: AlertId, group: Group) -> None:
        homes = self._homes.get(alert, ())
        if group.key not in homes:
            self._homes[alert] = (*homes, group.key) if homes else group.address

    def drop(self, group: Group) -> None:
        """Forget a group without members."""
        if self._groups.get(group.key) is group:
            del self._groups[group.key]

    # When to look at them.

    def next_due(self) -> datetime | None:
        """When the next group is due."""
        return self._agenda.next_due()

    def schedule(self, group: Group, at: datetime | None) -> None:
        """Look at the group at this instant, unless it is due before."""
        if at is not None:
            group.look_at(at)
            self._agenda.note(group)

    def take_due(self, now: datetime) -> list[Group]:
        """The groups that are due; from now on they are not, until somebody says so."""
        return [group for at, key in self._agenda.take(now) if (group := self._due(key, at)) is not None]

    def _due(self, key: str, at: datetime) -> Group | None:
        group = self._groups.get(key)
        if group is None or group.due_at != at:
            return None
        group.due_at = None
        return group


def by_age(alerts: Iterable[Alert], now: datetime) -> list[Alert]:
    """The alerts somebody is to be told of, the one that began first coming first."""
    told = [alert for alert in alerts if alert.firing or alert.resolved]
    return sorted(told, key=lambda alert: alert.fired_at or now)


def in_parts(due: Iterable[Group]) -> Iterator[Sequence[Group]]:
    """Groups that are flushed together, in the order they have; one of very many alerts is alone."""
    part: list[Group] = []
    alerts = 0
    for group in due:
        alerts += len(group.members)
        if part and (len(part) == _AT_ONCE or alerts > _ALERTS_AT_ONCE):
            yield part
            part, alerts = [], len(group.members)
        part.append(group)
    if part:
        yield part


def _since(first: Alert, flushed: datetime | None) -> datetime | None:
    """The last flush of a group, unless it belongs to an earlier life of it, before its first alert began."""
    return flushed if flushed and first.fired_at and first.fired_at <= flushed else None
