"""For alertd's own tests and for those of plugin authors: fakes of the ports, and what every notifier must pass."""

from alertd.testing.conformance import NotifierConformance
from alertd.testing.fakes import START, FakeDatasource, ManualClock, RecordingNotifier, RecordingObserver
from alertd.testing.farside import RETRY_AFTER, Behaviour, FarSide, HttpSink, Received, http_sink

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
    "RecordingNotifier",
    "RecordingObserver",
    "http_sink",
]
