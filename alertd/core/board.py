"""The board: the alerts of every rule as they are now, and how each rule is doing; the only memory of them."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from alertd.core.alerts import Alert, Transition
from alertd.core.groups import AlertId
from alertd.core.labels import Labels
from alertd.core.rules import RuleGroup


@dataclass
class RuleStatus:
    """How a rule is doing; `error` is empty when the last evaluation, and all its texts, went well.

    `values` are those of the samples at the last evaluation, for a rule whose `when` asks; `had_data`: there were any.
    `texts`: who made all the annotations of its alerts, if nothing was wrong with any.
    """

    alerts: Mapping[Labels, Alert] = field(default_factory=dict)
    values: Mapping[Labels, float] = field(default_factory=dict)
    had_data: bool = False
    texts: object = None
    evaluated_at: datetime | None = None
    seconds: float = 0.0
    error: str = ""

    @property
    def health(self) -> str:
        """`unknown` before the first evaluation, then `ok` or `err`."""
        if self.evaluated_at is None:
            return "unknown"
        return "err" if self.error else "ok"


class Board:
    """Alerts alive, by rule and labels, and alerts that ended but of which somebody is still to be told."""

    def __init__(self) -> None:
        self.groups: tuple[RuleGroup, ...] = ()
        self._rules: dict[str, RuleStatus] = {}
        self._ended: dict[AlertId, Alert] = {}

    def restore(self, alerts: Iterable[Alert]) -> None:
        """Take in what the store kept."""
        alive: dict[str, dict[Labels, Alert]] = {}
        for alert in alerts:
            if alert.resolved:
                self._ended[alert.id] = alert
            else:
                alive.setdefault(alert.rule, {})[alert.labels] = alert
        for rule, found in alive.items():
            self.status(rule).alerts = found

    def follow(self, groups: Iterable[RuleGroup]) -> None:
        """Have these groups; their alerts are told as their rules say now, without waiting for an evaluation."""
        self.groups = tuple(groups)
        for rule in (rule for group in self.groups for rule in group.rules):
            status = self._rules.get(rule.key)
            if status is not None and any(alert.notify != rule.notify for alert in status.alerts.values()):
                status.alerts = {labels: replace(one, notify=rule.notify) for labels, one in status.alerts.items()}

    def status(self, rule: str) -> RuleStatus:
        """How this rule is doing; made up empty for one never seen."""
        return self._rules.get(rule) or self._rules.setdefault(rule, RuleStatus())

    def evaluated(self, rules: Iterable[str], at: datetime, seconds: float) -> None:
        """These were evaluated, which took each so long; nothing is known to be wrong with them."""
        for rule in rules:
            status = self.status(rule)
            status.evaluated_at, status.seconds, status.texts, status.error = at, seconds, None, ""

    def apply(self, rule: str, alerts: Mapping[Labels, Alert], transitions: Iterable[Transition]) -> None:
        """Take over what an evaluation decided, once it is stored."""
        self.status(rule).alerts = alerts
        for transition in transitions:
            if transition.after is not None and transition.after.resolved:
                self._ended[transition.after.id] = transition.after

    def tellable(self, ids: Iterable[AlertId]) -> list[Alert]:
        """The alerts of these that are firing, or have ended; one that fires again hides its earlier end."""
        return [alert for alert in map(self.find, ids) if alert is not None]

    def find(self, alert_id: AlertId) -> Alert | None:
        """The alert if it is firing, or has ended and somebody is still to be told."""
        status = self._rules.get(alert_id[0])
        alert = status.alerts.get(alert_id[1]) if status else None
        return alert if alert is not None and alert.firing else self._ended.get(alert_id)

    def ended(self, alert_id: AlertId) -> bool:
        """True if the end of this alert is remembered."""
        return alert_id in self._ended

    def forget(self, ends: Iterable[Alert]) -> None:
        """Everybody has been told of these ends; a later one of the same alert is another."""
        for alert in ends:
            if self._ended.get(alert.id) is alert:
                del self._ended[alert.id]
        if not self._ended:
            self._ended = {}  # an empty one is as large as it ever was

    def alive(self) -> Iterator[Alert]:
        """Every pending and firing alert."""
        for status in self._rules.values():
            yield from status.alerts.values()

    def all(self) -> Iterator[Alert]:
        """Every alert, those that ended included."""
        yield from self.alive()
        yield from self._ended.values()

    def strays(self, rules: Collection[str]) -> dict[str, tuple[Alert, ...]]:
        """The alerts alive of rules that are none of these, by rule."""
        return {
            key: tuple(status.alerts.values())
            for key, status in self._rules.items()
            if key not in rules and status.alerts
        }

    def keep(self, rules: Collection[str]) -> None:
        """Drop the status of rules that are none of these, but for those with alerts."""
        self._rules = {key: status for key, status in self._rules.items() if key in rules or status.alerts}

    def counts(self) -> Mapping[str, int]:
        """Alerts by state."""
        counts = Counter(str(alert.state) for alert in self.alive())
        return {"pending": counts["pending"], "firing": counts["firing"], "resolved": len(self._ended)}
