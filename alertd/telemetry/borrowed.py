"""Metrics under the names that dashboards and rules for Alertmanager, Prometheus and vmalert look for."""

from alertd.telemetry.rows import Row

LATENCY = (1, 5, 10, 15, 20)  # Alertmanager's buckets

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
        "alertmanager_notification_latency_seconds",
        "histogram",
        "How long an attempt takes, by `integration` and `receiver_name`.",
        ("integration", "receiver_name"),
        LATENCY,
    ),
    Row(
        "alertmanager_notifications_suppressed_total",
        "counter",
        "As `alertd_notifications_suppressed_total`, for Alertmanager's reasons.",
        ("reason",),
        level=True,
    ),
    Row(
        "alertmanager_alerts_received_total",
        "counter",
        "As `alertd_alerts_posted_total`, by `status` (`firing`, `resolved`) and `version` (always `v2`).",
        ("status", "version"),
        level=True,
    ),
    Row(
        "alertmanager_alerts_invalid_total",
        "counter",
        "As `alertd_alerts_posted_total`, for `invalid` ones.",
        ("version",),
        level=True,
    ),
    Row("alertmanager_receivers", "gauge", "Receivers that are configured.", level=True),
    Row("alertmanager_integrations", "gauge", "Their integrations.", level=True),
    Row("alertmanager_inhibition_rules", "gauge", "Inhibition rules that are configured.", level=True),
    Row("alertmanager_config_hash", "gauge", "A number that changes with the configuration.", level=True),
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

_OF_ALL_GROUPS = (
    Row(
        "prometheus_rule_group_duration_seconds",
        "summary",
        "How long the evaluation of a group takes; the `quantile`s are of the last ten of each.",
        level=True,
    ),
    Row("prometheus_config_last_reload_successful", "gauge", "As `alertd_config_last_reload_successful`.", level=True),
    Row(
        "prometheus_config_last_reload_success_timestamp_seconds",
        "gauge",
        "As `alertd_config_last_reload_success_timestamp_seconds`.",
        level=True,
    ),
)

_BY_GROUP = tuple(
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

PROMETHEUS = (*_BY_GROUP, *_OF_ALL_GROUPS)

_GROUP, _RULE = ("group", "file"), ("alertname", "group", "file")
_DURATION = "How long an evaluation takes; the `quantile`s are of the last ten."
_SAMPLES = "Samples of its last evaluation."
VMALERT = (
    *(
        Row(f"vmalert_{name}", kind, text, labels, level=True)
        for name, kind, text, labels in (
            ("iteration_total", "counter", "Evaluations of the group.", _GROUP),
            ("iteration_missed_total", "counter", "Those skipped because alertd was late.", _GROUP),
            ("iteration_duration_seconds", "summary", _DURATION, _GROUP),
            ("iteration_interval_seconds", "gauge", "The pause between two of them.", _GROUP),
            ("alerts_firing", "gauge", "Alerts that fire.", _RULE),
            ("alerts_pending", "gauge", "Alerts that are pending.", _RULE),
            ("alerting_rules_errors_total", "counter", "Evaluations of the rule that failed.", _RULE),
            ("alerting_rules_last_evaluation_samples", "gauge", _SAMPLES, _RULE),
            ("execution_total", "counter", "Rules evaluated.", ()),
            ("execution_errors_total", "counter", "Rules that could not be evaluated.", ()),
            ("config_last_reload_successful", "gauge", "As `alertd_config_last_reload_successful`.", ()),
        )
    ),
)
