"""What counts and what is sent on, as far as the configuration wants it; nothing is loaded of what is switched off."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from alertd import __version__
from alertd.config.values import Config
from alertd.engine.watchedstore import WatchedStore
from alertd.errors import ConfigError, Problem
from alertd.events import Event, Trouble
from alertd.ports import Clock, Listener, Store
from alertd.telemetry.readings import Readings

if TYPE_CHECKING:
    from alertd.telemetry.metrics import Metrics

_LAST_WORDS = 2.0  # seconds

Loop = tuple[str, Callable[[], Awaitable[None]]]


class Meters:
    """`listeners` hear of everything that happens; `loops` run as long as the daemon. A reload changes nothing.

    `here` names the trace that is under way, as a `traceparent`, or nothing. Raises ConfigError, as for a missing CA.
    """

    def __init__(
        self,
        config: Config,
        readings: Readings,
        notice: Callable[[Event], None],
        clock: Clock,
        here: Callable[[], str] = str,
    ) -> None:
        self._notice, self._clock, self._here = notice, clock, here
        self.listeners: list[Listener] = []
        self.loops: list[Loop] = []
        self._finishers: list[Callable[[], Awaitable[None]]] = []
        self._closers: list[Callable[[], Awaitable[None]]] = []
        readings = self._write(config, readings)
        self._metrics = self._count(config, readings) if config.metrics.enabled else None

    def watched(self, store: Store) -> Store:
        """The store, with a look at how it does if that is counted."""
        return WatchedStore(store, self._notice, self._clock) if self._metrics else store

    def page(self, names: Collection[str], accept: str) -> tuple[bytes, str] | None:
        """What `/metrics` answers: the page and its type; None if nothing is counted."""
        return self._metrics.render(names, accept) if self._metrics else None

    async def aclose(self) -> None:
        """Send on what was counted last, as far as that takes no time, and close the connections."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS):
                ends = await asyncio.gather(*(finish() for finish in self._finishers), return_exceptions=True)
                for bug in (one for one in ends if isinstance(one, Exception)):  # who closes goes on closing
                    self._notice(Trouble("the last metrics were not sent", f"{type(bug).__name__}: {bug}"))
        for close in self._closers:
            await close()

    def _count(self, config: Config, readings: Readings) -> "Metrics":
        from alertd.telemetry.metrics import Metrics

        metrics = Metrics(readings, self._here, lambda: self._clock.now().timestamp())
        self.listeners.append(metrics)
        if config.metrics.exporter == "otlp":
            from alertd.telemetry.export import Export

            resource = {"service.version": __version__, **config.telemetry.resource}
            with _opening("telemetry.metrics", config):
                export = Export(config.metrics, metrics.collect, resource, self._notice, self._clock)
            self.loops.append(("metrics export", export.run))
            self._finishers.append(export.step)
            self._closers.append(export.aclose)
        return metrics

    def _write(self, config: Config, readings: Readings) -> Readings:
        if config.remote_write is None:
            return readings
        from alertd.telemetry.remotewrite import RemoteWrite

        with _opening("telemetry.remote_write", config):
            write = RemoteWrite(config.remote_write, readings.alive, readings.rule_keys, self._notice, self._clock)
        self.listeners.append(write)
        self.loops += [("series", write.run), ("remote write", write.send)]
        self._finishers.append(write.finish)
        self._closers.append(write.aclose)
        return replace(readings, unsent=lambda: write.pending)


def lasting(config: Config) -> Mapping[str, object]:
    """What of the section `telemetry` is as it was at the start, by its keys."""
    traces = config.telemetry.traces
    return {
        "service_name, environment or instance": config.telemetry.resource,
        "traces": traces and replace(traces, ratio=1.0, follows=True),
        "metrics": config.metrics,
        "remote_write": config.remote_write,
    }


@contextmanager
def _opening(section: str, config: Config) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as problem:  # a certificate or key that cannot be read or used
        raise ConfigError([Problem(f"{section}: {problem}", str(config.path or ""))]) from None
