"""A share of the traces is exported, and all of those that are of interest."""

import pytest

from alertd.config.telemetry import Telemetry, Traces
from alertd.telemetry.traces import sampling

from .exported import tracing

SENT = f"00-{1:032x}-{2:016x}-01"
UNSENT = f"00-{1:032x}-{2:016x}-00"


def test_everything_or_nothing() -> None:
    for ratio, names in ((1.0, ["inner", "outer"]), (0.0, [])):
        with tracing(ratio) as (tracer, exported), tracer.span("outer"), tracer.span("inner"):
            pass
        assert exported.names == names


def test_a_share() -> None:
    with tracing(0.25) as (tracer, exported):
        for _ in range(800):
            with tracer.span("one"), tracer.span("other"):
                pass
    assert 100 < exported.names.count("one") < 300
    assert exported.names.count("one") == exported.names.count("other")


def test_another_share_is_followed_at_once() -> None:
    with tracing(0.0) as (tracer, exported):
        with tracer.span("before"):
            pass
        tracer.follow(Telemetry(traces=Traces("otlp", ratio=1.0)))
        with tracer.span("after"):
            pass
        tracer.follow(Telemetry())  # without traces, which needs a restart
        with tracer.span("still"):
            pass
    assert exported.names == ["after", "still"]


def test_a_failure_takes_all_of_its_trace_along() -> None:
    with tracing(0.0) as (tracer, exported):
        with tracer.span("evaluate"):
            with tracer.span("before"):
                pass
            with tracer.span("failing") as span:
                span.fail("refused")
            with tracer.span("after"):
                pass
        with tracer.span("another trace"):
            pass
    assert exported.names == ["after", "before", "evaluate", "failing"]


def test_what_is_kept_says_so_to_whoever_goes_on() -> None:
    with tracing(0.0) as (tracer, exported):
        with tracer.span("evaluate") as span:
            assert tracer.here().endswith("-00")
            span.keep()
            assert tracer.here().endswith("-01")
            assert tracer.headers()["traceparent"] == tracer.here()
            cause = tracer.here()
        with tracer.span("flush", parent=cause), tracer.span("commit"):
            pass
    assert exported.names == ["commit", "evaluate", "flush"]


def test_a_span_may_be_wanted_from_the_start() -> None:
    with (
        tracing(0.0) as (tracer, exported),
        tracer.span("evaluate"),
        tracer.span("deliver", keep=True),
        tracer.span("POST"),
    ):
        assert tracer.headers()["traceparent"].endswith("-01")
    assert exported.names == ["POST", "deliver", "evaluate"]


@pytest.mark.parametrize(("follows", "names"), [(True, ["sent"]), (False, ["sent", "unsent"])])
def test_who_causes_a_trace_elsewhere_decides_unless_told_otherwise(follows: bool, names: list[str]) -> None:
    with tracing(1.0, follows=follows) as (tracer, exported):
        with tracer.span("sent", parent=SENT):
            pass
        with tracer.span("unsent", parent=UNSENT):
            pass
    assert exported.names == names


def test_children_go_where_their_parent_goes_also_if_nobody_is_followed() -> None:
    with tracing(0.0, follows=False) as (tracer, exported), tracer.span("a", keep=True), tracer.span("b"):
        pass
    assert exported.names == ["a", "b"]


def test_what_is_kept_until_it_is_decided_is_bounded() -> None:
    with tracing(0.0) as (tracer, exported):
        with tracer.span("evaluate") as span:
            for _ in range(sampling._MOST_SPANS + 50):
                with tracer.span("query"):
                    pass
            assert len(next(iter(tracer._tail._traces.values())).spans) == sampling._MOST_SPANS
            span.keep()
        assert tracer._tail._traces == {}
    assert len(exported.spans) == sampling._MOST_SPANS + 1


def test_traces_beyond_the_bound_are_let_go() -> None:
    with tracing(0.0) as (tracer, exported):
        opened = [tracer.span("one", parent="") for _ in range(sampling._MOST_TRACES + 5)]
        spans = [one.__enter__() for one in opened]
        assert len(tracer._tail._traces) == sampling._MOST_TRACES
        for span in spans:
            span.fail("late")
        for one in reversed(opened):
            one.__exit__(None, None, None)
        assert tracer._tail._traces == {}
    assert len(exported.spans) == sampling._MOST_TRACES
