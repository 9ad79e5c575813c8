"""What is read when somebody asks for metrics, because others hold it already."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from alertd.telemetry.catalogue import ROWS

Counts = Callable[[], Mapping[str, int]]
Number = Callable[[], float]
Values = Iterable[tuple[tuple[str, ...], float]]


def _none() -> float:
    return 0


@dataclass(frozen=True)
class Levels(Collector):
    """Alerts, silences and outbox rows by state; rules; and how the daemon is."""

    alerts: Counts
    outbox: Counts
    rules: Number
    silences: Counts = dict
    groups: Number = _none
    suppressed: Number = _none  # alerts that fire and are muted
    oldest: Number = _none  # seconds that the oldest message has waited
    serving: Number = _none  # requests
    lag: Number = _none  # seconds
    tasks: Number = _none
    spans: Counts = dict  # finished ones, by what became of them

    def collect(self) -> Iterator[Metric]:
        outbox, alerts, silences = self.outbox(), self.alerts(), self.silences()
        yield family("alertd_alerts", by(alerts, "pending", "firing"))
        yield family("alertd_silences", by(silences, "pending", "active", "expired"))
        for name, value in (
            ("alertd_rules", self.rules()),
            ("alertd_groups", self.groups()),
            ("alertd_outbox_pending", outbox.get("pending", 0)),
            ("alertd_outbox_dead", outbox.get("dead", 0)),
            ("alertd_outbox_oldest_seconds", self.oldest()),
            ("alertd_http_requests_active", self.serving()),
            ("alertd_event_loop_lag_seconds", self.lag()),
            ("alertd_tasks", self.tasks()),
            ("alertd_threads", threading.active_count()),
            ("alertmanager_dispatcher_aggregation_groups", self.groups()),
        ):
            yield family(name, [((), value)])
        spans = dict(self.spans())
        yield family("alertd_spans_exported_total", [((), spans.pop("exported", 0))])
        yield family("alertd_spans_lost_total", by(spans, "queue_full", "refused"))
        firing, suppressed = alerts.get("firing", 0), self.suppressed()
        yield family("alertmanager_alerts", [(("active",), firing - suppressed), (("suppressed",), suppressed)])
        yield family("alertmanager_silences", by(silences, "pending", "active", "expired"))


def family(name: str, values: Values) -> Metric:
    """A metric of the catalogue with these values, each after its labels."""
    row = ROWS[name]
    kind = CounterMetricFamily if row.kind == "counter" else GaugeMetricFamily
    made = kind(row.name, row.help, labels=row.labels)
    for labels, value in values:
        made.add_metric(labels, value)
    return made


def by(counts: Mapping[str, int], *always: str) -> Values:
    """One value a state, also for those that nothing is in."""
    return [((state,), counts.get(state, 0)) for state in sorted({*always, *counts})]
