"""alertd watching itself: its own troubles become alerts that go through the same rules, routes and receivers.

It listens to events like telemetry does, and answers the expressions of its own rules like a datasource does, so that
a self-alert has no machinery of its own.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from typing import Any

from alertd.core.delivery import Dead, Sent
from alertd.core.labels import Labels
from alertd.core.rules import Rule, RuleGroup
from alertd.core.samples import Answer, Sample
from alertd.errors import QueryError, QueryFailure
from alertd.events import DatasourceAnswered, DeliveryTried, Event, Reloaded

NAME = "alertd"
_BLIND_FOR = timedelta(minutes=1)


def _rule(name: str, expr: str, severity: str, summary: str, description: str, for_: timedelta) -> Rule:
    return Rule(
        name=name,
        expr=expr,
        file=NAME,
        group=NAME,
        for_=for_,
        labels={"severity": severity},
        annotations={"summary": summary, "description": description},
        datasource=NAME,
    )


DOWN, RELOAD, DEAD = (
    "alertd_datasource_up == 0",
    "alertd_config_last_reload_successful == 0",
    "alertd_delivery_dead > 0",
)

GROUP = RuleGroup(
    name=NAME,
    file=NAME,
    interval=timedelta(seconds=15),
    rules=(
        _rule(
            "AlertdDatasourceDown",
            DOWN,
            "critical",
            "alertd cannot see: {{ $labels.datasource }} does not answer",
            "The states of all its rules are held as they were.",
            _BLIND_FOR,
        ),
        _rule(
            "AlertdReloadFailed",
            RELOAD,
            "warning",
            "alertd runs on an older configuration than the one on disk",
            "The last reload failed. Run `alertd check` to see why.",
            timedelta(0),
        ),
        _rule(
            "AlertdDeliveryFailed",
            DEAD,
            "critical",
            "alertd gave up on a message to {{ $labels.receiver }}",
            "{{ $labels.integration }} did not accept it.",
            timedelta(0),
        ),
    ),
)


class Selfwatch:
    """An Observer of events and a Datasource of what they add up to."""

    name = NAME

    def __init__(self) -> None:
        self._down: dict[str, str] = {}
        self._reload_failed = False
        self._dead: dict[str, str] = {}
        self._answers: dict[str, Callable[[], Sequence[Labels]]] = {
            DOWN: lambda: [Labels({"datasource": name}) for name in self._down],
            RELOAD: lambda: [Labels()] if self._reload_failed else [],
            DEAD: lambda: [
                Labels({"receiver": receiver, "integration": name}) for name, receiver in self._dead.items()
            ],
        }

    def notice(self, event: Event) -> None:
        """Remember what is wrong, and forget it when it is right again."""
        if isinstance(event, DatasourceAnswered):
            self._answered(event)
        elif isinstance(event, Reloaded):
            self._reload_failed = bool(event.error)
        elif isinstance(event, DeliveryTried):
            self._tried(event)

    def follow(self, datasources: Collection[str], integrations: Collection[str]) -> None:
        """Forget what is no longer configured."""
        self._down = {name: error for name, error in self._down.items() if name in datasources}
        self._dead = {name: receiver for name, receiver in self._dead.items() if name in integrations}

    def span(self, name: str, **attributes: str | int | float) -> AbstractContextManager[Any]:  # noqa: ARG002
        """Nothing is traced here."""
        return nullcontext()

    async def query(self, exprs: Sequence[str], at: datetime) -> Sequence[Answer | QueryError]:  # noqa: ARG002
        """The samples of its own expressions; they are facts, not PromQL."""
        return [self._answer(expr) for expr in exprs]

    async def aclose(self) -> None:
        """Nothing to close."""

    def _answer(self, expr: str) -> Answer | QueryError:
        facts = self._answers.get(expr)
        if facts is None:
            known = ", ".join(self._answers)
            return QueryError(f"the datasource {NAME!r} answers only: {known}", QueryFailure.BAD_QUERY)
        return Answer(tuple(Sample(labels, 1.0) for labels in facts()))

    def _answered(self, event: DatasourceAnswered) -> None:
        if event.error:
            self._down[event.datasource] = event.error
        else:
            self._down.pop(event.datasource, None)

    def _tried(self, event: DeliveryTried) -> None:
        name, notification = event.delivery.integration, event.delivery.notification
        if isinstance(event.outcome, Dead):
            self._dead[name] = notification.receiver if notification else ""
        elif isinstance(event.outcome, Sent):
            self._dead.pop(name, None)
