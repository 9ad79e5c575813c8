"""What alertd counts, for Prometheus; the catalogue says what there is, and docs/metrics.md is made of it."""

import platform
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from alertd import __version__
from alertd.core.alerts import Alert
from alertd.core.delivery import Dead, Delivery, Sent
from alertd.events import (
    AlertChanged,
    AlertMuted,
    Beat,
    DatasourceAnswered,
    DeliveryTried,
    Event,
    GroupEvaluated,
    GroupFlushed,
    Reloaded,
    RuleEvaluated,
    Served,
    Trouble,
)
from alertd.telemetry import mirrors
from alertd.telemetry.catalogue import declare
from alertd.telemetry.levels import Levels

_SECOND = timedelta(seconds=1)
_REASONS = {
    "silenced_by": "silence",
    "inhibited_by": "inhibition",
    "muted_by": "mute_time_interval",
    "outside": "active_time_interval",
    "flapping": "flapping",
}


class Metrics:
    """A Listener that counts. What happens often has no labels, or children that are looked up once."""

    def __init__(self, levels: Levels, alerts: Callable[[], Iterable[tuple[mirrors.Key, Alert]]] = lambda: ()) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each counter, which nobody reads
        self.registry = CollectorRegistry()
        self.registry.register(levels)
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._counted = declare(self.registry)
        self._groups = mirrors.Groups()
        self.registry.register(mirrors.Alertmanager(self._counted))
        self._others = {"prometheus": CollectorRegistry(), "vmalert": CollectorRegistry()}
        self._others["prometheus"].register(mirrors.Prometheus(self._groups))
        self._others["vmalert"].register(mirrors.Vmalert(self._groups, alerts, self._counted))
        self._begin()
        self._failing: set[str] = set()
        self._evaluations = self._counted["alertd_rule_evaluations_total"]
        self._samples = self._counted["alertd_rule_samples_total"]
        self._actions: Mapping[type, Callable[[Any], None]] = {
            RuleEvaluated: self._rule_evaluated,
            GroupEvaluated: self._group_evaluated,
            DatasourceAnswered: self._datasource_answered,
            AlertChanged: self._alert_changed,
            AlertMuted: self._alert_muted,
            GroupFlushed: self._group_flushed,
            DeliveryTried: self._delivery_tried,
            Reloaded: self._reloaded,
            Served: self._served,
            Beat: lambda beat: self._of("heartbeats_total", _result(beat)).inc(),
            Trouble: lambda _: self._of("troubles_total").inc(),
        }

    def notice(self, event: Event) -> None:
        """Count it, if it counts."""
        action = self._actions.get(type(event))
        if action:
            action(event)

    def render(self, names: Collection[str] = ()) -> tuple[bytes, str]:
        """The page for `/metrics`, and its content type; with the names of `prometheus` or `vmalert`, if wanted."""
        others = [registry for name, registry in self._others.items() if name in names]
        return b"".join(map(generate_latest, [self.registry, *others])), CONTENT_TYPE_LATEST

    def _begin(self) -> None:
        """What others look for is there before it happens for the first time."""
        self._of("rules_failing").set_function(lambda: len(self._failing))
        self._of("config_last_reload_successful").set(1)
        self._of("build_info", __version__, platform.python_version()).set(1)
        for reason in _REASONS.values():
            self._of("notifications_suppressed_total", reason)
        for result in ("success", "failure"):
            self._of("config_reloads_total", result)

    def _of(self, name: str, *labels: str) -> Any:
        metric = self._counted[f"alertd_{name}"]
        return metric.labels(*labels) if labels else metric

    def _rule_evaluated(self, event: RuleEvaluated) -> None:
        self._evaluations.inc()
        self._groups.rule(event)
        if event.samples:
            self._samples.inc(event.samples)
        if event.error:
            self._of("rule_evaluation_failures_total").inc()
            self._failing.add(event.rule.key)
        elif self._failing:
            self._failing.discard(event.rule.key)

    def _group_evaluated(self, event: GroupEvaluated) -> None:
        self._groups.group(event)
        self._of("group_duration_seconds").observe(event.seconds)
        self._of("group_lateness_seconds").observe(max(0.0, event.late / _SECOND))
        if event.missed:
            self._of("group_iterations_missed_total").inc(event.missed)

    def _datasource_answered(self, event: DatasourceAnswered) -> None:
        self._of("datasource_up", event.datasource).set(not event.error)
        self._of("datasource_duration_seconds", event.datasource).observe(event.seconds)

    def _alert_changed(self, event: AlertChanged) -> None:
        after = event.transition.after
        self._of("alert_changes_total", after.state if after else "inactive").inc()

    def _alert_muted(self, event: AlertMuted) -> None:
        for name, reason in _REASONS.items():
            if getattr(event.verdict, name):
                self._of("notifications_suppressed_total", reason).inc()

    def _group_flushed(self, event: GroupFlushed) -> None:
        if event.verdict.reason is not None:
            self._of("messages_total", str(event.verdict.reason)).inc()

    def _delivery_tried(self, event: DeliveryTried) -> None:
        channel = _channel(event.delivery)
        self._of("notifications_total", *channel).inc()
        self._of("notification_duration_seconds", *channel).observe(event.seconds)
        if not isinstance(event.outcome, Sent):
            reason = event.error.reason if event.error else "other"
            self._of("notifications_failed_total", *channel, reason).inc()
        if isinstance(event.outcome, Dead):
            self._of("notifications_dead_total", *channel).inc()
        if event.latency is not None:
            self._of("notification_latency_seconds").observe(event.latency / _SECOND)

    def _served(self, event: Served) -> None:
        route = event.route or "other"
        self._of("http_requests_total", event.method, route, str(event.status)).inc()
        self._of("http_request_duration_seconds", route).observe(event.seconds)

    def _reloaded(self, event: Reloaded) -> None:
        self._of("config_last_reload_successful").set(not event.error)
        self._of("config_reloads_total", "failure" if event.error else "success").inc()
        if event.error:
            return
        self._of("config_last_reload_success_timestamp_seconds").set(event.at.timestamp())
        self._failing.clear()  # rules, groups and datasources that are no more must not stay; the others come back
        self._groups.forget()
        self._of("datasource_up").clear()


def _result(beat: Beat) -> str:
    return "withheld" if beat.ailments else "failed" if beat.error else "sent"


def _channel(delivery: Delivery) -> tuple[str, str]:
    """The receiver, and `type[index]` within it."""
    receiver, _, integration = delivery.integration.rpartition("/")
    return receiver, integration
