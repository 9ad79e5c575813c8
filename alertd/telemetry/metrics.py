"""What alertd counts, for Prometheus; the catalogue says what there is, and docs/metrics.md is made of it."""

import platform
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from alertd import __version__
from alertd.core.delivery import Dead, Delivery, Sent
from alertd.events import (
    AlertChanged,
    AlertMuted,
    AlertsPosted,
    Beat,
    Called,
    DatasourceAnswered,
    DeliveryTried,
    Event,
    GroupEvaluated,
    GroupFlushed,
    MetricsExported,
    Queried,
    Reloaded,
    RulesEvaluated,
    SamplesWritten,
    Served,
    StoreUsed,
    Trouble,
)
from alertd.ports import Selective
from alertd.telemetry import mirrors
from alertd.telemetry.catalogue import declare
from alertd.telemetry.counters import Distribution, Number, Trace
from alertd.telemetry.levels import Evaluations, Levels
from alertd.telemetry.readings import Readings
from alertd.telemetry.tallies import Tallies

_SECOND = timedelta(seconds=1)
_REASONS = {
    "silenced_by": "silence",
    "inhibited_by": "inhibition",
    "muted_by": "mute_time_interval",
    "outside": "active_time_interval",
    "flapping": "flapping",
}
_FAILURES = frozenset(
    (
        "timeout", "unreachable", "tls", "too_large", "redirect", "auth_error", "rate_limited", "client_error",
        "server_error", "config", "secret", "broken", "bug",
    )
)  # fmt: skip
_OPEN = "application/openmetrics-text"


class Metrics(Selective):
    """A Listener that counts.

    `here` names the trace that is under way, as a `traceparent`, or nothing; `now` gives Unix seconds.
    """

    def __init__(self, readings: Readings, here: Callable[[], str] = str, now: Callable[[], float] = float) -> None:
        self._here, self._now, self._tallies = here, now, Tallies()
        self._registry = CollectorRegistry()
        self._registry.register(Levels(readings))
        self._registry.register(Evaluations(self._tallies))
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        counted = self._counted = declare(self._registry)
        self._registry.register(mirrors.Alertmanager(readings, counted))
        self._others = {
            "prometheus": mirrors.Prometheus(self._tallies, counted),
            "vmalert": mirrors.Vmalert(self._tallies, readings, counted),
        }
        self._begin()
        self._group_duration, self._group_lateness = (
            self._of(f"group_{name}_seconds") for name in ("duration", "lateness")
        )
        self._queries = counted["alertd_datasource_queries_total"]
        self._datasources: dict[str, tuple[Number, Number, Distribution]] = {}
        self._channels: dict[tuple[str, str, str], _Channel] = {}  # by receiver, integration and outcome
        self._since_true = self._of("notification_latency_seconds")
        self._store_duration = self._of("store_duration_seconds")
        self.actions: Mapping[type[Event], Callable[[Any], None]] = {
            RulesEvaluated: self._tallies.rules,
            GroupEvaluated: self._group_evaluated,
            DatasourceAnswered: self._datasource_answered,
            Queried: self._queried,
            AlertChanged: self._alert_changed,
            AlertMuted: self._alert_muted,
            AlertsPosted: self._alerts_posted,
            GroupFlushed: self._group_flushed,
            DeliveryTried: self._delivery_tried,
            Reloaded: self._reloaded,
            Served: self._served,
            StoreUsed: self._store_used,
            Called: self._called,
            Beat: lambda beat: self._of("heartbeats_total", _result(beat)).inc(),
            SamplesWritten: lambda one: self._of("remote_write_samples_total", one.result).inc(one.samples),
            MetricsExported: self._metrics_exported,
            Trouble: lambda _: self._of("troubles_total").inc(),
        }

    def collect(self, names: Collection[str] = ()) -> Iterator[Metric]:
        """All of them; with the names of `prometheus` or `vmalert`, if wanted."""
        yield from self._registry.collect()
        for name, others in self._others.items():
            if name in names:
                yield from others.collect()

    def render(self, names: Collection[str] = (), accept: str = "") -> tuple[bytes, str]:
        """The page for `/metrics`, and its content type: OpenMetrics, with exemplars, for who accepts it."""
        page = _Page(lambda: self.collect(names))
        if any(one.split(";")[0].strip() == _OPEN for one in accept.split(",")):
            text: bytes = openmetrics.generate_latest(page)  # type: ignore[no-untyped-call]
            return text, openmetrics.CONTENT_TYPE_LATEST
        return generate_latest(page), CONTENT_TYPE_LATEST

    def _begin(self) -> None:
        """What others look for is there before it happens for the first time."""
        self._of("config_last_reload_successful").set(1)
        self._of("build_info", __version__, platform.python_version()).set(1)
        for reason in (*_REASONS.values(), "cooldown"):
            self._of("notifications_suppressed_total", reason)
        for result in ("success", "failure"):
            self._of("config_reloads_total", result)
        for status in ("firing", "resolved", "invalid"):
            self._of("alerts_posted_total", status)

    def _of(self, name: str, *labels: str) -> Any:
        return self._counted[f"alertd_{name}"].labels(*labels)

    def _trace(self) -> Trace | None:
        """The trace that is under way, if it is taken."""
        traceparent = self._here()
        return self._taken(traceparent) if traceparent else None

    def _taken(self, traceparent: str) -> Trace | None:
        _, trace, span, flags = traceparent.split("-")
        return Trace(trace, span, self._now()) if int(flags, 16) & 1 else None

    def _group_evaluated(self, event: GroupEvaluated) -> None:
        self._tallies.group(event)
        self._group_duration.observe(event.seconds, self._taken(event.trace) if event.trace else None)
        late = event.late.total_seconds()
        self._group_lateness.observe(late if late > 0 else 0.0)

    def _datasource_answered(self, event: DatasourceAnswered) -> None:
        up, expressions, duration = self._datasources.get(event.datasource) or self._datasource(event.datasource)
        up.value = 0.0 if event.error else 1.0
        expressions.value += event.queries
        duration.observe(event.seconds, self._trace())

    def _datasource(self, name: str) -> tuple[Number, Number, Distribution]:
        """Where its answers are counted, looked up once: they are very many."""
        found = self._datasources[name] = (
            self._of("datasource_up", name),
            self._of("datasource_expressions_total", name),
            self._of("datasource_duration_seconds", name),
        )
        return found

    def _queried(self, event: Queried) -> None:
        self._queries.labels(event.datasource).value += event.queries
        for failure in event.failures:
            self._of("datasource_query_failures_total", event.datasource, failure).inc()

    def _store_used(self, event: StoreUsed) -> None:
        self._of("store_operations_total", event.operation, "failure" if event.failed else "success").inc()
        self._store_duration.observe(event.seconds, self._trace())

    def _metrics_exported(self, event: MetricsExported) -> None:
        self._of("otlp_exports_total", "failure" if event.error else "success").inc()
        self._of("otlp_points_rejected_total").inc(event.rejected)

    def _alert_changed(self, event: AlertChanged) -> None:
        after = event.transition.after
        self._of("alert_changes_total", after.state if after else "inactive").inc()

    def _alert_muted(self, event: AlertMuted) -> None:
        for name, reason in _REASONS.items():
            if getattr(event.verdict, name):
                self._of("notifications_suppressed_total", reason).inc()

    def _alerts_posted(self, event: AlertsPosted) -> None:
        for status in ("firing", "resolved", "invalid"):
            self._of("alerts_posted_total", status).inc(getattr(event, status))

    def _group_flushed(self, event: GroupFlushed) -> None:
        if event.verdict.reason is not None:
            self._of("messages_total", str(event.verdict.reason)).inc()
        if event.verdict.cooling:
            self._of("notifications_suppressed_total", "cooldown").inc(event.verdict.cooling)

    def _delivery_tried(self, event: DeliveryTried) -> None:
        channel, trace = _channel(event.delivery), self._trace()
        outcome = _outcome(event)
        counted = self._channels.get((*channel, outcome)) or self._tried(channel, outcome)
        counted.attempts.inc(1, trace)
        counted.duration.observe(event.seconds, trace)
        counted.latency.observe(event.seconds, trace)
        if not isinstance(event.outcome, Sent):
            reason = event.error.reason if event.error and event.error.reason in _FAILURES else "other"
            self._of("notifications_failed_total", *channel, reason).inc(1, trace)
        if isinstance(event.outcome, Dead):
            self._of("notifications_dead_total", *channel).inc()
        if event.latency is not None:
            self._since_true.observe(event.latency / _SECOND, trace)

    def _tried(self, channel: tuple[str, str], outcome: str) -> "_Channel":
        """Where its attempts are counted, looked up once: in a storm they are very many."""
        latency = self._counted["alertmanager_notification_latency_seconds"]
        found = self._channels[*channel, outcome] = _Channel(
            self._of("notifications_total", *channel, outcome),
            self._of("notification_duration_seconds", *channel),
            latency.labels(mirrors.kind(channel[1]), channel[0]),
        )
        return found

    def _served(self, event: Served) -> None:
        route = event.route or "other"
        self._of("http_requests_total", event.method, route, str(event.status)).inc()
        self._of("http_request_duration_seconds", event.method, route).observe(event.seconds, self._trace())

    def _called(self, event: Called) -> None:
        method = event.method or "other"
        self._of("grpc_requests_total", method, event.code).inc()
        if not event.stream:
            self._of("grpc_request_duration_seconds", method).observe(event.seconds, self._trace())

    def _reloaded(self, event: Reloaded) -> None:
        self._of("config_last_reload_successful").set(not event.error)
        self._of("config_reloads_total", "failure" if event.error else "success").inc()
        if event.error:
            return
        self._of("config_last_reload_success_timestamp_seconds").set(event.at.timestamp())
        self._tallies.forget()  # rules, groups and datasources that are no more must not stay; the others come back
        self._counted["alertd_datasource_up"].clear()
        self._datasources.clear()


@dataclass(frozen=True, slots=True)
class _Channel:
    """Where attempts of one integration are counted that came out alike."""

    attempts: Number
    duration: Distribution
    latency: Distribution


class _Page(Collector):
    """What the encoders take."""

    def __init__(self, collect: Callable[[], Iterator[Metric]]) -> None:
        self._collect = collect

    def collect(self) -> Iterator[Metric]:
        return self._collect()


def _outcome(event: DeliveryTried) -> str:
    match event.outcome:
        case Sent():
            return "accepted"
        case Dead():
            return "dead"
        case _:
            return "retried"


def _result(beat: Beat) -> str:
    return "withheld" if beat.ailments else "failed" if beat.error else "sent"


def _channel(delivery: Delivery) -> tuple[str, str]:
    """The receiver, and `type[index]` within it."""
    receiver, _, integration = delivery.integration.rpartition("/")
    return receiver, integration
