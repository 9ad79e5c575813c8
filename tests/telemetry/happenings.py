"""Events for the tests of telemetry."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alertd.core.alerts import Alert, State, Transition
from alertd.core.delivery import Dead, Delivery, Outcome, Retry, Sent
from alertd.core.flush import Verdict
from alertd.core.labels import Labels
from alertd.core.notification import Notification, Reason
from alertd.core.rules import Rule, RuleGroup
from alertd.core.told import NOTHING
from alertd.errors import DeliveryError
from alertd.events import (
    AlertChanged,
    DatasourceAnswered,
    DeliveryTried,
    Event,
    GroupEvaluated,
    GroupFlushed,
    Reloaded,
    RuleEvaluated,
    Trouble,
)

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
RULE = Rule("JobDown", "up == 0", "rules/jobs.yml", "jobs", datasource="main")
GROUP = RuleGroup("jobs", "rules/jobs.yml", (RULE,))
ALERT = Alert("r", Labels({"alertname": "JobDown", "zone": "aa"}), State.FIRING, NOON, fired_at=NOON)


def evaluated(error: str = "", name: str = "JobDown", warnings: tuple[str, ...] = ()) -> RuleEvaluated:
    return RuleEvaluated(replace(RULE, name=name), NOON, 0.01, 3, error, warnings)


def answered(error: str = "", name: str = "main") -> DatasourceAnswered:
    return DatasourceAnswered(name, 0.02, 5, error)


def changed(before: State | None, after: State | None) -> AlertChanged:
    one, other = (replace(ALERT, state=state) if state else None for state in (before, after))
    return AlertChanged(Transition(one, other), NOON)


def tried(outcome: Outcome | None = None, receiver: str = "team", error: DeliveryError | None = None) -> DeliveryTried:
    integration = f"{receiver}/webhook[0]"
    notification = Notification("id", receiver, integration, Reason.FIRST, NOON, ())
    delivery = Delivery("id", "group", integration, NOON, NOTHING, notification, attempts=1)
    latency = timedelta(seconds=40) if isinstance(outcome, Sent) else None
    return DeliveryTried(delivery, outcome or Sent(NOON, "200 OK"), 0.2, error, latency)


def refused(text: str = "503 from https://hook", receiver: str = "team") -> DeliveryTried:
    return tried(Retry(NOON, text), receiver, DeliveryError(text, reason="server_error"))


def given_up(text: str = "404") -> DeliveryTried:
    return tried(Dead(NOON, text), error=DeliveryError(text, permanent=True, reason="client_error"))


def flushed(reason: Reason | None) -> GroupFlushed:
    return GroupFlushed("group", NOON, Verdict("team/webhook[0]", reason, 1, 0, 0))


EVERY: tuple[Event, ...] = (
    evaluated(),
    evaluated("timeout"),
    GroupEvaluated(GROUP, NOON, 0.05, timedelta(milliseconds=20)),
    GroupEvaluated(GROUP, NOON, 0.05, timedelta(seconds=-1), missed=2),
    answered(),
    answered("refused", "other"),
    changed(None, State.PENDING),
    changed(State.PENDING, State.FIRING),
    changed(State.PENDING, None),
    flushed(None),
    flushed(Reason.FIRST),
    tried(Sent(NOON)),
    refused(),
    given_up(),
    Reloaded(NOON, 7, "rules/jobs.yml:3: unknown key"),
    Trouble("the clock jumped", "by an hour"),
)
