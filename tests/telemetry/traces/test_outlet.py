"""Spans leave in batches; whoever takes them may fail or hang, and nobody waits."""

import logging

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult

from alertd.clock import SystemClock

from .exported import Kept, outlet, until

SPAN = ReadableSpan("x")
seconds = SystemClock().elapsed


def test_batches_are_full_or_late() -> None:
    exporter = Kept()
    one = outlet(exporter, batch_size=3, delay=60)
    for _ in range(7):
        one.put(SPAN)
    until(lambda: len(exporter.spans) == 6)
    assert exporter.batches == [3, 3]
    one.close(10)
    assert exporter.batches == [3, 3, 1]
    assert one.counts()["exported"] == 7


def test_a_span_does_not_wait_for_others_for_ever() -> None:
    exporter = Kept()
    one = outlet(exporter, batch_size=1000, delay=0.05)
    one.put(SPAN)
    until(lambda: exporter.spans)
    assert exporter.batches == [1]
    one.close(10)


def test_who_hangs_costs_spans_and_no_time_and_no_memory(caplog: pytest.LogCaptureFixture) -> None:
    exporter = Kept()
    exporter.open.clear()
    one = outlet(exporter, queue=50, batch_size=10)
    begun = seconds()
    for _ in range(100_000):
        one.put(SPAN)
    assert seconds() - begun < 5
    assert len(one._waiting) <= 50
    assert one.counts()["queue_full"] >= 100_000 - 60
    begun = seconds()
    with caplog.at_level(logging.WARNING):
        one.close(0.2)
    assert seconds() - begun < 5
    assert [record.getMessage() for record in caplog.records] == ["traces are lost"]
    one.put(SPAN)  # too late: counted, and nothing else
    assert not one._waiting


def test_failures_are_counted_and_said_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    exporter = Kept()
    exporter.results = [SpanExportResult.FAILURE, OSError("refused"), SpanExportResult.FAILURE]
    with caplog.at_level(logging.WARNING):
        one = outlet(exporter, batch_size=1)
        for _ in range(4):
            one.put(SPAN)
        one.close(10)
    assert one.counts() == {"exported": 1, "refused": 3, "queue_full": 0}
    (record,) = caplog.records
    assert record.getMessage() == "traces are lost"
    assert record.fields["spans"] == 1


def test_the_library_is_quiet_and_its_last_word_is_told(caplog: pytest.LogCaptureFixture) -> None:
    class Grumbling(Kept):
        def export(self, spans: object) -> SpanExportResult:
            logging.getLogger("opentelemetry.exporter.x").error("the collector answers %d", 503)
            return SpanExportResult.FAILURE

    with caplog.at_level(logging.WARNING):
        one = outlet(Grumbling())
        one.put(SPAN)
        one.close(10)
    (record,) = caplog.records
    assert record.fields == {"spans": 1, "error": "the collector answers 503"}
