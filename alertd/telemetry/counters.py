"""Counters, gauges and histograms in plain numbers. Only the event loop counts, so that nothing needs a lock."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeVar

from prometheus_client.core import CounterMetricFamily, Exemplar, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from alertd.telemetry.rows import Row

Labels = tuple[str, ...]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Trace:
    """The trace in which something was counted, at that time in Unix seconds."""

    trace_id: str
    span_id: str
    at: float

    def of(self, value: float) -> Exemplar:
        """The exemplar that says so."""
        return Exemplar({"trace_id": self.trace_id, "span_id": self.span_id}, value, self.at)


class Number:
    """A counter or a gauge with one set of labels."""

    __slots__ = ("exemplar", "value")

    def __init__(self) -> None:
        self.value = 0.0
        self.exemplar: Exemplar | None = None

    def inc(self, by: float = 1, trace: Trace | None = None) -> None:
        """So many more."""
        self.value += by
        if trace:
            self.exemplar = trace.of(by)

    def set(self, value: float) -> None:
        """It is so many."""
        self.value = value


class Distribution:
    """A histogram with one set of labels. `counts` are by bucket, the last one being for what is beyond all bounds."""

    __slots__ = ("bounds", "counts", "exemplars", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds, self.counts, self.sum = bounds, [0] * (len(bounds) + 1), 0.0
        self.exemplars: dict[int, Exemplar] = {}  # the newest of each bucket that has any

    def observe(self, value: float, trace: Trace | None = None) -> None:
        """One more, of this size."""
        bucket = bisect_left(self.bounds, value)
        self.counts[bucket] += 1
        self.sum += value
        if trace:
            self.exemplars[bucket] = trace.of(value)


class Numbers(Collector):
    """A counter or a gauge of the catalogue."""

    def __init__(self, row: Row) -> None:
        self._row, self._children = row, _begun(row, Number)

    def labels(self, *labels: str) -> Number:
        """Where to count what has these labels."""
        return self._children.get(labels) or self._children.setdefault(labels, Number())

    def clear(self) -> None:
        """Forget everything."""
        self._children.clear()

    def collect(self) -> Iterator[Metric]:
        row = self._row
        if row.kind == "gauge":
            gauge = GaugeMetricFamily(row.name, row.help, labels=row.labels)
            for labels, one in self._children.items():
                gauge.add_metric(labels, one.value)
            yield gauge
            return
        counter = CounterMetricFamily(row.name, row.help, labels=row.labels)
        for labels, one in self._children.items():
            counter.add_metric(labels, one.value, exemplar=one.exemplar)
        yield counter


class Distributions(Collector):
    """A histogram of the catalogue."""

    def __init__(self, row: Row) -> None:
        self._row, self._children = row, _begun(row, lambda: Distribution(row.buckets))
        self._bounds = [*map(floatToGoString, row.buckets), "+Inf"]

    def labels(self, *labels: str) -> Distribution:
        """Where to count what has these labels."""
        return self._children.get(labels) or self._children.setdefault(labels, Distribution(self._row.buckets))

    def collect(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(self._row.name, self._row.help, labels=self._row.labels)
        for labels, one in self._children.items():
            family.add_metric(labels, list(self._buckets(one)), one.sum)
        yield family

    def _buckets(self, one: Distribution) -> Iterator[tuple[str, float] | tuple[str, float, Exemplar]]:
        for number, (bound, total) in enumerate(zip(self._bounds, accumulate(one.counts), strict=True)):
            exemplar = one.exemplars.get(number)
            yield (bound, total, exemplar) if exemplar else (bound, total)


def _begun(row: Row, make: Callable[[], T]) -> dict[Labels, T]:
    return {} if row.labels else {(): make()}
