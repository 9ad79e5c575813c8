"""A tracer whose spans end up in a list, and exporters that behave as a test says."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from alertd.clock import SystemClock
from alertd.telemetry.formats import Hide
from alertd.telemetry.redaction import without_tokens
from alertd.telemetry.traces.listening import LastAnswer
from alertd.telemetry.traces.outlet import Outlet
from alertd.telemetry.traces.sampling import Sampler, Tail
from alertd.telemetry.traces.tracer import OtelTracer


class Kept(SpanExporter):
    """Takes everything, once it is not held."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []
        self.batches: list[int] = []
        self.results: list[SpanExportResult | Exception] = []
        self.open = threading.Event()
        self.open.set()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.open.wait(30)
        result = self.results.pop(0) if self.results else SpanExportResult.SUCCESS
        if isinstance(result, Exception):
            raise result
        self.spans += spans
        self.batches.append(len(spans))
        return result

    def shutdown(self) -> None:
        self.open.set()

    @property
    def names(self) -> list[str]:
        return sorted(span.name for span in self.spans)


def until(probe: Callable[[], object]) -> None:
    """Wait, at most ten seconds, until it is so."""
    for _ in range(1000):
        if probe():
            return
        threading.Event().wait(0.01)
    raise AssertionError("waited in vain")


def outlet(exporter: SpanExporter, queue: int = 1000, batch_size: int = 100, delay: float = 0.01) -> Outlet:
    return Outlet(exporter, queue=queue, batch_size=batch_size, delay=delay, clock=SystemClock(), said=LastAnswer())


@contextmanager
def tracing(
    ratio: float = 1.0, *, follows: bool = True, hide: Hide = without_tokens
) -> Iterator[tuple[OtelTracer, Kept]]:
    """A tracer; what it exported is complete after the context."""
    exporter = Kept()
    out = outlet(exporter)
    tracer = OtelTracer(Resource({}), Sampler(ratio, follows=follows), Tail(out.put), out, hide)
    try:
        yield tracer, exporter
    finally:
        tracer.close(10)
