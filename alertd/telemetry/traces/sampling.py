"""Which traces are exported: a share of them, decided when they begin, and those that turn out to be of interest.

What is not in the share is followed all the same, and kept until its trace is over here: if a span of it fails, or says
that it is to be kept, all of it is exported after all. How much is kept is bounded.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from opentelemetry.context import Context, get_value, set_value
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.sampling import Decision, ParentBased, SamplingResult, TraceIdRatioBased
from opentelemetry.sdk.trace.sampling import Sampler as SdkSampler
from opentelemetry.trace import Link, Span, SpanKind, TraceState
from opentelemetry.util.types import Attributes

_KEEP = "alertd.keep"
_MOST_TRACES = 1000  # that are under way at once, and kept until they are over
_MOST_SPANS = 200  # of one of them


def kept(context: Context) -> Context:
    """A context in which the next span is exported, whatever the ratio says."""
    return set_value(_KEEP, True, context)  # noqa: FBT003 - the library's signature


class Sampler(SdkSampler):
    """Takes this share of the traces; `follows`: unless who caused one elsewhere has decided already."""

    def __init__(self, ratio: float, *, follows: bool) -> None:
        self.take(ratio, follows=follows)

    def take(self, ratio: float, *, follows: bool) -> None:
        """This share of what begins from now on."""
        share = TraceIdRatioBased(ratio)
        own = ParentBased(share, remote_parent_sampled=share, remote_parent_not_sampled=share)
        self._head = ParentBased(share) if follows else own

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        head = self._head.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)
        if head.decision is not Decision.DROP:
            return head
        wanted = get_value(_KEEP, parent_context) is not None
        decision = Decision.RECORD_AND_SAMPLE if wanted else Decision.RECORD_ONLY
        return SamplingResult(decision, attributes, head.trace_state)

    def get_description(self) -> str:
        return "alertd: a share, and what is of interest"


@dataclass
class _Trace:
    """A trace that was not taken, as long as something of it is under way."""

    under_way: int = 0
    kept: bool = False
    spans: list[ReadableSpan] = field(default_factory=list)


class Tail(SpanProcessor):
    """Gives on what is to be exported. For one thread."""

    def __init__(self, export: Callable[[ReadableSpan], None]) -> None:
        self._export = export
        self._traces: dict[int, _Trace] = {}

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002
        at = span.get_span_context()
        if at.trace_flags.sampled:
            return
        trace = self._traces.get(at.trace_id)
        if trace is None and len(self._traces) < _MOST_TRACES:
            trace = self._traces[at.trace_id] = _Trace()
        if trace is not None:
            trace.under_way += 1

    def on_end(self, span: ReadableSpan) -> None:
        at = span.get_span_context()
        if at is None:
            return
        if at.trace_flags.sampled:
            self._export(span)
        elif (trace := self._traces.get(at.trace_id)) is not None:
            self._note(trace, span)
            trace.under_way -= 1
            if not trace.under_way:
                del self._traces[at.trace_id]

    def keep(self, trace_id: int) -> None:
        """This one is of interest: what is over goes out now, the rest as it ends."""
        trace = self._traces.get(trace_id)
        if trace is None:
            return
        trace.kept = True
        for span in trace.spans:
            self._export(span)
        trace.spans.clear()

    def is_kept(self, trace_id: int) -> bool:
        """Whether this one, which was not taken at first, goes out."""
        trace = self._traces.get(trace_id)
        return trace is not None and trace.kept

    def _note(self, trace: _Trace, span: ReadableSpan) -> None:
        if trace.kept:
            self._export(span)
        elif len(trace.spans) < _MOST_SPANS:
            trace.spans.append(span)
