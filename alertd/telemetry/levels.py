"""What is read when somebody asks for metrics, because others hold it already."""

import threading
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from alertd.telemetry.catalogue import ROWS
from alertd.telemetry.readings import Readings
from alertd.telemetry.tallies import Tallies

Values = Iterable[tuple[tuple[str, ...], float]]


class Levels(Collector):
    """Alerts, silences and outbox rows by state; rules; and how the daemon is."""

    def __init__(self, readings: Readings) -> None:
        self._read = readings

    def collect(self) -> Iterator[Metric]:
        read = self._read
        outbox, silences = read.outbox(), read.silences()
        yield family("alertd_alerts", by(read.alerts(), "pending", "firing"))
        yield family("alertd_silences", by(silences, "pending", "active", "expired"))
        for name, value in (
            ("alertd_rules", read.rules()),
            ("alertd_groups", read.groups()),
            ("alertd_cooldowns", read.cooldowns()),
            ("alertd_outbox_pending", outbox.get("pending", 0)),
            ("alertd_outbox_dead", outbox.get("dead", 0)),
            ("alertd_outbox_oldest_seconds", read.oldest()),
            ("alertd_http_requests_active", read.serving()),
            ("alertd_grpc_requests_active", read.called()),
            ("alertd_remote_write_pending_samples", read.unsent()),
            ("alertd_event_loop_lag_seconds", read.lag()),
            ("alertd_tasks", read.tasks()),
            ("alertd_threads", threading.active_count()),
        ):
            yield family(name, [((), value)])
        spans = dict(read.spans())
        yield family("alertd_spans_exported_total", [((), spans.pop("exported", 0))])
        yield family("alertd_spans_lost_total", by(spans, "queue_full", "refused"))


class Evaluations(Collector):
    """What happens for every rule."""

    def __init__(self, tallies: Tallies) -> None:
        self._tallies = tallies

    def collect(self) -> Iterator[Metric]:
        tallies = self._tallies
        for name, value in (
            ("alertd_rules_failing", len(tallies.failing)),
            ("alertd_rule_evaluations_total", tallies.evaluations),
            ("alertd_rule_evaluation_failures_total", tallies.failures),
            ("alertd_rule_samples_total", tallies.samples),
            ("alertd_group_iterations_total", tallies.iterations),
            ("alertd_group_iterations_late_total", tallies.late),
            ("alertd_group_iterations_missed_total", tallies.missed),
        ):
            yield family(name, [((), value)])


def family(name: str, values: Values) -> Metric:
    """A counter or gauge of the catalogue with these values, each after its labels."""
    row = ROWS[name]
    kind = CounterMetricFamily if row.kind == "counter" else GaugeMetricFamily
    made = kind(row.name, row.help, labels=row.labels)
    for labels, value in values:
        made.add_metric(labels, value)
    return made


def by(counts: Mapping[str, int], *always: str) -> Values:
    """One value a state, also for those that nothing is in."""
    return [((state,), counts.get(state, 0)) for state in sorted({*always, *counts})]
