"""A configuration becomes a tracer: sampler, tail, outlet and exporter are put together."""

import sys
from collections.abc import Mapping

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SpanExporter

from alertd import __version__
from alertd.config.telemetry import Traces
from alertd.errors import ConfigError, Problem
from alertd.ports import Clock
from alertd.telemetry.formats import Hide
from alertd.telemetry.traces.listening import LastAnswer, over_grpc, over_http
from alertd.telemetry.traces.outlet import Outlet
from alertd.telemetry.traces.sampling import Sampler, Tail
from alertd.telemetry.traces.tracer import OtelTracer


def exporting(resource: Mapping[str, str], traces: Traces, clock: Clock, hide: Hide) -> OtelTracer:
    """A tracer that exports as configured. Raises ConfigError."""
    try:
        exporter = _exporter(traces, said := LastAnswer())
    except Exception as problem:  # a library's, about an address, a certificate, a variable
        raise ConfigError([Problem(f"the exporter {traces.exporter} of traces cannot be used: {problem}")]) from None
    outlet = Outlet(
        exporter,
        queue=traces.queue,
        batch_size=traces.batch_size,
        delay=traces.batch_delay.total_seconds(),
        clock=clock,
        said=said,
    )
    named = Resource.create({"service.version": __version__, **resource})
    return OtelTracer(named, Sampler(traces.ratio, follows=traces.follows), Tail(outlet.put), outlet, hide)


def _exporter(traces: Traces, said: LastAnswer) -> SpanExporter:
    endpoint, headers, timeout = traces.endpoint or None, dict(traces.headers) or None, traces.timeout.total_seconds()
    match traces.exporter:
        case "otlp":
            return over_http(endpoint, headers, timeout, said)
        case "otlp_grpc":
            return over_grpc(endpoint, headers, timeout, said)
        case "zipkin":
            return _zipkin(endpoint, traces.headers)
        case "console":
            return ConsoleSpanExporter(out=sys.stdout, formatter=lambda span: f"{span.to_json(indent=None)}\n")


def _zipkin(endpoint: str | None, headers: Mapping[str, str]) -> SpanExporter:
    from opentelemetry.exporter.zipkin.json import ZipkinExporter

    exporter = ZipkinExporter(endpoint=endpoint)
    exporter.session.headers.update(headers)
    return exporter
