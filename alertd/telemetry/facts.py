"""Every fact that the log tells: its stable name, its logger, its level. docs/telemetry.md is made of this table."""

from collections.abc import Mapping
from dataclasses import dataclass
from logging import CRITICAL, DEBUG, ERROR, INFO, WARNING


@dataclass(frozen=True)
class Fact:
    """One kind of line. `subject`: the fields by which it is the same again; None: every one is news."""

    event: str
    logger: str
    level: int
    message: str
    meaning: str
    subject: tuple[str, ...] | None = None


_RULES, _ALERTS = "alertd.engine.rules", "alertd.engine.alerts"
_GROUPS, _SILENCES = "alertd.engine.groups", "alertd.engine.silences"

RULE_EVALUATED = Fact("rule_evaluated", _RULES, DEBUG, "rule evaluated", "a rule was evaluated, and nothing is new")
RULE_FAILED = Fact(
    "rule_failed", _RULES, WARNING, "rule failed",
    "a rule cannot be evaluated, or now for another reason; `debug` while its datasource does not answer",
    ("file", "group", "rule", "error"),
)  # fmt: skip
RULE_RECOVERED = Fact(
    "rule_recovered", _RULES, INFO, "rule evaluates again", "a rule that failed does not", ("file", "group", "rule")
)
RULE_REMARKED = Fact(
    "rule_remarked", _RULES, WARNING, "the datasource remarks on a rule", "the answer has warnings or hints",
    ("file", "group", "rule", "remarks"),
)  # fmt: skip
GROUP_EVALUATED = Fact("group_evaluated", _RULES, DEBUG, "group evaluated", "all rules of a group were evaluated")
EVALUATIONS_MISSED = Fact(
    "evaluations_missed", _RULES, WARNING, "evaluations missed",
    "alertd was late, and instants of a group were skipped",
    ("file", "group"),
)  # fmt: skip
DATASOURCE_ASKED = Fact(
    "datasource_asked", "alertd.datasources", DEBUG, "datasource asked", "a datasource was asked, and nothing is new"
)
DATASOURCE_FAILED = Fact(
    "datasource_failed", "alertd.datasources", WARNING, "datasource does not answer",
    "alertd is blind there, or now for another reason", ("datasource", "error"),
)  # fmt: skip
DATASOURCE_RECOVERED = Fact(
    "datasource_recovered", "alertd.datasources", INFO, "datasource answers again", "it does", ("datasource",)
)
ALERT_PENDING = Fact("alert_pending", _ALERTS, INFO, "alert pending", "an alert began, and its `for` with it")
ALERT_FIRING = Fact("alert_firing", _ALERTS, INFO, "alert firing", "an alert fires")
ALERT_RESOLVED = Fact("alert_resolved", _ALERTS, INFO, "alert resolved", "an alert that fired is over")
ALERT_INACTIVE = Fact("alert_inactive", _ALERTS, INFO, "alert inactive", "an alert ended before it fired")
MORE_ALERTS_CHANGED = Fact(
    "more_alerts_changed", _ALERTS, INFO, "more alerts changed",
    "of one rule and instant more than 100 alerts changed; these, `more`, have no line of their own",
)  # fmt: skip
MESSAGE_DECIDED = Fact(
    "message_decided", _GROUPS, INFO, "to tell", "somebody is to be told; `reason` says why they are told now"
)
MORE_MESSAGES_DECIDED = Fact(
    "more_messages_decided", _GROUPS, INFO, "more to tell",
    "an integration is to be told more than 100 messages in ten seconds; these, `more`, have no line of their own",
)  # fmt: skip
NOTHING_TO_TELL = Fact("nothing_to_tell", _GROUPS, DEBUG, "nothing to tell", "a group was looked at")
ALERT_MUTED = Fact("alert_muted", _GROUPS, INFO, "alert muted", "an alert is muted, or by others than before")
ALERT_AUDIBLE = Fact("alert_audible", _GROUPS, INFO, "alert audible again", "nothing mutes an alert any more")
SILENCE_ACTIVE = Fact("silence_active", _SILENCES, INFO, "silence active", "somebody made or changed it, and it holds")
SILENCE_PENDING = Fact("silence_pending", _SILENCES, INFO, "silence pending", "the same; it will hold later")
SILENCE_EXPIRED = Fact("silence_expired", _SILENCES, INFO, "silence expired", "somebody ended it")
MESSAGE_ACCEPTED = Fact("message_accepted", "alertd.notifiers", INFO, "told", "a message was accepted")
MORE_MESSAGES_ACCEPTED = Fact(
    "more_messages_accepted", "alertd.notifiers", INFO, "more told",
    "an integration accepted more than 100 messages in ten seconds; these, `more`, have no line of their own",
)  # fmt: skip
MESSAGE_DELAYED = Fact(
    "message_delayed", "alertd.notifiers", WARNING, "not told yet",
    "an attempt failed, and will be made again; `debug` if it is as before",
    ("integration", "error"),
)  # fmt: skip
MESSAGE_GIVEN_UP = Fact(
    "message_given_up", "alertd.notifiers", ERROR, "given up", "a message was refused for good, or is too old"
)
RULE_CHANGED = Fact("rule_changed", "alertd.config", INFO, "rule changed", "what a reload changed, at most 50 lines")
RULE_FILES_MISSING = Fact(
    "rule_files_missing", "alertd.config", WARNING, "no file matches a pattern of rule_files",
    "at the start or at a reload; a rule whose file is gone ends its alerts", ("pattern",),
)  # fmt: skip
RELOAD_FAILED = Fact(
    "reload_failed", "alertd.config", ERROR, "reload failed, the last good version is kept", "the files are broken",
    ("error",),
)  # fmt: skip
CONFIGURATION_LOADED = Fact("configuration_loaded", "alertd.config", INFO, "configuration loaded", "a reload went well")
CONDITION_WROTE = Fact(
    "condition_wrote", "alertd.conditions", INFO, "a condition wrote", "a line that a condition in Python wrote",
    ("file", "rule", "stream", "text"),
)  # fmt: skip
HEARTBEAT_WITHHELD = Fact(
    "heartbeat_withheld", "alertd.telemetry", WARNING, "no heartbeat is sent", "alertd does not do all of its work"
)
HEARTBEAT_FAILED = Fact(
    "heartbeat_failed", "alertd.telemetry", WARNING, "the heartbeat failed", "the other side did not take it"
)
HEARTBEAT_RECOVERED = Fact("heartbeat_recovered", "alertd.telemetry", INFO, "the heartbeat goes on", "it does")
SAMPLES_HELD_UP = Fact(
    "samples_held_up", "alertd.telemetry", WARNING, "samples are not accepted",
    "remote write does not take the states of alerts; `result` says whether they are `retried`, `refused` or `dropped`",
)  # fmt: skip
SAMPLES_RECOVERED = Fact("samples_recovered", "alertd.telemetry", INFO, "samples are accepted again", "it does")
METRICS_HELD_UP = Fact(
    "metrics_held_up", "alertd.telemetry", WARNING, "metrics are not exported", "the collector does not take them"
)
METRICS_REMARKED = Fact(
    "metrics_remarked", "alertd.telemetry", WARNING, "the collector remarks on metrics",
    "it has advice, or takes only some of them: it refused `rejected` data points",
)  # fmt: skip
METRICS_RECOVERED = Fact("metrics_recovered", "alertd.telemetry", INFO, "metrics are exported again", "it does")
TELEMETRY_KEPT = Fact(
    "telemetry_kept", "alertd.telemetry", WARNING,
    "telemetry is what it was: what has changed of the section needs a restart",
    "a reload changed keys of `telemetry` that are followed from the next start on; `changed` names them",
)  # fmt: skip
OBSERVER_FAILED = Fact(
    "observer_failed",
    "alertd.telemetry",
    ERROR,
    "an observer failed",
    "something went wrong while alertd watched itself",
)
REQUEST_ANSWERED = Fact("request_answered", "alertd.web", DEBUG, "request answered", "an HTTP request was answered")
CALL_ANSWERED = Fact("call_answered", "alertd.rpc", DEBUG, "call answered", "a gRPC call ended")
HEALTH_LOST = Fact(
    "health_lost", "alertd.rpc", WARNING, "gRPC says that alertd is not serving", "alertd does not do its work; `why`"
)
HEALTH_FOUND = Fact(
    "health_found", "alertd.rpc", INFO, "gRPC says that alertd is serving", "alertd does its work again"
)
STATE_FAILED = Fact(
    "state_failed", "alertd.store", ERROR, "", "the state could not be written or read; `msg` says which",
    ("error",),
)  # fmt: skip
STATE_DAMAGED = Fact("state_damaged", "alertd.store", ERROR, "", "some of the state was lost; `msg` says what")
CLOCK_JUMPED = Fact("clock_jumped", "alertd.engine", ERROR, "", "the clock was set; `error` has by how much")
WEB_SETTINGS_KEPT = Fact(
    "web_settings_kept", "alertd.web", ERROR, "", "older settings of the web stay in force; `msg` says which",
    ("error",),
)  # fmt: skip
BUG = Fact("bug", "alertd.engine", ERROR, "", "what should not happen: please tell the developers", ("error",))
STANDING_BY = Fact(
    "standing_by", "alertd", WARNING, "standing by, to take over when it ends", "another alertd has the state",
)  # fmt: skip
STOPPING = Fact(
    "stopping",
    "alertd",
    INFO,
    "stopping, once what is under way is finished",
    "SIGTERM or Ctrl-C: at most 20 s are left",
)
CRASHED = Fact("crashed", "alertd", CRITICAL, "alertd crashed", "the process, or a thread of it, ends by an exception")

FACTS: Mapping[str, Fact] = {fact.event: fact for fact in list(globals().values()) if isinstance(fact, Fact)}
