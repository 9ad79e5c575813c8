"""What is to be seen of alerts at one instant, made of frozen values only, so that a thread may look.

alerts of all rules ─ collapse ─▶ one a label set ─ routes, mutes ─▶ Shown ─ filter ─▶ what somebody wants
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alertd.core import muters
from alertd.core.alerts import Alert, State
from alertd.core.filters import Filter
from alertd.core.groups import collapse
from alertd.core.labels import Labels
from alertd.core.muters import Muters
from alertd.core.mutes import Mutes
from alertd.core.routes import Route, routes_of


@dataclass(frozen=True, slots=True)
class Way:
    """A route of an alert, and who mutes it there."""

    route: Route
    muters: Muters


@dataclass(frozen=True, slots=True)
class Shown:
    """An alert and its ways. `ends_at`: when it would end if nothing more were heard of it."""

    alert: Alert
    ways: Sequence[Way]
    updated_at: datetime
    ends_at: datetime

    @property
    def fingerprint(self) -> str:
        return self.alert.labels.fingerprint

    @property
    def receivers(self) -> Sequence[str]:
        """Who is told of it, each once."""
        return tuple(dict.fromkeys(way.route.receiver for way in self.ways))

    @property
    def muters(self) -> Muters:
        """Who mutes it on all of its ways."""
        return muters.everywhere([way.muters for way in self.ways])


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

    def listed(self, wanted: Filter, after: str = "") -> Iterator[Shown]:
        """The alerts that fit, by fingerprint, from the one that comes after this on; they are looked at one by one."""
        names = wanted.names(self.receivers)
        for alert in sorted(self._candidates(wanted), key=lambda one: one.labels.fingerprint):
            if alert.labels.fingerprint > after:
                shown = self.show(alert)
                if is_wanted(shown, wanted, names):
                    yield shown

    def shown(self, wanted: Filter) -> Iterator[Shown]:
        """The alerts whose labels fit, sorted as Alertmanager sorts them."""
        return map(self.show, self._candidates(wanted))

    def show(self, alert: Alert) -> Shown:
        """One alert, as it is seen now."""
        routes = routes_of(self.root, alert)
        ways = [Way(route, muters.of(self.mutes.verdict(alert, route, self.now))) for route in routes]
        if alert.posted:
            return Shown(alert, ways, alert.posted.updated_at, alert.posted.ends_at)
        return Shown(alert, ways, self.updated.get(alert.rule, alert.active_at), self.now + self.patience)

    def _candidates(self, wanted: Filter) -> Iterator[Alert]:
        """One alert a label set. One that fires hides one that is pending; one that ended may have begun it."""
        fitting = [alert for alert in self.alerts if wanted.fits(alert.labels)]
        firing = [one for one in collapse(one for one in fitting if one.firing or one.resolved) if one.firing]
        if State.FIRING in wanted.states:
            yield from firing
        if State.PENDING in wanted.states:
            yield from collapse(_pending(fitting, {alert.labels for alert in firing}))


def is_wanted(shown: Shown, wanted: Filter, names: Collection[str]) -> bool:
    """Whether somebody of these receivers is told of it, and it is muted as it may be."""
    return any(way.route.receiver in names for way in shown.ways) and wanted.takes(shown.muters)


def _pending(alerts: Iterable[Alert], hidden: Collection[Labels]) -> Iterator[Alert]:
    return (alert for alert in alerts if alert.state is State.PENDING and alert.labels not in hidden)
