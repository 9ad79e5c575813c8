"""alertd watching itself: its own troubles become alerts that go through the same rules, routes and receivers.

It listens to events like telemetry does, and answers the expressions of its own rules like a datasource does, so that
a self-alert has no machinery of its own.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from alertd.core.delivery import Dead, Sent
from alertd.core.labels import Labels
from alertd.core.samples import Answer, Sample
from alertd.engine import selfrules
from alertd.errors import QueryError, QueryFailure
from alertd.events import (
    DatasourceAnswered,
    DeliveryTried,
    Event,
    GroupEvaluated,
    Kind,
    Reloaded,
    Restored,
    RuleEvaluated,
    RulesEvaluated,
    Trouble,
)
from alertd.ports import Selective

_MEMORY = timedelta(minutes=5)  # for what happens at an instant, and is no state
_LONGEST = 1000  # characters of an error

Facts = dict[Labels, str]  # the labels of an alert, and what there is to say about it


class Selfwatch(Selective):
    """A Listener to events and a Datasource of what they add up to."""

    name = selfrules.NAME

    def __init__(self) -> None:
        self._down: Facts = {}
        self._failing: dict[str, tuple[Labels, str]] = {}  # by the rule's key: several may have one name
        self._missed = Moments()
        self._reload: Facts = {}
        self._refused: Facts = {}
        self._dead: Facts = {}
        self._troubles = {kind: Moments() for kind in (Kind.STATE, Kind.DAMAGE, Kind.CLOCK)}
        self._facts: Mapping[str, Callable[[datetime], Iterable[tuple[Labels, str]]]] = {
            selfrules.DOWN: lambda _: self._down.items(),
            selfrules.RULE_FAILING: lambda _: dict(self._failing.values()).items(),
            selfrules.MISSED: self._missed.recent,
            selfrules.RELOAD: lambda _: self._reload.items(),
            selfrules.RECEIVER_FAILING: lambda _: self._refused.items(),
            selfrules.DEAD: lambda _: self._dead.items(),
            selfrules.STATE: self._troubles[Kind.STATE].recent,
            selfrules.DAMAGE: self._troubles[Kind.DAMAGE].recent,
            selfrules.CLOCK: self._troubles[Kind.CLOCK].recent,
        }
        self.actions: Mapping[type[Event], Callable[[Any], None]] = {
            RulesEvaluated: self._rules_evaluated,
            DatasourceAnswered: self._answered,
            GroupEvaluated: self._group_evaluated,
            Reloaded: lambda event: _set(self._reload, Labels(), event.error),
            DeliveryTried: self._tried,
            Restored: self._restored,
            Trouble: self._trouble,
        }

    def follow(self, datasources: Collection[str], integrations: Collection[str], rules: Collection[str]) -> None:
        """Forget what is no longer configured; `rules` are keys."""
        _keep(self._down, [Labels({"datasource": name}) for name in datasources])
        self._failing = {key: one for key, one in self._failing.items() if key in rules}
        for facts in (self._refused, self._dead):
            _keep(facts, [labels for labels in facts if labels["integration"] in integrations])

    async def query(self, exprs: Sequence[str], at: datetime) -> Sequence[Answer | QueryError]:
        """The samples of its own expressions; they are facts, not PromQL."""
        return [self._answer(expr, at) for expr in exprs]

    async def aclose(self) -> None:
        """Nothing to close."""

    def _answer(self, expr: str, at: datetime) -> Answer | QueryError:
        facts = self._facts.get(expr)
        if facts is None:
            known = ", ".join(self._facts)
            return QueryError(f"the datasource {self.name!r} answers only: {known}", QueryFailure.BAD_QUERY)
        return Answer(tuple(Sample(labels, 1.0, annotations={"error": text}) for labels, text in facts(at)))

    def _restored(self, event: Restored) -> None:
        """What was given up before the restart stays so until a later message is accepted."""
        for alert in event.alerts:
            if alert.firing and alert.labels.get("alertname") == selfrules.GIVEN_UP:
                labels = Labels({name: alert.labels.get(name, "") for name in ("receiver", "integration")})
                _set(self._dead, labels, alert.annotations.get("error", ""))

    def _rules_evaluated(self, event: RulesEvaluated) -> None:
        if self._failing or event.is_troubled:
            for one in event.each():
                self._evaluated(one)

    def _answered(self, event: DatasourceAnswered) -> None:
        if self._down or event.error:
            _set(self._down, Labels({"datasource": event.datasource}), event.error)

    def _group_evaluated(self, event: GroupEvaluated) -> None:
        if event.missed:
            labels = Labels({"group": event.group.name, "file": event.group.file})
            self._missed.add(labels, f"{event.missed} instants before {event.at:%H:%M:%S} UTC")

    def _trouble(self, event: Trouble) -> None:
        if event.kind in self._troubles:
            self._troubles[event.kind].add(Labels(), f"{event.where}: {event.error}")

    def _evaluated(self, event: RuleEvaluated) -> None:
        rule = event.rule
        if event.error and not event.blind:
            labels = Labels({"rule": rule.name, "group": rule.group, "file": rule.file})
            self._failing[rule.key] = labels, event.error[:_LONGEST]
        else:
            self._failing.pop(rule.key, None)

    def _tried(self, event: DeliveryTried) -> None:
        integration, notification = event.delivery.integration, event.delivery.notification
        labels = Labels({"receiver": notification.receiver if notification else "", "integration": integration})
        error = str(event.error or "")
        if isinstance(event.outcome, Sent):
            self._refused.pop(labels, None)
            self._dead.pop(labels, None)
        elif isinstance(event.outcome, Dead):
            _set(self._dead, labels, error or event.outcome.error)
        else:
            _set(self._refused, labels, error)


class Moments:
    """Facts that are true for a while after they happened, counted from when they are first asked for."""

    def __init__(self) -> None:
        self._fresh: Facts = {}
        self._known: dict[Labels, tuple[datetime, str]] = {}

    def add(self, labels: Labels, text: str) -> None:
        """It has happened, just now."""
        _set(self._fresh, labels, text)

    def recent(self, at: datetime) -> Iterator[tuple[Labels, str]]:
        """What has happened lately."""
        self._known |= {labels: (at + _MEMORY, text) for labels, text in self._fresh.items()}
        self._fresh.clear()
        self._known = {labels: one for labels, one in self._known.items() if at < one[0] <= at + _MEMORY}
        return ((labels, text) for labels, (_, text) in self._known.items())


def _set(facts: Facts, labels: Labels, text: str) -> None:
    """It is so, if there is something to say; else it is not."""
    if text:
        facts[labels] = text[:_LONGEST]
    else:
        facts.pop(labels, None)


def _keep(facts: Facts, those: Collection[Labels]) -> None:
    for labels in facts.keys() - set(those):
        del facts[labels]
