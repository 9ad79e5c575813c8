"""A configuration becomes a tracer that somebody real understands, or says why it cannot be."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from alertd import __version__
from alertd.clock import SystemClock
from alertd.config.telemetry import Telemetry, Traces
from alertd.errors import ConfigError
from alertd.telemetry.traces import Nothing, open_tracer
from tests.e2e.collectors import OtlpGrpc, OtlpHttp, Zipkin

RESOURCE = {"service.name": "alertd", "service.instance.id": "here:1", "deployment.environment.name": "test"}
PATHS = {"otlp": "/v1/traces", "zipkin": "/api/v2/spans", "otlp_grpc": ""}


@pytest.fixture(params=[OtlpHttp, OtlpGrpc, Zipkin])
def collector(request: pytest.FixtureRequest) -> Iterator[OtlpHttp | OtlpGrpc | Zipkin]:
    one = request.param()
    yield one
    one.close()


def test_somebody_real_understands_it(collector: OtlpHttp | OtlpGrpc | Zipkin) -> None:
    endpoint = f"http://127.0.0.1:{collector.port}{PATHS[collector.exporter]}"
    traces = Traces(collector.exporter, endpoint, {"x-token": "hush"}, batch_delay=timedelta(milliseconds=10))
    tracer = open_tracer(Telemetry(RESOURCE, traces), SystemClock())
    with tracer.span("outer", {"n": 1}), tracer.span("inner", place="client") as span:
        span.event("happened")
        span.fail("refused")
    tracer.close(10)
    (outer,), (inner,) = collector.named("outer"), collector.named("inner")
    assert (inner.parent, inner.trace, inner.kind, inner.failed) == (outer.id, outer.trace, "client", True)
    assert outer.begun <= inner.begun <= inner.ended <= outer.ended
    assert len(inner.events) == 1
    assert outer.resource["service.version"] == __version__
    assert RESOURCE.items() <= outer.resource.items()
    assert tracer.counts()["exported"] == 2


@pytest.mark.parametrize("kind", [OtlpHttp, OtlpGrpc])
def test_what_it_refuses_of_a_batch_is_counted_and_told(
    kind: type[OtlpHttp | OtlpGrpc], caplog: pytest.LogCaptureFixture
) -> None:
    collector = kind()
    collector.answer.partial_success.rejected_spans = 2
    collector.answer.partial_success.error_message = "too many attributes"
    endpoint = f"http://127.0.0.1:{collector.port}{PATHS[collector.exporter]}"
    tracer = open_tracer(Telemetry(RESOURCE, Traces(collector.exporter, endpoint)), SystemClock())
    for name in ("one", "two", "three"):
        with tracer.span(name):
            pass
    tracer.close(10)
    collector.close()
    assert tracer.counts() == {"exported": 1, "refused": 2, "queue_full": 0}
    assert [record.fields for record in caplog.records] == [{"spans": 2, "error": "too many attributes"}]


def test_the_console_has_a_line_a_span(capsys: pytest.CaptureFixture[str]) -> None:
    tracer = open_tracer(Telemetry({}, Traces("console")), SystemClock())
    with tracer.span("one"):
        pass
    tracer.close(10)
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["name"] == "one"


def test_nothing_is_imported_where_nothing_is_exported() -> None:
    assert isinstance(open_tracer(Telemetry(), SystemClock()), Nothing)


def test_what_the_library_refuses_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_ZIPKIN_TIMEOUT", "soon")
    with pytest.raises(ConfigError, match="the exporter zipkin of traces cannot be used: invalid literal"):
        open_tracer(Telemetry({}, Traces("zipkin")), SystemClock())
