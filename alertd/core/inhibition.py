"""Inhibition: while a source alert fires, target alerts whose `equal` labels are the same are muted.

Source: Alertmanager's inhibitor, https://prometheus.io/docs/alertmanager/latest/configuration/#inhibit_rule
A label that is not set equals the empty string. An alert that matches both sides is not inhibited by one that does so
too, itself among them. A source counts while it fires, also if nobody has heard of it, or it is muted itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from alertd.core.alerts import Alert, Transition
from alertd.core.groups import AlertId
from alertd.core.labels import Labels
from alertd.core.matchers import Matcher
from alertd.core.selectors import Selectors, satisfies


@dataclass(frozen=True, slots=True)
class InhibitRule:
    """What mutes what; matchers are joined by "and"."""

    source: tuple[Matcher, ...] = ()
    target: tuple[Matcher, ...] = ()
    equal: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Inhibition:
    """Why an alert is inhibited: one alert that does it, and the name of the rule."""

    source: Labels
    rule: str


@dataclass(slots=True)
class _Pool:
    """Sources that are as good as each other; `first` is one of them, for those who ask from another thread."""

    alerts: dict[AlertId, Labels] = field(default_factory=dict)
    first: Labels | None = None

    def add(self, alert: AlertId, labels: Labels) -> None:
        self.alerts[alert] = labels
        self.first = self.first or labels

    def remove(self, alert: AlertId) -> None:
        gone = self.alerts.pop(alert, None)
        if not self.alerts:
            self.first = None
        elif gone is self.first:  # the newest takes its place: the way to the oldest leads past all that were removed
            newest, self.first = self.alerts.popitem()
            self.alerts[newest] = self.first


_Place = tuple[int, tuple[str, ...], bool]  # rule, values of its `equal` labels, whether the target side matches too


class Inhibitor:
    """The alerts that fire and are sources, by what they inhibit; it must hear of every alert that begins or ends."""

    def __init__(self, rules: Sequence[InhibitRule] = (), alerts: Iterable[Alert] = ()) -> None:
        self._rules = tuple(rules)
        self._sources = Selectors((index, rule.source) for index, rule in enumerate(self._rules))
        self._targets = Selectors((index, rule.target) for index, rule in enumerate(self._rules))
        self._pools: dict[_Place, _Pool] = {}
        self._places: dict[AlertId, Sequence[_Place]] = {}
        for alert in alerts:
            self._add(alert)

    def update(self, transitions: Iterable[Transition]) -> None:
        """Alerts began or ended to fire."""
        if not self._rules:
            return
        for transition in transitions:
            if transition.after is not None and transition.after.firing:
                self._add(transition.after)
            elif transition.before is not None:
                self._remove(transition.before.id)

    def inhibiting(self, labels: Labels) -> tuple[Inhibition, ...]:
        """Who inhibits an alert with these labels: one source a rule."""
        if not self._pools:
            return ()
        found = ((self._rules[index], self._source(index, labels)) for index in self._targets.find(labels))
        return tuple(Inhibition(source, rule.name) for rule, source in found if source is not None)

    def can_inhibit(self, labels: Labels) -> bool:
        """True if an alert with these labels is the target of any rule."""
        return bool(self._rules and self._targets.find(labels))

    def _source(self, index: int, labels: Labels) -> Labels | None:
        rule = self._rules[index]
        values = _values(rule, labels)
        source = self._first((index, values, False))
        if source is not None or satisfies(labels, rule.source):
            return source
        return self._first((index, values, True))

    def _first(self, place: _Place) -> Labels | None:
        pool = self._pools.get(place)
        return pool.first if pool else None

    def _add(self, alert: Alert) -> None:
        if not alert.firing or alert.id in self._places:
            return
        rules = [(index, self._rules[index]) for index in self._sources.find(alert.labels)]
        places = [(index, _values(rule, alert.labels), satisfies(alert.labels, rule.target)) for index, rule in rules]
        if places:
            self._places[alert.id] = places
        for place in places:
            self._pools.setdefault(place, _Pool()).add(alert.id, alert.labels)

    def _remove(self, alert: AlertId) -> None:
        for place in self._places.pop(alert, ()):
            pool = self._pools[place]
            pool.remove(alert)
            if not pool.alerts:
                del self._pools[place]


def _values(rule: InhibitRule, labels: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(labels.get(name, "") for name in rule.equal)
