"""Events are counted under the names that docs/metrics.md promises."""

import platform
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from alertd import __version__
from alertd.core.alerts import State
from alertd.core.delivery import Sent
from alertd.errors import DeliveryError
from alertd.events import GroupEvaluated, Reloaded, RuleEvaluated, RulesEvaluated
from alertd.telemetry.catalogue import ROWS
from alertd.telemetry.metrics import Metrics
from alertd.telemetry.readings import Readings

from .catalogued import document
from .happenings import ALERT, COUNTED, GROUP, NOON, RULE, answered, evaluated, given_up, refused, tried

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(
        Readings(
            alerts=lambda: {State.FIRING: 2},
            outbox=lambda: {"pending": 3, "sent": 9},
            rules=lambda: 7,
            silences=lambda: {"active": 4},
            suppressed=lambda: 1,
            cooldowns=lambda: 5,
            alerts_by_group=lambda: [(("rules/jobs.yml", "jobs"), ALERT)],
        )
    )


def read(metrics: Metrics, *names: str) -> Mapping[str, float]:
    page, _ = metrics.render(names)
    return {
        sample.name + "".join(f" {value}" for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


def test_every_event_is_counted(metrics: Metrics) -> None:
    for event in COUNTED:
        metrics.notice(event)
    found = read(metrics)
    expected = {
        "alertd_rule_evaluations_total": 2,
        "alertd_rule_evaluation_failures_total": 1,
        "alertd_rules_failing": 1,
        "alertd_group_iterations_missed_total": 2,
        "alertd_group_iterations_total": 3,
        "alertd_group_iterations_late_total": 1,
        "alertd_group_duration_seconds_count": 3,
        "alertd_group_lateness_seconds_sum": 2.02,
        "alertd_datasource_up main": 1,
        "alertd_datasource_up other": 0,
        "alertd_datasource_duration_seconds_count main": 1,
        "alertd_datasource_expressions_total main": 5,
        "alertd_datasource_queries_total main": 3,
        "alertd_datasource_query_failures_total main timeout": 1,
        "alertd_datasource_query_failures_total main bad_query": 1,
        "alertd_alert_changes_total firing": 1,
        "alertd_alert_changes_total inactive": 1,
        "alertd_notifications_total webhook[0] team accepted": 1,
        "alertd_notifications_total webhook[0] team retried": 1,
        "alertd_notifications_total webhook[0] team dead": 1,
        "alertd_notifications_failed_total webhook[0] server_error team": 1,
        "alertd_notifications_failed_total webhook[0] client_error team": 1,
        "alertd_notifications_dead_total webhook[0] team": 1,
        "alertd_notification_duration_seconds_count webhook[0] team": 3,
        "alertd_notification_latency_seconds_sum": 40,
        "alertd_notifications_suppressed_total silence": 2,
        "alertd_notifications_suppressed_total inhibition": 1,
        "alertd_notifications_suppressed_total mute_time_interval": 1,
        "alertd_notifications_suppressed_total active_time_interval": 1,
        "alertd_notifications_suppressed_total cooldown": 2,
        "alertd_store_operations_total commit success": 1,
        "alertd_store_operations_total commit failure": 1,
        "alertd_store_duration_seconds_count": 2,
        "alertd_alerts_posted_total firing": 3,
        "alertd_alerts_posted_total invalid": 2,
        "alertd_rule_samples_total": 6,
        "alertd_messages_total first notification": 1,
        "alertd_http_requests_total GET /api/v2/alerts 200": 1,
        "alertd_http_requests_total GET other 404": 1,
        "alertd_http_request_duration_seconds_count GET other": 1,
        "alertd_grpc_requests_total OK /alertd.v1.Alerts/List": 1,
        "alertd_grpc_requests_total UNAVAILABLE /alertd.v1.Alerts/Watch": 1,
        "alertd_grpc_requests_total UNIMPLEMENTED other": 1,
        "alertd_grpc_request_duration_seconds_count /alertd.v1.Alerts/List": 1,
        "alertd_grpc_request_duration_seconds_count /alertd.v1.Alerts/Watch": None,
        "alertd_config_last_reload_successful": 0,
        "alertd_config_reloads_total failure": 1,
        "alertd_troubles_total": 1,
    }
    assert {name: found.get(name) for name in expected} == expected


def test_a_new_daemon_shows_what_others_build_on(metrics: Metrics) -> None:
    found = read(metrics)
    assert found["alertd_rule_evaluations_total"] == 0
    assert found["alertd_rule_evaluation_failures_total"] == 0
    assert found["alertd_group_iterations_missed_total"] == 0
    assert found["alertd_config_last_reload_successful"] == 1
    assert found[f"alertd_build_info {platform.python_version()} {__version__}"] == 1


def test_levels_are_read_when_asked(metrics: Metrics) -> None:
    found = read(metrics)
    assert (found["alertd_alerts firing"], found["alertd_alerts pending"]) == (2, 0)
    states = ("pending", "active", "expired")
    assert [found[f"alertd_silences {state}"] for state in states] == [0, 4, 0]
    assert found["alertd_cooldowns"] == 5
    assert (found["alertd_outbox_pending"], found["alertd_outbox_dead"], found["alertd_rules"]) == (3, 0, 7)


def test_a_rule_that_recovers_fails_no_longer(metrics: Metrics) -> None:
    for event in (evaluated("timeout"), evaluated("timeout", "Other"), evaluated(), evaluated(name="Fine")):
        metrics.notice(event)
    assert read(metrics)["alertd_rules_failing"] == 1


def test_rules_that_are_quiet_count_too(metrics: Metrics) -> None:
    rules = tuple(replace(RULE, name=name) for name in ("Loud", "Broken", "Quiet"))
    loud = RuleEvaluated(rules[0], 2), RuleEvaluated(rules[1], error="timeout")
    metrics.notice(GroupEvaluated(replace(GROUP, rules=rules), NOON, 0.05, timedelta(0)))
    for some in (loud, (), loud[1:]):
        metrics.notice(RulesEvaluated(rules, NOON, 0.01, some))
    found = read(metrics, "vmalert")
    assert (found["alertd_rule_evaluations_total"], found["alertd_rule_evaluation_failures_total"]) == (9, 2)
    assert (found["alertd_rules_failing"], found["alertd_rule_samples_total"]) == (1, 2)
    assert found["vmalert_alerting_rules_last_evaluation_samples Loud rules/jobs.yml jobs"] == 0
    assert found["vmalert_alerting_rules_errors_total Broken rules/jobs.yml jobs"] == 2


def test_a_reload_forgets_what_may_be_no_more(metrics: Metrics) -> None:
    for event in (evaluated("timeout"), answered("refused"), Reloaded(NOON, 7)):
        metrics.notice(event)
    found = read(metrics)
    assert "alertd_datasource_up main" not in found
    assert found["alertd_rules_failing"] == 0
    assert found["alertd_config_last_reload_successful"] == 1
    assert found["alertd_config_last_reload_success_timestamp_seconds"] == NOON.timestamp()


def test_a_receiver_may_have_any_name(metrics: Metrics) -> None:
    for name in ("a/b", 'quo"te\n', "💥"):
        metrics.notice(tried(Sent(NOON), receiver=name))
    assert {name for name in read(metrics) if name.startswith("alertd_notifications_total")} == {
        "alertd_notifications_total webhook[0] a/b accepted",
        'alertd_notifications_total webhook[0] quo"te\n accepted',
        "alertd_notifications_total webhook[0] 💥 accepted",
    }


def test_a_failure_without_an_error_has_a_reason(metrics: Metrics) -> None:
    failure = refused()
    metrics.notice(tried(failure.outcome))
    assert read(metrics)["alertd_notifications_failed_total webhook[0] other team"] == 1


def test_a_plugin_cannot_make_up_reasons(metrics: Metrics) -> None:
    for number in range(100):
        error = DeliveryError("no", reason=f"reason {number}")
        metrics.notice(tried(refused().outcome, error=error))
    failed = {name: value for name, value in read(metrics).items() if "notifications_failed" in name}
    assert failed == {
        "alertd_notifications_failed_total webhook[0] other team": 100,
        "alertmanager_notifications_failed_total webhook other team": 100,
    }


def test_the_page_is_of_the_type_prometheus_expects(metrics: Metrics) -> None:
    page, content_type = metrics.render()
    assert content_type.startswith("text/plain; version=")
    assert b"_created" not in page


TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
OPEN = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"


@pytest.mark.parametrize(("flags", "names"), [("01", True), ("03", True), ("00", False)])
def test_exemplars_name_a_trace_that_is_taken(flags: str, *, names: bool) -> None:
    metrics = Metrics(Readings(dict, dict, int), lambda: f"00-{TRACE}-{SPAN}-{flags}")
    traced = GroupEvaluated(GROUP, NOON, 0.1, timedelta(0), trace=f"00-{TRACE}-{SPAN}-{flags}")
    for event in (*COUNTED, traced):
        metrics.notice(event)
    page, content_type = metrics.render(("prometheus", "vmalert"), OPEN)
    assert content_type.startswith("application/openmetrics-text")
    found = {
        sample.name.removesuffix("_bucket"): sample.exemplar.labels
        for family in openmetrics(page.decode())
        for sample in family.samples
        if sample.exemplar
    }
    expected = {
        "alertd_group_duration_seconds",
        "alertd_grpc_request_duration_seconds",
        "alertd_datasource_duration_seconds",
        "alertd_notifications_total",
        "alertd_notifications_failed_total",
        "alertd_notification_duration_seconds",
        "alertd_notification_latency_seconds",
        "alertd_http_request_duration_seconds",
        "alertd_store_duration_seconds",
        "alertmanager_notification_latency_seconds",
    }
    assert found == ({name: {"trace_id": TRACE, "span_id": SPAN} for name in expected} if names else {})


def test_without_a_trace_there_are_no_exemplars(metrics: Metrics) -> None:
    for event in COUNTED:
        metrics.notice(event)
    page, _ = metrics.render((), OPEN)
    assert b" # {" not in page


@pytest.mark.parametrize(
    "accept", ["", "*/*", "text/html", "text/plain;version=x", "application/openmetrics-textual", ";;,,=", "q" * 9999]
)
def test_who_does_not_ask_for_openmetrics_gets_the_text_format(metrics: Metrics, accept: str) -> None:
    assert metrics.render((), accept)[1].startswith("text/plain")


def test_a_strange_version_is_answered(metrics: Metrics) -> None:
    page, content_type = metrics.render((), f"{OPEN.split(';')[0]}; version=zwei, */*")
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert page.endswith(b"# EOF\n")


def test_what_is_not_an_event_is_passed_over(metrics: Metrics) -> None:
    metrics.notice(object())  # type: ignore[arg-type]


def test_alertmanagers_names(metrics: Metrics) -> None:
    for event in (tried(Sent(NOON)), refused(), refused(), given_up()):
        metrics.notice(event)
    found = read(metrics)
    expected = {
        "alertmanager_notifications_total webhook team": 4,
        "alertmanager_notification_latency_seconds_count webhook team": 4,
        "alertmanager_notifications_suppressed_total silence": 0,
        "alertmanager_alerts_received_total firing v2": 0,
        "alertmanager_alerts_invalid_total v2": 0,
        "alertmanager_notifications_failed_total webhook serverError team": 2,
        "alertmanager_notifications_failed_total webhook clientError team": 1,
        "alertmanager_alerts active": 1,
        "alertmanager_alerts suppressed": 1,
        "alertmanager_silences active": 4,
        "alertmanager_config_last_reload_successful": 1,
    }
    assert {name: found.get(name) for name in expected} == expected


def test_prometheus_and_vmalerts_names_are_for_who_asks(metrics: Metrics) -> None:
    for event in COUNTED:
        metrics.notice(event)
    assert not [name for name in read(metrics) if name.startswith(("prometheus", "vmalert"))]
    found = read(metrics, "prometheus", "vmalert")
    group = "rules/jobs.yml;jobs"
    expected = {
        f"prometheus_rule_evaluations_total {group}": 2,
        f"prometheus_rule_evaluation_failures_total {group}": 1,
        f"prometheus_rule_group_iterations_total {group}": 5,
        "prometheus_rule_group_duration_seconds_count": 3,
        "prometheus_rule_group_duration_seconds 0.99": 0.05,
        "prometheus_config_last_reload_successful": 0,
        f"prometheus_rule_group_iterations_missed_total {group}": 2,
        f"prometheus_rule_group_interval_seconds {group}": 60,
        f"prometheus_rule_group_rules {group}": 1,
        f"prometheus_rule_group_last_evaluation_timestamp_seconds {group}": NOON.timestamp(),
        "vmalert_iteration_total rules/jobs.yml jobs": 5,
        "vmalert_iteration_duration_seconds_count rules/jobs.yml jobs": 3,
        "vmalert_iteration_duration_seconds rules/jobs.yml jobs 0.5": 0.05,
        "vmalert_alerting_rules_errors_total JobDown rules/jobs.yml jobs": 1,
        "vmalert_alerting_rules_last_evaluation_samples JobDown rules/jobs.yml jobs": 3,
        "vmalert_alerts_pending JobDown rules/jobs.yml jobs": 0,
        "vmalert_alerts_firing JobDown rules/jobs.yml jobs": 1,
        "vmalert_execution_total": 2,
        "vmalert_execution_errors_total": 1,
    }
    assert {name: found.get(name) for name in expected} == expected
    metrics.notice(Reloaded(NOON, 7))
    assert not [name for name in read(metrics, "prometheus") if name.startswith("prometheus_rule_evaluations")]


def test_every_metric_is_in_the_catalogue(metrics: Metrics) -> None:
    page, _ = metrics.render(("prometheus", "vmalert"))
    families = {(family.name, family.type) for family in text_string_to_metric_families(page.decode())}
    registered = {(f"{name}_total" if kind == "counter" else name, kind) for name, kind in families}
    assert {(row.name, row.kind) for row in ROWS.values()} == registered


def test_the_docs_are_made_of_the_catalogue() -> None:
    assert DOCS.read_text() == document(), "run python -m tests.telemetry.catalogued > docs/metrics.md"
