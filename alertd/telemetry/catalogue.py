"""Every metric of alertd: its name, type, labels, and what it says. docs/metrics.md is made of this."""

from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry

from alertd.telemetry.borrowed import ALERTMANAGER, PROMETHEUS, VMALERT
from alertd.telemetry.counters import Distributions, Numbers
from alertd.telemetry.rows import SLOW, Row

_CHANNEL = ("receiver", "integration")

EVALUATION = (
    Row("alertd_rules", "gauge", "Rules that are evaluated.", level=True),
    Row(
        "alertd_rules_failing",
        "gauge",
        "Rules whose last evaluation failed; which ones, `/api/v1/rules` and the log tell.",
        level=True,
    ),
    Row("alertd_rule_evaluations_total", "counter", "Rules evaluated, failed ones included.", level=True),
    Row(
        "alertd_rule_evaluation_failures_total",
        "counter",
        "Evaluations that failed: no answer, a refused expression, too many alerts.",
        level=True,
    ),
    Row("alertd_rule_samples_total", "counter", "Samples that rules were answered with.", level=True),
    Row("alertd_group_iterations_total", "counter", "Groups evaluated.", level=True),
    Row(
        "alertd_group_iterations_late_total",
        "counter",
        "Those of them that began more than a second after their instant.",
        level=True,
    ),
    Row(
        "alertd_group_iterations_missed_total",
        "counter",
        "Instants of groups that were skipped because alertd was late; should not grow.",
        level=True,
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
    Row(
        "alertd_datasource_expressions_total",
        "counter",
        "By `datasource`: expressions that groups asked it for.",
        ("datasource",),
    ),
    Row(
        "alertd_datasource_queries_total",
        "counter",
        "By `datasource`: queries sent to it. They are fewer than the expressions as far as those could be fused.",
        ("datasource",),
    ),
    Row(
        "alertd_datasource_query_failures_total",
        "counter",
        "By `datasource` and `reason` (`unreachable`, `timeout`, `refused`, `bad_query`, `execution`, `malformed`, "
        "`too_large`): queries without an answer.",
        ("datasource", "reason"),
    ),
    Row(
        "alertd_alerts_posted_total",
        "counter",
        "Alerts that others have posted, by `status`: `firing`, `resolved`, `invalid`.",
        ("status",),
    ),
)

TELLING = (
    Row(
        "alertd_notifications_total",
        "counter",
        "By `receiver`, `integration` and `result`: attempts to deliver that were `accepted`, are `retried`, or were "
        "the last one of a message that is `dead`.",
        (*_CHANNEL, "result"),
    ),
    Row(
        "alertd_notifications_failed_total",
        "counter",
        "By `receiver`, `integration` and `reason` (`timeout`, `unreachable`, `tls`, `too_large`, `redirect`, "
        "`auth_error`, `rate_limited`, `client_error`, `server_error`, `config`, `secret`, `broken`, `bug`, `other`): "
        "attempts that failed; most are tried again.",
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
        "were muted in a group when it was due; counted once, and again when who mutes them changes. `cooldown`: "
        "alerts of which an integration would have been told, counted whenever their group is looked at.",
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
    Row(
        "alertd_cooldowns",
        "gauge",
        "Cooldowns that run: alerts of which an integration hears nothing new for a while.",
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
        "By `method` and `route`: how long an answer takes.",
        ("method", "route"),
    ),
    Row("alertd_http_requests_active", "gauge", "Requests that are being answered.", level=True),
    Row(
        "alertd_grpc_requests_total",
        "counter",
        "gRPC calls that ended, by `method` (such as `/alertd.v1.Alerts/List`; `other` for what is none) and `code` "
        "(such as `OK`).",
        ("method", "code"),
    ),
    Row(
        "alertd_grpc_request_duration_seconds",
        "histogram",
        "By `method`: how long an answer takes; streams are left out.",
        ("method",),
    ),
    Row("alertd_grpc_requests_active", "gauge", "gRPC calls that are being answered, streams included.", level=True),
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
        "alertd_remote_write_samples_total",
        "counter",
        "Samples of `ALERTS` and `ALERTS_FOR_STATE` sent by remote write, by `result`: `accepted`; `retried`, once for "
        "each attempt; `refused` for good; `dropped` because too many waited.",
        ("result",),
    ),
    Row("alertd_remote_write_pending_samples", "gauge", "Those that wait.", level=True),
    Row(
        "alertd_otlp_exports_total",
        "counter",
        "Exports of all metrics to an OpenTelemetry collector, by `result`: `success` or `failure`.",
        ("result",),
    ),
    Row(
        "alertd_otlp_points_rejected_total",
        "counter",
        "Data points that the collector refused while it took others.",
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
        "alertd_store_operations_total",
        "counter",
        "What the store was asked to do, by `operation` and `result`: `success` or `failure`.",
        ("operation", "result"),
    ),
    Row("alertd_store_duration_seconds", "histogram", "How long that takes, until it is on the disk."),
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
    made = {row.name: _declared(row) for row in ROWS.values() if not row.level}
    for one in made.values():
        registry.register(one)
    return made


def _declared(row: Row) -> Numbers | Distributions:
    return Distributions(row) if row.kind == "histogram" else Numbers(row)
