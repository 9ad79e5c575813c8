"""What alertd counts, for Prometheus; docs/metrics.md has a line for each, and a test sees to it."""

import platform
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from alertd import __version__
from alertd.core.delivery import Dead, Delivery, Sent
from alertd.events import (
    AlertChanged,
    AlertMuted,
    Beat,
    DatasourceAnswered,
    DeliveryTried,
    Event,
    GroupEvaluated,
    Reloaded,
    RuleEvaluated,
    Trouble,
)

_SECOND = timedelta(seconds=1)
_FAST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SLOW = (1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 21600, 86400)
_CHANNEL = ("receiver", "integration")
_STATES = ("pending", "firing")
_REASONS = {
    "silenced_by": "silence",
    "inhibited_by": "inhibition",
    "muted_by": "mute_time_interval",
    "outside": "active_time_interval",
}
_SILENCES = ("pending", "active", "expired")


@dataclass(frozen=True)
class Levels(Collector):
    """Gauges that mirror what others hold, read when somebody asks: alerts, silences, outbox rows, rules."""

    alerts: Callable[[], Mapping[str, int]]
    outbox: Callable[[], Mapping[str, int]]
    rules: Callable[[], int]
    silences: Callable[[], Mapping[str, int]] = dict

    def collect(self) -> Iterable[Metric]:
        outbox = self.outbox()
        yield _by_state("alertd_alerts", "Alerts by state.", _STATES, self.alerts())
        yield _by_state("alertd_silences", "Silences by state.", _SILENCES, self.silences())
        yield GaugeMetricFamily("alertd_rules", "Rules that are evaluated.", self.rules())
        yield GaugeMetricFamily("alertd_outbox_pending", "Messages still to be accepted.", outbox.get("pending", 0))
        yield GaugeMetricFamily("alertd_outbox_dead", "Messages that were given up.", outbox.get("dead", 0))


def _by_state(name: str, what: str, always: Iterable[str], counts: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, what, labels=["state"])
    for state in sorted({*always, *counts}):
        family.add_metric([state], counts.get(state, 0))
    return family


class Metrics:
    """An Observer that counts. What happens often has no labels, or children that are looked up once."""

    def __init__(self, levels: Levels) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each counter, which nobody reads
        self.registry = CollectorRegistry()
        self.registry.register(levels)
        ProcessCollector(registry=self.registry)
        self._declare_evaluation()
        self._declare_telling()
        self._declare_daemon()
        self._failing: set[str] = set()
        self._actions: Mapping[type, Callable[[Any], None]] = {
            RuleEvaluated: self._rule_evaluated,
            GroupEvaluated: self._group_evaluated,
            DatasourceAnswered: self._datasource_answered,
            AlertChanged: self._alert_changed,
            AlertMuted: self._alert_muted,
            DeliveryTried: self._delivery_tried,
            Reloaded: self._reloaded,
            Beat: lambda beat: self._beats.labels(_result(beat)).inc(),
            Trouble: lambda _: self._troubles.inc(),
        }

    def notice(self, event: Event) -> None:
        """Count it, if it counts."""
        action = self._actions.get(type(event))
        if action:
            action(event)

    def span(self, name: str, **attributes: str | int | float) -> AbstractContextManager[Any]:  # noqa: ARG002
        """Nothing is traced here."""
        return nullcontext()

    def render(self) -> tuple[bytes, str]:
        """The page for `/metrics`, and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST

    def _declare_evaluation(self) -> None:
        to = self.registry
        self._evaluations = Counter("alertd_rule_evaluations", "Rules evaluated.", registry=to)
        self._failures = Counter("alertd_rule_evaluation_failures", "Rules that could not be evaluated.", registry=to)
        self._rules_failing = Gauge("alertd_rules_failing", "Rules whose last evaluation failed.", registry=to)
        self._rules_failing.set_function(lambda: len(self._failing))
        self._missed = Counter("alertd_group_iterations_missed", "Instants that no group was ready for.", registry=to)
        self._seconds = Histogram("alertd_group_duration_seconds", "Time per group.", buckets=_FAST, registry=to)
        self._late = Histogram("alertd_group_lateness_seconds", "Begun so late.", buckets=_FAST, registry=to)
        self._changes = Counter("alertd_alert_changes", "Changes of state, by the new one.", ["state"], registry=to)
        self._up = Gauge("alertd_datasource_up", "1 if it answered the last time.", ["datasource"], registry=to)
        self._query_seconds = Histogram(
            "alertd_datasource_duration_seconds", "Time per answer.", ["datasource"], buckets=_FAST, registry=to
        )

    def _declare_telling(self) -> None:
        to = self.registry
        self._attempts = Counter("alertd_notifications", "Attempts to deliver.", _CHANNEL, registry=to)
        self._refusals = Counter(
            "alertd_notifications_failed", "Attempts that failed.", (*_CHANNEL, "reason"), registry=to
        )
        self._dead = Counter("alertd_notifications_dead", "Messages given up.", _CHANNEL, registry=to)
        self._send_seconds = Histogram(
            "alertd_notification_duration_seconds", "Time per attempt.", _CHANNEL, buckets=_FAST, registry=to
        )
        self._suppressed = Counter("alertd_notifications_suppressed", "Alerts muted.", ["reason"], registry=to)
        for reason in _REASONS.values():
            self._suppressed.labels(reason)
        self._latency = Histogram(
            "alertd_notification_latency_seconds", "From true to accepted.", buckets=_SLOW, registry=to
        )

    def _declare_daemon(self) -> None:
        to = self.registry
        self._reload = Gauge("alertd_config_last_reload_successful", "1 if the last one was.", registry=to)
        self._reload.set(1)
        self._reloaded_at = Gauge(
            "alertd_config_last_reload_success_timestamp_seconds", "When the last good one was.", registry=to
        )
        self._troubles = Counter("alertd_troubles", "What should not have happened.", registry=to)
        self._beats = Counter("alertd_heartbeats", "Signs of life, by result.", ["result"], registry=to)
        build = Gauge("alertd_build_info", "Always 1.", ["version", "python"], registry=to)
        build.labels(__version__, platform.python_version()).set(1)

    def _rule_evaluated(self, event: RuleEvaluated) -> None:
        self._evaluations.inc()
        if event.error:
            self._failures.inc()
            self._failing.add(event.rule.key)
        elif self._failing:
            self._failing.discard(event.rule.key)

    def _group_evaluated(self, event: GroupEvaluated) -> None:
        self._seconds.observe(event.seconds)
        self._late.observe(max(0.0, event.late / _SECOND))
        if event.missed:
            self._missed.inc(event.missed)

    def _datasource_answered(self, event: DatasourceAnswered) -> None:
        self._up.labels(event.datasource).set(not event.error)
        self._query_seconds.labels(event.datasource).observe(event.seconds)

    def _alert_changed(self, event: AlertChanged) -> None:
        after = event.transition.after
        self._changes.labels(after.state if after else "inactive").inc()

    def _alert_muted(self, event: AlertMuted) -> None:
        for name, reason in _REASONS.items():
            if getattr(event.verdict, name):
                self._suppressed.labels(reason).inc()

    def _delivery_tried(self, event: DeliveryTried) -> None:
        channel = _channel(event.delivery)
        self._attempts.labels(*channel).inc()
        self._send_seconds.labels(*channel).observe(event.seconds)
        if not isinstance(event.outcome, Sent):
            self._refusals.labels(*channel, event.error.reason if event.error else "other").inc()
        if isinstance(event.outcome, Dead):
            self._dead.labels(*channel).inc()
        if event.latency is not None:
            self._latency.observe(event.latency / _SECOND)

    def _reloaded(self, event: Reloaded) -> None:
        self._reload.set(not event.error)
        if event.error:
            return
        self._reloaded_at.set(event.at.timestamp())
        self._failing.clear()  # rules and datasources that are no more must not stay; the others come back
        self._up.clear()


def _result(beat: Beat) -> str:
    return "withheld" if beat.ailments else "failed" if beat.error else "sent"


def _channel(delivery: Delivery) -> tuple[str, str]:
    """The receiver, and `type[index]` within it."""
    receiver, _, integration = delivery.integration.rpartition("/")
    return receiver, integration
