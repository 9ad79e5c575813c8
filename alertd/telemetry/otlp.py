"""Metrics as OpenTelemetry's protocol has them, under the names that /metrics has.

A counter is a cumulative monotonic sum, a gauge a gauge, a histogram one with explicit bounds, a summary a summary.
https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from prometheus_client.core import Metric

from alertd.telemetry.protobuf import block, double, doubles, fixed64, fixed64s, integer, text

_CUMULATIVE = 2
_UNITS = {"seconds": "s", "bytes": "By"}
_FIELDS = {"gauge": 5, "counter": 7, "histogram": 9, "summary": 11}


@dataclass(frozen=True)
class Period:
    """What the values are about: since when they are counted, and when they were read."""

    start: datetime
    now: datetime

    @property
    def stamps(self) -> bytes:
        """As all data points have them."""
        return fixed64(2, _nanoseconds(self.start)) + fixed64(3, _nanoseconds(self.now))


def encode(families: Iterable[Metric], resource: Mapping[str, str], version: str, period: Period) -> bytes:
    """An ExportMetricsServiceRequest."""
    scope = text(1, "alertd") + text(2, version)
    metrics = b"".join(block(2, _metric(family, period)) for family in families if family.samples)
    return block(1, block(1, _attributes(1, resource)) + block(2, block(1, scope) + metrics))


def _metric(family: Metric, period: Period) -> bytes:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    unit = _UNITS.get(family.name.rpartition("_")[2], "")
    points = b"".join(block(1, point) for point in _points(family, period))
    if family.type == "counter":
        points += integer(2, _CUMULATIVE) + integer(3, 1)
    elif family.type == "histogram":
        points += integer(2, _CUMULATIVE)
    return text(1, name) + text(2, family.documentation) + text(3, unit) + block(_FIELDS[family.type], points)


def _points(family: Metric, period: Period) -> Iterator[bytes]:
    if family.type in ("counter", "gauge"):
        for sample in family.samples:
            exemplar = block(5, _exemplar(sample.exemplar)) if sample.exemplar else b""
            yield _attributes(7, sample.labels) + period.stamps + double(4, sample.value) + exemplar
        return
    for labels, samples in _grouped(family):
        shape = _summary if family.type == "summary" else _histogram
        yield period.stamps + shape(labels, samples)


def _grouped(family: Metric) -> Iterator[tuple[Mapping[str, str], list[Any]]]:
    """The samples of each label set, buckets and quantiles aside."""
    groups: dict[tuple[tuple[str, str], ...], list[Any]] = {}
    for sample in family.samples:
        key = tuple(pair for pair in sorted(sample.labels.items()) if pair[0] not in ("le", "quantile"))
        groups.setdefault(key, []).append(sample)
    return ((dict(key), samples) for key, samples in groups.items())


def _histogram(labels: Mapping[str, str], samples: list[Any]) -> bytes:
    buckets = [sample for sample in samples if sample.name.endswith("_bucket")]
    counts = [int(later - earlier) for earlier, later in pairwise([0, *(bucket.value for bucket in buckets)])]
    bounds = [float(bucket.labels["le"]) for bucket in buckets if bucket.labels["le"] != "+Inf"]
    exemplars = b"".join(block(8, _exemplar(bucket.exemplar)) for bucket in buckets if bucket.exemplar)
    return _sums(samples) + fixed64s(6, counts) + doubles(7, bounds) + exemplars + _attributes(9, labels)


def _summary(labels: Mapping[str, str], samples: list[Any]) -> bytes:
    parts = [(float(one.labels["quantile"]), one.value) for one in samples if "quantile" in one.labels]
    quantiles = b"".join(block(6, double(1, part) + double(2, value)) for part, value in parts)
    return _sums(samples) + quantiles + _attributes(7, labels)


def _sums(samples: list[Any]) -> bytes:
    values = {sample.name.rpartition("_")[2]: sample.value for sample in samples}
    return fixed64(4, int(values["count"])) + double(5, values["sum"])


def _exemplar(exemplar: Any) -> bytes:
    stamp, labels = round(exemplar.timestamp * 1_000_000_000), exemplar.labels
    ids = block(4, bytes.fromhex(labels["span_id"])) + block(5, bytes.fromhex(labels["trace_id"]))
    return fixed64(2, stamp) + double(3, exemplar.value) + ids


def _attributes(field: int, labels: Mapping[str, str]) -> bytes:
    return b"".join(block(field, text(1, name) + block(2, text(1, value))) for name, value in labels.items())


def _nanoseconds(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000) * 1000
