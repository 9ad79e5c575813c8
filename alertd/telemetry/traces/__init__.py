"""Traces: OpenTelemetry's home, which is not imported unless traces are exported."""

from collections.abc import Mapping
from typing import Protocol

from alertd.config.telemetry import Telemetry
from alertd.ports import Clock, Tracer, Untraced
from alertd.telemetry.formats import Hide
from alertd.telemetry.redaction import without_tokens


class Tracing(Tracer, Protocol):
    """A tracer that has an outside: what it follows is exported until it is closed."""

    def follow(self, config: Telemetry) -> None:
        """Take the share of the traces that is wanted now; everything else is as at the start."""

    def counts(self) -> Mapping[str, int]:
        """Spans by what became of them: `exported`, or `queue_full` or `refused`, which are lost."""

    def close(self, seconds: float) -> None:
        """Export what is left, for at most so long; blocks."""


class Nothing(Untraced):
    """What does not follow anything."""

    def follow(self, config: Telemetry) -> None:
        """There is nothing to take a share of."""

    def counts(self) -> Mapping[str, int]:
        return {}

    def close(self, seconds: float) -> None:
        """Nothing is left."""


def open_tracer(config: Telemetry, clock: Clock, hide: Hide = without_tokens) -> Tracing:
    """The tracer of this configuration. Raises ConfigError if its exporter cannot be made."""
    if config.traces is None:
        return Nothing()
    from alertd.telemetry.traces.opening import exporting

    return exporting(config.resource, config.traces, clock, hide)
