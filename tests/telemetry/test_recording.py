"""The tracer of the tests says what was caused by what."""

import pytest

from alertd.testing import RecordingTracer


def test_a_span_is_caused_by_the_one_that_is_entered() -> None:
    tracer = RecordingTracer()
    with tracer.span("outer"):
        with tracer.span("inner"):
            pass
        with tracer.span("apart", parent=""):
            pass
    outer, inner, apart = tracer.spans
    assert (inner.parent, inner.trace) == (outer.id, outer.trace)
    assert (apart.parent, apart.trace == outer.trace) == ("", False)
    assert tracer.here() == ""
    assert all(span.ended for span in tracer.spans)


def test_a_cause_is_remembered_or_comes_with_a_request() -> None:
    tracer = RecordingTracer()
    with tracer.span("evaluate"):
        cause, headers = tracer.here(), tracer.headers()
    with tracer.span("later", parent=cause), tracer.span("elsewhere", parent=headers):
        pass
    _, later, elsewhere = tracer.spans
    assert later.parent == elsewhere.parent == cause


def test_what_is_raised_is_a_failure() -> None:
    tracer = RecordingTracer()
    with pytest.raises(OSError), tracer.span("deliver"):
        raise OSError("no")
    (span,) = tracer.spans
    assert (span.error, span.kept, tracer.named("deliver")) == ("OSError", True, [span])
