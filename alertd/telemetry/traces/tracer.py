"""The Tracer port over OpenTelemetry: spans, W3C's headers, and what may be said in them."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from alertd import __version__
from alertd.config.telemetry import Telemetry
from alertd.errors import AlertdError
from alertd.ports import NOTHING, Attributes, Place, Span
from alertd.telemetry.formats import Hide, tame
from alertd.telemetry.redaction import without_tokens
from alertd.telemetry.traces.outlet import Outlet
from alertd.telemetry.traces.sampling import Sampler, Tail, kept

_KINDS = {"internal": SpanKind.INTERNAL, "client": SpanKind.CLIENT, "server": SpanKind.SERVER}
_W3C, _BAGGAGE = TraceContextTextMapPropagator(), W3CBaggagePropagator()
_MOST_LINKS = 16
_LONGEST = 2000  # characters of a value


class OtelTracer:
    """Spans of one process, exported through an outlet. `hide` takes secrets out of a text."""

    follows = True

    def __init__(
        self, resource: Resource, sampler: Sampler, tail: Tail, outlet: Outlet, hide: Hide = without_tokens
    ) -> None:
        provider = TracerProvider(sampler, resource, shutdown_on_exit=False)
        provider.add_span_processor(tail)
        self._tracer = provider.get_tracer("alertd", __version__)
        self._sampler, self._tail, self._outlet, self._hide = sampler, tail, outlet, hide

    def span(
        self,
        name: str,
        attributes: Attributes = NOTHING,
        *,
        place: Place = "internal",
        parent: str | Mapping[str, str] | None = None,
        links: Iterable[str] = (),
        keep: bool = False,
    ) -> AbstractContextManager[Span]:
        """See the port."""
        context = contexts.get_current() if parent is None else _caused(parent)
        span = self._tracer.start_span(
            name,
            kept(context) if keep else context,
            _KINDS[place],
            _bounded(attributes, self._hide),
            list(_links(links)),
            record_exception=False,
            set_status_on_exception=False,
        )
        if keep:
            self._tail.keep(span.get_span_context().trace_id)
        return self._entered(span, context)

    def here(self) -> str:
        """The traceparent of the span that is entered; of one that is kept after all it says so."""
        at = trace.get_current_span().get_span_context()
        if not at.is_valid:
            return ""
        taken = at.trace_flags.sampled or self._tail.is_kept(at.trace_id)
        return f"00-{at.trace_id:032x}-{at.span_id:016x}-{taken:02x}"

    def headers(self) -> Mapping[str, str]:
        """`traceparent`, `tracestate` and `baggage`, as far as there are any."""
        carrier: dict[str, str] = {}
        for propagator in (_W3C, _BAGGAGE):
            propagator.inject(carrier)
        return carrier | {"traceparent": self.here()} if "traceparent" in carrier else carrier

    def follow(self, config: Telemetry) -> None:
        """See Tracing."""
        if config.traces:
            self._sampler.take(config.traces.ratio, follows=config.traces.follows)

    def counts(self) -> Mapping[str, int]:
        """Spans by what became of them."""
        return self._outlet.counts()

    def close(self, seconds: float) -> None:
        """Export what waits, for at most so long; blocks."""
        self._outlet.close(seconds)

    @contextmanager
    def _entered(self, span: trace.Span, context: Context) -> Iterator[Span]:
        one = _Span(span, self._tail, self._hide)
        token = contexts.attach(trace.set_span_in_context(span, context))
        try:
            yield one
        except asyncio.CancelledError:
            one.note({"alertd.cancelled": True})
            raise
        except Exception as error:
            if not one.failed:  # others' words may hold what is nobody's business
                one.fail(str(error) if isinstance(error, AlertdError) else "", type(error).__name__)
            raise
        finally:
            contexts.detach(token)
            span.end()


class _Span:
    """The Span port over one of OpenTelemetry's."""

    def __init__(self, span: trace.Span, tail: Tail, hide: Hide) -> None:
        self._span, self._tail, self._hide = span, tail, hide
        self.failed = False

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def note(self, attributes: Attributes) -> None:
        self._span.set_attributes(_bounded(attributes, self._hide))

    def event(self, name: str, attributes: Attributes = NOTHING) -> None:
        self._span.add_event(name, _bounded(attributes, self._hide))

    def fail(self, error: str, kind: str = "") -> None:
        self.failed = True
        self._span.set_status(Status(StatusCode.ERROR, _said(error, self._hide)))
        self._span.set_attribute("error.type", _said(kind or "_OTHER", self._hide))
        self.keep()

    def keep(self) -> None:
        self._tail.keep(self._span.get_span_context().trace_id)


def _caused(parent: str | Mapping[str, str]) -> Context:
    """A context of nothing but this cause."""
    carrier = {"traceparent": parent} if isinstance(parent, str) else parent
    return _BAGGAGE.extract(carrier, _W3C.extract(carrier, Context()))


def _links(causes: Iterable[str]) -> Iterator[Link]:
    for cause, _ in zip(causes, range(_MOST_LINKS), strict=False):
        at = trace.get_current_span(_caused(cause)).get_span_context()
        if at.is_valid:
            yield Link(at)


def _bounded(attributes: Attributes, hide: Hide) -> dict[str, Any]:
    return {name: _said(value, hide) for name, value in attributes.items()}


def _said(value: Any, hide: Hide) -> Any:
    """What protobuf takes, too: half a character in a label must not cost others their spans."""
    text = tame(value, hide, _LONGEST)
    return text.encode("utf-8", "replace").decode() if isinstance(text, str) else text
