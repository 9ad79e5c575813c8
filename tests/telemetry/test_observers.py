"""Whatever an observer does, the engine goes on and the others are told."""

import logging

import pytest

from alertd.events import Event, RulesEvaluated
from alertd.telemetry.observers import Observers
from alertd.testing import RecordingTracer

from .happenings import answered, evaluated


class Witness:
    def __init__(self) -> None:
        self.seen: list[Event] = []

    def notice(self, event: Event) -> None:
        self.seen.append(event)


class Broken(Witness):
    def notice(self, event: Event) -> None:
        raise ValueError("broken")


def test_everybody_is_told_in_order() -> None:
    one, other = Witness(), Witness()
    observers = Observers(one, other)
    observers.notice(evaluated())
    observers.notice(answered())
    assert one.seen == other.seen == [evaluated(), answered()]


def test_a_broken_observer_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    witness = Witness()
    observers = Observers(Broken(), witness)
    with caplog.at_level(logging.ERROR):
        for event in (evaluated(), evaluated(), answered()):
            observers.notice(event)
    assert len(witness.seen) == 3
    assert caplog.messages == [
        "Broken could not take in a RulesEvaluated",
        "Broken could not take in a DatasourceAnswered",
    ]


def test_who_says_what_is_of_interest_hears_of_nothing_else() -> None:
    class Choosy(Witness):
        def __init__(self) -> None:
            super().__init__()
            self.actions = {RulesEvaluated: self.seen.append}

    observers = Observers(choosy := Choosy())
    for event in (evaluated(), answered(), evaluated()):
        observers.notice(event)
    assert choosy.seen == [evaluated(), evaluated()]


def test_spans_are_the_tracers() -> None:
    observers = Observers(Witness(), tracer=(tracer := RecordingTracer()))
    with observers.span("evaluate", {"group": "g"}, place="server", parent="00-1-2-01", links=("x",), keep=True):
        assert observers.here() == tracer.spans[0].id
        assert observers.headers() == {"traceparent": observers.here()}
    (span,) = tracer.spans
    assert (span.attributes, span.place, span.links, span.kept) == ({"group": "g"}, "server", ("x",), True)


def test_nothing_is_traced_without_a_tracer() -> None:
    observers = Observers(Witness())
    one, other = observers.span("evaluate"), observers.span("deliver", {"integration": "x"}, keep=True)
    assert one is other
    with one as span:
        for say in (span.fail, span.rename, span.event):
            say("x")
        span.note({"x": 1})
        span.keep()
        assert (observers.here(), observers.headers()) == ("", {})
