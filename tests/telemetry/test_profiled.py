"""A span that says what a piece of work costs."""

import tracemalloc

import pytest

from alertd.clock import SystemClock
from alertd.ports import UNTRACED
from alertd.telemetry.profiled import profiled
from alertd.testing import RecordingTracer


def burn(clock: SystemClock, seconds: float) -> list[bytearray]:
    until = clock.worked() + seconds
    while clock.worked() < until:
        sum(range(100))
    return [bytearray(1000) for _ in range(1000)]


def test_it_says_what_was_used() -> None:
    tracer, clock = RecordingTracer(), SystemClock()
    with profiled(tracer, clock, "work", {"n": 1}):
        kept = burn(clock, 0.05)
    (span,) = tracer.spans
    said = span.attributes
    assert len(kept) == said["n"] * 1000
    assert 0.05 <= said["alertd.cpu_seconds"] < 1
    assert said["alertd.wall_seconds"] >= 0.05
    assert said["alertd.allocated_blocks"] >= 1000


def test_bytes_are_counted_where_somebody_counts_them() -> None:
    tracer, clock = RecordingTracer(), SystemClock()
    tracemalloc.start()
    try:
        with profiled(tracer, clock, "work"):
            kept = burn(clock, 0.0)
    finally:
        tracemalloc.stop()
    assert kept
    assert tracer.spans[0].attributes["alertd.allocated_bytes"] > 1_000_000


def test_what_fails_is_measured_too_and_a_tracer_need_not_be() -> None:
    tracer = RecordingTracer()
    with pytest.raises(ValueError, match="oh"), profiled(tracer, SystemClock(), "work"):
        raise ValueError("oh")
    assert "alertd.wall_seconds" in tracer.spans[0].attributes
    with profiled(UNTRACED, SystemClock(), "work"):
        pass
