"""What the API shows of alerts at one instant, made of frozen values only, so that a thread may do it.

alerts of all rules ─ collapse ─▶ one a label set ─ routes, mutes ─▶ Shown ─ filter ─▶ a list, or groups
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from alertd.core.alerts import Alert
from alertd.core.groups import collapse, group_key
from alertd.core.labels import Labels
from alertd.core.mutes import Mutes
from alertd.core.routes import Route, group_labels, routes_of
from alertd.web import muters
from alertd.web.answers import instant
from alertd.web.filters import Filter
from alertd.web.muters import Muters

Page = dict[str, Any]


@dataclass(frozen=True)
class Look:
    """Everything that is to be seen. `updated` is when a rule, by its key, was evaluated last.

    `receivers` are their labels by name. `patience`: how long an alert goes on of which nothing more is heard.
    """

    alerts: Sequence[Alert]
    root: Route
    receivers: Mapping[str, Labels]
    mutes: Mutes
    updated: Mapping[str, datetime]
    patience: timedelta
    now: datetime

    def listed(self, wanted: Filter) -> list[Page]:
        """The alerts that fit, by fingerprint."""
        names = wanted.names(self.receivers)
        shown = (one for one in self._shown(wanted) if any(way.route.receiver in names for way in one.ways))
        fitting = sorted((one for one in shown if wanted.takes(one.muters)), key=lambda one: one.fingerprint)
        return [one.page(one.muters) for one in fitting]

    def grouped(self, wanted: Filter) -> list[Page]:
        """The groups of the receivers that fit, with the alerts that do."""
        names = wanted.names(self.receivers)
        piles: dict[str, _Pile] = {}
        for one in self._shown(wanted):
            for way in one.ways:
                if way.route.receiver in names and wanted.takes(way.muters):
                    labels = group_labels(way.route, one.alert.labels)
                    pile = piles.setdefault(group_key(way.route, labels), _Pile(way.route, labels))
                    pile.alerts.append(one.page(way.muters))
        return [pile.page() for pile in sorted(piles.values(), key=_Pile.order)]

    def _shown(self, wanted: Filter) -> Iterator["_Shown"]:
        told = (alert for alert in self.alerts if alert.firing or alert.resolved)
        for alert in collapse(alert for alert in told if wanted.fits(alert.labels)):
            if alert.firing:
                yield self._show(alert)

    def _show(self, alert: Alert) -> "_Shown":
        routes = routes_of(self.root, alert)
        ways = [_Way(route, muters.of(self.mutes.verdict(alert, route, self.now))) for route in routes]
        if alert.posted:
            return _Shown(alert, ways, alert.posted.updated_at, alert.posted.ends_at)
        return _Shown(alert, ways, self.updated.get(alert.rule, alert.active_at), self.now + self.patience)


@dataclass(frozen=True, slots=True)
class _Way:
    """A route of an alert, and who mutes it there."""

    route: Route
    muters: Muters


@dataclass(frozen=True, slots=True)
class _Shown:
    """An alert that fires. `ends_at`: when it would end if nothing more were heard of it."""

    alert: Alert
    ways: Sequence[_Way]
    updated_at: datetime
    ends_at: datetime

    @property
    def fingerprint(self) -> str:
        return self.alert.labels.fingerprint

    @property
    def muters(self) -> Muters:
        return muters.everywhere([way.muters for way in self.ways])

    def page(self, muters: Muters) -> Page:
        alert = self.alert
        shown = {
            "annotations": dict(alert.annotations),
            "endsAt": instant(self.ends_at),
            "fingerprint": self.fingerprint,
            "receivers": [{"name": name} for name in dict.fromkeys(way.route.receiver for way in self.ways)],
            "startsAt": instant(alert.starts_at),
            "status": muters.page(),
            "updatedAt": instant(self.updated_at),
            "labels": dict(alert.labels),
        }
        return {**shown, "generatorURL": alert.generator_url} if alert.generator_url else shown


@dataclass(slots=True)
class _Pile:
    """A group as the API shows it."""

    route: Route
    labels: Labels
    alerts: list[Page] = field(default_factory=list)

    def order(self) -> tuple[int, Labels, str, str]:
        """As Alertmanager sorts groups: those with fewer labels first."""
        return len(self.labels), self.labels, self.route.receiver, self.route.key

    def page(self) -> Page:
        return {
            "alerts": self.alerts,
            "labels": dict(self.labels),
            "receiver": {"name": self.route.receiver},
            "routeLabels": dict(self.route.labels),
        }
