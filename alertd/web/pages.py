"""Alerts as the v2 API shows them: a list, or groups."""

from dataclasses import dataclass, field
from typing import Any

from alertd.core.filters import Filter
from alertd.core.groups import group_key
from alertd.core.labels import Labels
from alertd.core.look import Look, Shown
from alertd.core.muters import Muters
from alertd.core.routes import Route, group_labels
from alertd.web.answers import instant

Page = dict[str, Any]


def listed(look: Look, wanted: Filter) -> list[Page]:
    """The alerts that fit, by fingerprint."""
    return [_alert(one, one.muters) for one in look.listed(wanted)]


def grouped(look: Look, wanted: Filter) -> list[Page]:
    """The groups of the receivers that fit, with the alerts that do."""
    names = wanted.names(look.receivers)
    piles: dict[str, _Pile] = {}
    for one in look.shown(wanted):
        for way in one.ways:
            if way.route.receiver in names and wanted.takes(way.muters):
                labels = group_labels(way.route, one.alert.labels)
                pile = piles.setdefault(group_key(way.route, labels), _Pile(way.route, labels))
                pile.alerts.append(_alert(one, way.muters))
    return [pile.page() for pile in sorted(piles.values(), key=_Pile.order)]


def _alert(one: Shown, muters: Muters) -> Page:
    alert = one.alert
    shown = {
        "annotations": dict(alert.annotations),
        "endsAt": instant(one.ends_at),
        "fingerprint": one.fingerprint,
        "receivers": [{"name": name} for name in one.receivers],
        "startsAt": instant(alert.starts_at),
        "status": _status(muters),
        "updatedAt": instant(one.updated_at),
        "labels": dict(alert.labels),
    }
    return {**shown, "generatorURL": alert.generator_url} if alert.generator_url else shown


def _status(muters: Muters) -> Page:
    return {
        "inhibitedBy": muters.inhibited,
        "mutedBy": muters.muted,
        "silencedBy": muters.silenced,
        "state": "suppressed" if muters else "active",
    }


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
