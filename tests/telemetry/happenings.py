"""Events for the tests of telemetry."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alertd.core.alerts import Alert, State, Transition
from alertd.core.delivery import Dead, Delivery, Outcome, Retry, Sent
from alertd.core.flush import Verdict
from alertd.core.inhibition import Inhibition
from alertd.core.labels import Labels
from alertd.core.matchers import Matcher
from alertd.core.mutes import AUDIBLE
from alertd.core.mutes import Verdict as Muted
from alertd.core.notification import Notification, Reason
from alertd.core.rules import Rule, RuleGroup
from alertd.core.silences import Silence
from alertd.core.silences import State as SilenceState
from alertd.core.told import NOTHING
from alertd.errors import DeliveryError, QueryFailure
from alertd.events import (
    AlertChanged,
    AlertMuted,
    AlertsPosted,
    Called,
    DatasourceAnswered,
    DeliveryTried,
    Event,
    FilesMissing,
    GroupEvaluated,
    GroupFlushed,
    HealthTold,
    Queried,
    Reloaded,
    RuleEvaluated,
    RulesEvaluated,
    Served,
    SilenceChanged,
    StoreUsed,
    Trouble,
)

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
RULE = Rule("JobDown", "up == 0", "rules/jobs.yml", "jobs", datasource="main")
GROUP = RuleGroup("jobs", "rules/jobs.yml", (RULE,))
ALERT = Alert("r", Labels({"alertname": "JobDown", "zone": "aa"}), State.FIRING, NOON, fired_at=NOON)


def evaluated(error: str = "", name: str = "JobDown", warnings: tuple[str, ...] = ()) -> RulesEvaluated:
    rule = replace(RULE, name=name)
    return RulesEvaluated((rule,), NOON, 0.01, (RuleEvaluated(rule, 3, error, warnings),))


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


def muted(verdict: Muted = AUDIBLE) -> AlertMuted:
    return AlertMuted("group", ALERT.labels, verdict, NOON, "team")


def silenced(state: SilenceState) -> SilenceChanged:
    one = Silence("id", (Matcher("zone", "=", "aa"),), NOON, NOON + timedelta(hours=1), NOON, "ann", "moving house")
    return SilenceChanged(one, state, NOON)


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
    muted(Muted(("one", "two"), (Inhibition(ALERT.labels, "zones"),))),
    muted(Muted(("one",), (), ("nights", "weekends"), ("office",))),
    muted(),
    silenced(SilenceState.ACTIVE),
    tried(Sent(NOON)),
    refused(),
    given_up(),
    Reloaded(NOON, 7, "rules/jobs.yml:3: unknown key"),
    FilesMissing("rules/*.yml", "check the path"),
    Served("GET", "/api/v2/alerts", 200, 0.01),
    Served("GET", "", 404, 0.01),
    Called("/alertd.v1.Alerts/List", "OK", 0.01),
    Called("/alertd.v1.Alerts/Watch", "UNAVAILABLE", 60.0, stream=True),
    Called("", "UNIMPLEMENTED", 0.0),
    HealthTold(NOON, ("2 messages wait, and nobody accepts any",)),
    Trouble("the clock jumped", "by an hour"),
)

# What is counted, and too much for a log.
COUNTED: tuple[Event, ...] = (
    *EVERY,
    GroupEvaluated(GROUP, NOON, 0.05, timedelta(seconds=2)),
    Queried("main", 3, (QueryFailure.TIMEOUT, QueryFailure.BAD_QUERY)),
    GroupFlushed("group", NOON, Verdict("team/webhook[0]", None, 1, 0, 0, cooling=2)),
    StoreUsed("commit", 0.01),
    StoreUsed("commit", 0.01, failed=True),
    AlertsPosted(3, 1),
    AlertsPosted(invalid=2),
)
