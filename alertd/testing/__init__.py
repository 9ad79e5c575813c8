"""For alertd's own tests and for those of plugin authors: fakes of the ports, and what every notifier must pass."""

from alertd.testing.conformance import NotifierConformance
from alertd.testing.fakes import START, FakeDatasource, ManualClock, RecordingNotifier, RecordingObserver
from alertd.testing.farside import RETRY_AFTER, Behaviour, FarSide, HttpSink, Received, http_sink
from alertd.testing.tracing import RecordedSpan, RecordingTracer

__all__ = [
    "RETRY_AFTER",
    "START",
    "Behaviour",
    "FakeDatasource",
    "FarSide",
    "HttpSink",
    "ManualClock",
    "NotifierConformance",
    "Received",
    "RecordedSpan",
    "RecordingNotifier",
    "RecordingObserver",
    "RecordingTracer",
    "http_sink",
]
