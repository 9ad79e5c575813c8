"""Every metric of alertd: its name, type, labels, and what it says. docs/metrics.md is made of this."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

FAST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
SLOW = (1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 21600, 86400)
_CHANNEL = ("receiver", "integration")


@dataclass(frozen=True)
class Row:
    """One metric. `level`: it mirrors what others hold, and is read when somebody asks."""

    name: str
    kind: str  # counter, gauge, histogram
    text: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = FAST
    level: bool = False

    @property
    def help(self) -> str:
        """What the page says, in plain text."""
        return self.text.replace("`", "")


EVALUATION = (
    Row("alertd_rules", "gauge", "Rules that are evaluated.", level=True),
    Row(
        "alertd_rules_failing",
        "gauge",
        "Rules whose last evaluation failed; which ones, `/api/v1/rules` and the log tell.",
    ),
    Row("alertd_rule_evaluations_total", "counter", "Rules evaluated, failed ones included."),
    Row(
        "alertd_rule_evaluation_failures_total",
        "counter",
        "Evaluations that failed: no answer, a refused expression, too many alerts.",
    ),
    Row("alertd_rule_samples_total", "counter", "Samples that rules were answered with."),
    Row(
        "alertd_group_iterations_missed_total",
        "counter",
        "Instants of groups that were skipped because alertd was late; should not grow.",
    ),
    Row(
        "alertd_group_duration_seconds",
        "histogram",
        "How long the evaluation of a group takes, answers of the datasource included.",
    ),
    Row(
        "alertd_group_lateness_seconds",
        "histogram",
        "How long after its instant the evaluation of a group begins.",
    ),
    Row(
        "alertd_alerts",
        "gauge",
        "Alerts by `state`: `pending`, `firing`, and `resolved` ones that somebody has yet to be told of.",
        ("state",),
        level=True,
    ),
    Row(
        "alertd_alert_changes_total",
        "counter",
        "Changes of state, by the new `state`; `inactive` is a pending alert that ended unseen.",
        ("state",),
    ),
    Row(
        "alertd_datasource_up",
        "gauge",
        "By `datasource`: 1 if it answered the last time it was asked, 0 if alertd is blind there.",
        ("datasource",),
    ),
    Row(
        "alertd_datasource_duration_seconds",
        "histogram",
        "By `datasource`: how long it takes to answer for a group.",
        ("datasource",),
    ),
)

TELLING = (
    Row(
        "alertd_notifications_total",
        "counter",
        "By `receiver` and `integration`: attempts to deliver, whether accepted or not.",
        _CHANNEL,
    ),
    Row(
        "alertd_notifications_failed_total",
        "counter",
        "By `receiver`, `integration` and `reason` (`timeout`, `refused`, `client_error`, …): attempts that failed; "
        "most are tried again.",
        (*_CHANNEL, "reason"),
    ),
    Row(
        "alertd_notifications_dead_total",
        "counter",
        "By `receiver` and `integration`: messages given up, refused for good or too old.",
        _CHANNEL,
    ),
    Row(
        "alertd_notification_duration_seconds",
        "histogram",
        "By `receiver` and `integration`: how long an attempt takes.",
        _CHANNEL,
    ),
    Row(
        "alertd_notification_latency_seconds",
        "histogram",
        "From the condition being true to the message being accepted, `for` and `group_wait` included.",
        buckets=SLOW,
    ),
    Row(
        "alertd_notifications_suppressed_total",
        "counter",
        "By `reason` (`silence`, `inhibition`, `mute_time_interval`, `active_time_interval`, `flapping`): alerts that "
        "were muted in a group when it was due; counted once, and again when who mutes them changes.",
        ("reason",),
    ),
    Row("alertd_messages_total", "counter", "Messages decided, by the `reason` that they give.", ("reason",)),
    Row(
        "alertd_silences",
        "gauge",
        "Silences by `state`: `pending`, `active`, `expired` ones that are not forgotten yet.",
        ("state",),
        level=True,
    ),
    Row(
        "alertd_groups",
        "gauge",
        "Groups of alerts that somebody is, or is to be, told of.",
        level=True,
    ),
    Row("alertd_outbox_pending", "gauge", "Messages not accepted yet; grows while a receiver is down.", level=True),
    Row("alertd_outbox_dead", "gauge", "Messages given up and not made obsolete by a newer one.", level=True),
    Row(
        "alertd_outbox_oldest_seconds",
        "gauge",
        "How long ago the oldest message that waits was decided; 0 if none waits.",
        level=True,
    ),
)

SERVING = (
    Row(
        "alertd_http_requests_total",
        "counter",
        "Requests answered, by `method`, `route` (as in the API's description; `other` for what is none) and `status`.",
        ("method", "route", "status"),
    ),
    Row(
        "alertd_http_request_duration_seconds",
        "histogram",
        "By `route`: how long an answer takes.",
        ("route",),
    ),
    Row("alertd_http_requests_active", "gauge", "Requests that are being answered.", level=True),
)

DAEMON = (
    Row("alertd_build_info", "gauge", "Always 1; `version` and `python` say what runs.", ("version", "python")),
    Row(
        "alertd_config_last_reload_successful",
        "gauge",
        "0 if the configuration or the rules on disk have not been taken over as they are.",
    ),
    Row(
        "alertd_config_last_reload_success_timestamp_seconds",
        "gauge",
        "When the last good reload was; 0 if there was none since the start.",
    ),
    Row("alertd_config_reloads_total", "counter", "Reloads, by `result`: `success` or `failure`.", ("result",)),
    Row(
        "alertd_heartbeats_total",
        "counter",
        "Signs of life for the outside, by `result`: `sent`, `failed`, `withheld` because something was wrong.",
        ("result",),
    ),
    Row(
        "alertd_troubles_total",
        "counter",
        "What should not happen and was survived: a state that could not be written, a clock that jumped.",
    ),
    Row("alertd_spans_exported_total", "counter", "Spans of traces that were exported.", level=True),
    Row(
        "alertd_spans_lost_total",
        "counter",
        "Spans that were not, by `reason`: `queue_full`, or `refused` by who takes them.",
        ("reason",),
        level=True,
    ),
    Row(
        "alertd_event_loop_lag_seconds",
        "gauge",
        "How late the event loop was with something small, the worst time within the last ten seconds.",
        level=True,
    ),
    Row("alertd_tasks", "gauge", "Tasks of the event loop.", level=True),
    Row("alertd_threads", "gauge", "Threads.", level=True),
)

PROCESS = (
    Row("process_cpu_seconds_total", "counter", "Processor time used, user and system.", level=True),
    Row("process_max_fds", "gauge", "How many files and connections may be open.", level=True),
    Row("process_open_fds", "gauge", "How many are.", level=True),
    Row("process_resident_memory_bytes", "gauge", "Memory in use.", level=True),
    Row("process_start_time_seconds", "gauge", "When the process began.", level=True),
    Row("process_virtual_memory_bytes", "gauge", "Address space in use.", level=True),
    Row(
        "python_gc_objects_collected_total",
        "counter",
        "By `generation`: objects that the garbage collector has freed.",
        ("generation",),
        level=True,
    ),
    Row(
        "python_gc_objects_uncollectable_total",
        "counter",
        "By `generation`: objects that it could not free.",
        ("generation",),
        level=True,
    ),
    Row("python_gc_collections_total", "counter", "By `generation`: how often it ran.", ("generation",), level=True),
)

# For dashboards and rules that know Alertmanager.
ALERTMANAGER = (
    Row(
        "alertmanager_alerts",
        "gauge",
        "Alerts that fire, by `state`: `active`, or `suppressed` because somebody mutes them.",
        ("state",),
        level=True,
    ),
    Row(
        "alertmanager_silences",
        "gauge",
        "As `alertd_silences`.",
        ("state",),
        level=True,
    ),
    Row(
        "alertmanager_notifications_total",
        "counter",
        "As `alertd_notifications_total`, by `integration` (the kind, such as `webhook`) and `receiver_name`.",
        ("integration", "receiver_name"),
        level=True,
    ),
    Row(
        "alertmanager_notifications_failed_total",
        "counter",
        "As `alertd_notifications_failed_total`, by `integration`, `receiver_name` and Alertmanager's `reason`.",
        ("integration", "receiver_name", "reason"),
        level=True,
    ),
    Row(
        "alertmanager_dispatcher_aggregation_groups",
        "gauge",
        "As `alertd_groups`.",
        level=True,
    ),
    Row(
        "alertmanager_config_last_reload_successful",
        "gauge",
        "As `alertd_config_last_reload_successful`.",
        level=True,
    ),
    Row(
        "alertmanager_config_last_reload_success_timestamp_seconds",
        "gauge",
        "As `alertd_config_last_reload_success_timestamp_seconds`.",
        level=True,
    ),
)

# For dashboards and rules that know Prometheus' own evaluation.
PROMETHEUS = tuple(
    Row(f"prometheus_rule_{name}", kind, text, ("rule_group",), level=True)
    for name, kind, text in (
        ("evaluations_total", "counter", "Rules evaluated, failed ones included."),
        ("evaluation_failures_total", "counter", "Evaluations that failed."),
        ("group_iterations_total", "counter", "Evaluations of the group, skipped ones included."),
        ("group_iterations_missed_total", "counter", "Those that were skipped because alertd was late."),
        ("group_interval_seconds", "gauge", "The pause between two of them."),
        ("group_last_duration_seconds", "gauge", "How long the last one took."),
        ("group_last_evaluation_timestamp_seconds", "gauge", "When the last one was."),
        ("group_last_evaluation_samples", "gauge", "How many samples its rules were answered with."),
        ("group_rules", "gauge", "Its rules."),
    )
)

# For dashboards and rules that know vmalert.
VMALERT = (
    *(
        Row(f"vmalert_{name}", kind, text, labels, level=True)
        for name, kind, text, labels in (
            ("iteration_total", "counter", "Evaluations of the group.", ("group", "file")),
            ("iteration_missed_total", "counter", "Those skipped because alertd was late.", ("group", "file")),
            ("alerts_firing", "gauge", "Alerts that fire; 0 is left out.", ("alertname", "group", "file")),
            ("alerts_pending", "gauge", "Alerts that are pending; 0 is left out.", ("alertname", "group", "file")),
            ("execution_total", "counter", "Rules evaluated.", ()),
            ("execution_errors_total", "counter", "Rules that could not be evaluated.", ()),
            ("config_last_reload_successful", "gauge", "As `alertd_config_last_reload_successful`.", ()),
        )
    ),
)

SECTIONS: Mapping[str, tuple[Row, ...]] = {
    "Evaluation": EVALUATION,
    "Telling": TELLING,
    "Serving": SERVING,
    "The daemon": DAEMON,
    "The process": PROCESS,
    "Alertmanager's names": ALERTMANAGER,
    "Prometheus' names": PROMETHEUS,
    "vmalert's names": VMALERT,
}
ROWS = {row.name: row for rows in SECTIONS.values() for row in rows}


def declare(registry: CollectorRegistry) -> Mapping[str, Any]:
    """The metrics that events are counted in, by name."""
    return dict(_declared(registry))


def _declared(registry: CollectorRegistry) -> Iterator[tuple[str, Any]]:
    for row in ROWS.values():
        if row.level:
            continue
        if row.kind == "counter":
            yield row.name, Counter(row.name, row.help, row.labels, registry=registry)
        elif row.kind == "gauge":
            yield row.name, Gauge(row.name, row.help, row.labels, registry=registry)
        else:
            yield row.name, Histogram(row.name, row.help, row.labels, buckets=row.buckets, registry=registry)
