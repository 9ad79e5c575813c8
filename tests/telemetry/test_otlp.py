"""Metrics in OpenTelemetry's protocol, read by its own library; and what becomes of an export that fails."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsPartialSuccess,
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from pydantic import ValidationError

from alertd.clock import SystemClock
from alertd.config.metering import MetricsEntry, completed
from alertd.config.problems import Place
from alertd.config.variables import Said
from alertd.config.yamltext import Node
from alertd.events import MetricsExported
from alertd.telemetry.catalogue import ROWS
from alertd.telemetry.export import Export
from alertd.telemetry.metrics import Metrics
from alertd.telemetry.otlp import Period, encode
from alertd.telemetry.partial import Partial, partial
from alertd.telemetry.readings import Readings
from tests.servers import answer, http_server, silence

from .happenings import COUNTED

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CUMULATIVE = 2


@pytest.fixture
def metrics() -> Metrics:
    one = Metrics(Readings(dict, dict, int), lambda: f"00-{TRACE}-{SPAN}-01")
    for event in COUNTED:
        one.notice(event)
    return one


def decoded(body: bytes) -> tuple[Mapping[str, str], Mapping[str, Any]]:
    """The attributes of the resource, and the metrics by name."""
    (found,) = ExportMetricsServiceRequest.FromString(body).resource_metrics
    (scope,) = found.scope_metrics
    assert scope.scope.name == "alertd"
    return attributes(found.resource), {metric.name: metric for metric in scope.metrics}


def attributes(of: Any) -> dict[str, str]:
    return {one.key: one.value.string_value for one in of.attributes}


@pytest.fixture
def exported(metrics: Metrics) -> Mapping[str, Any]:
    period = Period(NOON, NOON + timedelta(minutes=1))
    resource, found = decoded(encode(metrics.collect(), {"service.name": "alertd"}, "1.0", period))
    assert resource == {"service.name": "alertd"}
    return found


def test_all_metrics_of_the_page_are_there(exported: Mapping[str, Any]) -> None:
    usual = {name for name in ROWS if not name.startswith(("prometheus_", "vmalert_"))}
    empty = {"alertd_heartbeats_total", "alertd_remote_write_samples_total", "alertd_otlp_exports_total"}
    assert exported.keys() == usual - empty
    kinds = {"counter": "sum", "gauge": "gauge", "histogram": "histogram", "summary": "summary"}
    assert {name: one.WhichOneof("data") for name, one in exported.items()} == {
        name: kinds[ROWS[name].kind] for name in exported
    }


def test_a_counter(exported: Mapping[str, Any]) -> None:
    one = exported["alertd_notifications_total"]
    assert one.description == ROWS["alertd_notifications_total"].help
    assert (one.sum.aggregation_temporality, one.sum.is_monotonic) == (CUMULATIVE, True)
    found = {attributes(point)["result"]: point for point in one.sum.data_points}
    assert attributes(found["accepted"]) == {"integration": "webhook[0]", "receiver": "team", "result": "accepted"}
    assert {result: point.as_double for result, point in found.items()} == {"accepted": 1, "retried": 1, "dead": 1}
    point = found["accepted"]
    assert point.start_time_unix_nano == NOON.timestamp() * 10**9
    assert point.time_unix_nano - point.start_time_unix_nano == 60 * 10**9
    (exemplar,) = point.exemplars
    assert (exemplar.trace_id.hex(), exemplar.span_id.hex(), exemplar.as_double) == (TRACE, SPAN, 1)


def test_a_gauge(exported: Mapping[str, Any]) -> None:
    one = exported["alertd_datasource_up"]
    assert {attributes(point)["datasource"]: point.as_double for point in one.gauge.data_points} == {
        "main": 1,
        "other": 0,
    }


def test_a_histogram(exported: Mapping[str, Any]) -> None:
    one = exported["alertd_notification_latency_seconds"]
    assert (one.unit, one.histogram.aggregation_temporality) == ("s", CUMULATIVE)
    (point,) = one.histogram.data_points
    assert (point.count, point.sum) == (1, 40)
    assert list(point.explicit_bounds) == list(ROWS[one.name].buckets)
    assert list(point.bucket_counts) == [0, 0, 0, 0, 1, *[0] * 8]
    assert point.exemplars[0].trace_id.hex() == TRACE


def test_a_summary(metrics: Metrics) -> None:
    families = list(metrics.collect(("prometheus", "vmalert")))
    _, found = decoded(encode(families, {}, "1.0", Period(NOON, NOON)))
    (point,) = found["vmalert_iteration_duration_seconds"].summary.data_points
    assert (point.count, attributes(point)) == (3, {"file": "rules/jobs.yml", "group": "jobs"})
    assert [one.quantile for one in point.quantile_values] == [0.5, 0.9, 0.97, 0.99, 1]


def exporting(metrics: Metrics, endpoint: str) -> tuple[Export, list[MetricsExported]]:
    events: list[MetricsExported] = []
    config = MetricsEntry.model_validate(
        {"exporter": "otlp", "endpoint": endpoint, "headers": {"X-Key": "k"}, "interval": "20ms", "timeout": "300ms"}
    )
    config = completed(config, Said({}, Place("", Node(1, 1, entries={}))))
    return Export(config, metrics.collect, {"service.name": "alertd"}, events.append, SystemClock()), events


async def test_they_are_sent_again_and_again(metrics: Metrics) -> None:
    async with http_server() as server:
        one, events = exporting(metrics, server.url)
        task = asyncio.ensure_future(one.run())
        async with asyncio.timeout(10):
            while len(events) < 2:
                await asyncio.wait([task], timeout=0.01)
        task.cancel()
        await one.aclose()
    request = server.requests[1]
    assert (request.method, request.path, request.headers["x-key"]) == ("POST", "/v1/metrics", "k")
    assert request.headers["content-type"] == "application/x-protobuf"
    assert "alertd_rules" in decoded(request.body)[1]
    assert set(events) == {MetricsExported()}


async def test_a_path_is_left_as_it_is(metrics: Metrics) -> None:
    async with http_server() as server:
        one, _ = exporting(metrics, f"{server.url}/otlp/v1/metrics?tenant=a")
        await one.step()
        await one.aclose()
    assert server.requests[0].path == "/otlp/v1/metrics?tenant=a"


async def test_what_goes_wrong_is_told(metrics: Metrics) -> None:
    async with http_server() as server:
        server.script = [answer(503), silence, answer()]
        one, events = exporting(metrics, server.url)
        for _ in range(3):
            await one.step()
    await one.step()
    await one.aclose()
    assert [event.error for event in events[:3]] == [
        "the answer has the status 503",
        "no complete answer within 0.3 s",
        "",
    ]
    assert events[3].error


def taken(rejected: int, message: str) -> bytes:
    said = ExportMetricsPartialSuccess(rejected_data_points=rejected, error_message=message)
    return ExportMetricsServiceResponse(partial_success=said).SerializeToString()


async def test_what_a_collector_refuses_of_them_is_told(metrics: Metrics) -> None:
    async with http_server() as server:
        server.script = [answer(200, body) for body in (taken(3, "out of order"), taken(0, "send less often"), b"")]
        one, events = exporting(metrics, server.url)
        for _ in range(3):
            await one.step()
        await one.aclose()
    assert events == [
        MetricsExported(rejected=3, remark="out of order"),
        MetricsExported(remark="send less often"),
        MetricsExported(),
    ]
    for event in events:
        metrics.notice(event)
    assert b"alertd_otlp_points_rejected_total 3.0" in metrics.render()[0]


@pytest.mark.parametrize(
    "body",
    [
        b"ok", b"<html>", b"{}", b"\x0a", b"\x0a\x7f", b"\x0a\x02\x08\xff", b"\x08\x03", b"\xff" * 20,
        b"\x0d1234", b"\x0912345678", taken(-1, ""), taken(0, ""),
    ],
)  # fmt: skip
def test_an_answer_that_says_nothing(body: bytes) -> None:
    assert partial(body) == Partial()


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"endpoint": "http://c:4318"}, "exporter"),
        ({"exporter": "otlp", "endpoint": "http://me:secret@c:4318"}, "http_config"),
        ({"exporter": "otlp", "endpoint": "http://c:4318", "enabled": False}, "enabled"),
        ({"exporter": "statsd", "endpoint": "http://c:4318"}, "otlp"),
        ({"exporter": "otlp", "endpoint": "http://c:4318", "interval": "0s"}, "longer than zero"),
    ],
)
def test_what_the_section_does_not_take(section: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        MetricsEntry.model_validate(section)
