"""Spans as OpenTelemetry has them: kinds, causes, links, and nothing in them that should not be."""

import asyncio

import pytest
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import SpanKind, StatusCode

from alertd.errors import QueryError, QueryFailure

from .exported import tracing

pytestmark = pytest.mark.anyio
CAUSE = f"00-{0xABC:032x}-{0xDEF:016x}-01"


def test_a_span_has_what_was_said() -> None:
    with (
        tracing() as (tracer, exported),
        tracer.span("GET", {"a": 1}, place="server", parent=CAUSE, links=(CAUSE,)) as s,
    ):
        s.rename("GET /x")
        s.note({"b": True, "c": 1.5})
        s.event("happened", {"d": "e"})
    (span,) = exported.spans
    assert (span.name, span.kind, dict(span.attributes)) == ("GET /x", SpanKind.SERVER, {"a": 1, "b": True, "c": 1.5})
    assert (span.parent.trace_id, span.parent.span_id, span.parent.is_remote) == (0xABC, 0xDEF, True)
    assert [link.context.span_id for link in span.links] == [0xDEF]
    assert [(event.name, dict(event.attributes)) for event in span.events] == [("happened", {"d": "e"})]
    assert span.status.status_code is StatusCode.UNSET


def test_headers_go_through() -> None:
    carried = {"traceparent": CAUSE, "tracestate": "v=1", "baggage": "user=ann"}
    with tracing() as (tracer, _), tracer.span("outer", parent=carried), tracer.span("inner"):
        found = tracer.headers()
        assert (found["tracestate"], found["baggage"]) == ("v=1", "user=ann")
        assert found["traceparent"].split("-")[1] == CAUSE.split("-")[1]
    assert (tracer.headers(), tracer.here()) == ({}, "")


@pytest.mark.parametrize("cause", ["", "nonsense", "00-0-0-00", f"00-{0:032x}-{1:016x}-01", "\ud800", "x" * 10_000])
def test_a_cause_that_is_none_begins_a_trace(cause: str) -> None:
    with tracing() as (tracer, exported), tracer.span("outer"):
        with tracer.span("apart", parent=cause, links=(cause,)):
            pass
        with tracer.span("carried", parent={"traceparent": cause}):
            pass
    assert [span.parent for span in exported.spans] == [None] * 3
    assert len({span.context.trace_id for span in exported.spans}) == 3


def test_links_and_values_are_bounded_and_fit_for_protobuf() -> None:
    links = [f"00-{number:032x}-{number:016x}-01" for number in range(1, 100)]
    with tracing() as (tracer, exported), tracer.span("x", {"long": "a" * 9000, "half": "\ud800"}, links=links):
        pass
    (span,) = exported.spans
    assert len(span.links) == 16
    assert len(span.attributes["long"]) < 2100
    assert span.attributes["half"] == "?"


def test_a_password_is_hidden() -> None:
    with tracing() as (tracer, exported), tracer.span("x", {"url": "http://me:hush@host/"}) as span:
        span.fail("no answer from http://me:hush@host/")
    assert "hush" not in exported.spans[0].to_json()


def test_our_words_about_a_failure_are_told_and_those_of_others_are_not() -> None:
    with tracing() as (tracer, exported):
        for error in (QueryError("no such rule", QueryFailure.BAD_QUERY), ValueError("Bearer hush")):
            with pytest.raises(type(error)), tracer.span("x"):
                raise error
    ours, theirs = exported.spans
    assert (ours.status.status_code, ours.status.description) == (StatusCode.ERROR, "no such rule")
    assert theirs.attributes["error.type"] == "ValueError"
    assert "hush" not in theirs.to_json()


def test_the_first_word_about_a_failure_stands() -> None:
    def work() -> None:
        with tracer.span("x") as span:
            span.fail("refused", "server_error")
            raise OSError("other")

    with tracing() as (tracer, exported), pytest.raises(OSError):
        work()
    assert exported.spans[0].attributes["error.type"] == "server_error"


async def test_who_is_cancelled_has_not_failed() -> None:
    with tracing() as (tracer, exported):

        async def waits() -> None:
            with tracer.span("x"):
                await asyncio.Event().wait()

        task = asyncio.ensure_future(waits())
        await asyncio.wait([task], timeout=0.01)
        task.cancel()
        await asyncio.wait([task])
    (span,) = exported.spans
    assert (span.status.status_code, span.attributes["alertd.cancelled"]) == (StatusCode.UNSET, True)


async def test_tasks_do_not_mix_their_spans() -> None:
    with tracing() as (tracer, exported):

        async def work(name: str) -> None:
            with tracer.span(name, parent=""):
                for _ in range(3):
                    await asyncio.get_running_loop().run_in_executor(None, lambda: None)
                with tracer.span(f"{name}.inner"):
                    pass

        await asyncio.gather(work("a"), work("b"))
    by_name = {span.name: span for span in exported.spans}
    for name in ("a", "b"):
        assert by_name[f"{name}.inner"].parent.span_id == by_name[name].context.span_id


def test_what_is_lost_is_counted() -> None:
    with tracing() as (tracer, exported):
        exported.results = [SpanExportResult.FAILURE]
        with tracer.span("x"):
            pass
    assert tracer.counts()["refused"] == 1


def test_what_the_configuration_holds_of_secrets_is_hidden() -> None:
    hidden = tracing(hide=lambda text: text.replace("hush", "<secret>"))
    with hidden as (tracer, exported), tracer.span("x", {"said": "it is hush"}) as span:
        span.event("y", {"said": "hush"})
        span.fail("hush")
    assert "hush" not in exported.spans[0].to_json()
