"""Finished spans leave in batches, from a thread of its own: who is traced never waits for who takes the traces.

put ─▶ queue, bounded ─ full batch, or `delay` ─▶ exporter
         └─ full: dropped, counted, and said once a minute
"""

import logging
import threading
from collections import Counter, deque
from collections.abc import Mapping

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from alertd.ports import Clock
from alertd.telemetry.traces.listening import LastAnswer

_log = logging.getLogger(__name__)
_LIBRARY = "opentelemetry"
_QUIET_FOR = 60.0  # seconds between two lines about lost spans


class _LastWord(logging.Handler):
    """Keeps what the library said last, which would otherwise be a line, or a traceback, for every batch."""

    said = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.said = record.getMessage()


class Outlet:
    """`put` may be called by anybody and returns at once. An exporter that fails or hangs costs spans, nothing else.

    `said`: what is said of a batch that was taken.
    """

    def __init__(
        self, exporter: SpanExporter, *, queue: int, batch_size: int, delay: float, clock: Clock, said: LastAnswer
    ) -> None:
        self._exporter, self._queue, self._clock, self._said = exporter, queue, clock, said
        self._batch_size, self._delay = min(batch_size, queue), delay
        self._waiting: deque[ReadableSpan] = deque()
        self._news, self._closing = threading.Condition(), False
        self._counts: Counter[str] = Counter()
        self._lost_and_said, self._said_at = 0, -_QUIET_FOR
        self._word = _listen()
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)
        self._thread.start()

    def put(self, span: ReadableSpan) -> None:
        """Export it soon, unless too many wait already."""
        with self._news:
            if len(self._waiting) >= self._queue or self._closing:
                self._counts["queue_full"] += 1
                return
            self._waiting.append(span)
            if len(self._waiting) == self._batch_size:
                self._news.notify()

    def counts(self) -> Mapping[str, int]:
        """Spans by what became of them."""
        return dict(self._counts)

    def close(self, seconds: float) -> None:
        """Export what waits, for at most so long."""
        with self._news:
            self._closing = True
            self._news.notify()
        self._thread.join(seconds)
        with self._news:
            self._counts["queue_full"] += len(self._waiting)
            self._waiting.clear()
        self._exporter.shutdown()
        self._complain()

    def _run(self) -> None:
        while batch := self._batch():
            self._export(batch)
            self._complain()

    def _batch(self) -> list[ReadableSpan]:
        """The next spans; waits for them, and has none only when closing."""
        with self._news:
            while True:
                self._news.wait_for(lambda: self._closing or len(self._waiting) >= self._batch_size, self._delay)
                if self._waiting or self._closing:
                    return [self._waiting.popleft() for _ in range(min(self._batch_size, len(self._waiting)))]

    def _export(self, batch: list[ReadableSpan]) -> None:
        try:
            done = self._exporter.export(batch) is SpanExportResult.SUCCESS
        except Exception as problem:  # a library's
            done, self._word.said = False, f"{type(problem).__name__}: {problem}"
        refused = self._not_taken(len(batch)) if done else len(batch)
        with self._news:
            self._counts["exported"] += len(batch) - refused
            self._counts["refused"] += refused

    def _not_taken(self, spans: int) -> int:
        said = self._said.take()
        if said.rejected:
            self._word.said = said.message
        return min(said.rejected, spans)

    def _complain(self) -> None:
        lost = self._counts["queue_full"] + self._counts["refused"]
        now = self._clock.elapsed()
        if lost == self._lost_and_said or now - self._said_at < _QUIET_FOR:
            return
        fields = {"spans": lost - self._lost_and_said, "error": self._word.said}
        self._lost_and_said, self._said_at = lost, now
        _log.warning("traces are lost", extra={"fields": fields})


def _listen() -> _LastWord:
    logger, word = logging.getLogger(_LIBRARY), _LastWord()
    logger.handlers, logger.propagate = [word], False
    return word
