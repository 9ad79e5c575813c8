"""Whatever an observer does, the engine goes on and the others are told."""

import logging
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest

from alertd.events import Event
from alertd.telemetry.observers import Observers

from .happenings import answered, evaluated


class Witness:
    def __init__(self) -> None:
        self.seen: list[Event] = []

    def notice(self, event: Event) -> None:
        self.seen.append(event)

    def span(self, name: str, **attributes: str | int | float) -> AbstractContextManager[Any]:
        return nullcontext()


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
        "Broken could not take in a RuleEvaluated",
        "Broken could not take in a DatasourceAnswered",
    ]


def test_spans_are_free() -> None:
    with Observers(Witness()).span("evaluate", group="g"):
        pass
