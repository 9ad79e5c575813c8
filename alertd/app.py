"""Where the parts meet, with `edges`, `faces`, `meters` and `plans`: a configuration becomes a running daemon.

App(config) ──run──▶ ready ──reload──▶ the same, following another plan ──stop──▶ drained and closed
"""

import asyncio
import gc
import logging
import sys
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from socket import socket
from typing import TYPE_CHECKING

from alertd.access.settings import Settings
from alertd.conditions.python import PythonConditions
from alertd.config.rules import blamed, keep_good
from alertd.config.values import Config, Grpc
from alertd.config.watching import Watch
from alertd.core.changes import Change, compare
from alertd.edges import Edge, Edges, open_edges, scripted
from alertd.engine.engine import Engine
from alertd.engine.history import Recorder
from alertd.engine.selfwatch import Selfwatch
from alertd.engine.supervisor import keep
from alertd.engine.ticker import Ticker
from alertd.errors import ConfigError, Problem, QueryError, StoreError
from alertd.events import Beat, FilesMissing, Kind, Reloaded, Trouble
from alertd.faces import Faces
from alertd.gauges import Gauges
from alertd.meters import Meters, lasting
from alertd.plans import plan
from alertd.ports import Clock, Datasource, Listener, Store
from alertd.rpc.feed import Feed
from alertd.rpc.quiet import keep_quiet
from alertd.store.statements import STATEMENTS
from alertd.telemetry import facts
from alertd.telemetry.databases import followed
from alertd.telemetry.heartbeat import Heartbeat
from alertd.telemetry.lag import Lag
from alertd.telemetry.observers import Observers
from alertd.telemetry.profiled import profiled
from alertd.telemetry.traces import Nothing, Tracing
from alertd.telemetry.vitals import Vitals
from alertd.web.admin import Admin
from alertd.web.profiles import Profiler
from alertd.web.server import Server, serve
from alertd.web.traffic import Traffic

if TYPE_CHECKING:
    from alertd.rpc.face import Face

_GRACE = 20.0  # seconds for evaluations and deliveries under way at shutdown
_SOON = 3.0  # seconds in which a datasource should answer when the daemon starts
_PULSE = timedelta(seconds=10)
_RETIREMENT = timedelta(minutes=3)  # longer than any query or delivery may take
_PRUNE_EVERY = 360  # pulses
_SWITCH = 0.0005  # seconds: a thread that decodes or writes does not keep the loop from sending for long
_COLLECTIONS = (50_000, 20, 20)  # ten thousand alerts are not garbage because they are many

_UNTRACED = Nothing()

Load = Callable[[Config], Config]


class App:
    """One daemon. `load` reads the configuration again, given the one in force; it raises ConfigError.

    `follow` is told of each configuration that comes into force.
    """

    def __init__(
        self,
        config: Config,
        load: Load,
        store: Store,
        log: Listener,
        clock: Clock,
        tracer: Tracing = _UNTRACED,
        follow: Callable[[Config], None] = lambda _: None,
    ) -> None:
        if config.telemetry.traces and config.storage_url.startswith("sqlite"):
            store = followed(store, "sqlite", STATEMENTS, tracer)
        self.config, self._load, self._clock, self._tracer, self._followed = config, load, clock, tracer, follow
        self._lasting = lasting(config)
        self._selfwatch = Selfwatch()
        self._lag = Lag(clock)
        self._gauges = Gauges(lambda: self.engine, lambda: self.config, clock)
        readings = self._gauges.readings(
            serving=lambda: self._traffic.active,
            called=lambda: self.rpc.active if self.rpc else 0,
            lag=self._lag.worst,
            spans=tracer.counts,
        )
        self._meters = Meters(config, readings, lambda event: self.observer.notice(event), clock, tracer.here)
        self._traffic = Traffic(lambda event: self.observer.notice(event), clock.elapsed, tracer)
        self._vitals = Vitals(clock)
        self._store = store = self._meters.watched(store)
        self._recorder = Recorder(store, clock, lambda: self.config.history)
        self._feed = Feed(config.grpc.max_waiting) if config.grpc else None
        feeds = [self._feed] if self._feed else []
        listeners = (log, *self._meters.listeners, self._selfwatch, self._vitals, self._recorder, *feeds)
        self.observer = Observers(*listeners, tracer=tracer)
        self._edges = open_edges(config, Edges(), self.observer, clock)
        self._conditions = PythonConditions(
            gates=self._edges.gates,
            clock=clock,
            output=self.observer.notice,
            alive=lambda: self.engine.board.alive(),
            tracer=tracer,
        )
        self._retired: list[tuple[datetime, Edge]] = []
        first = plan(config, self._edges, self._selfwatch, self._conditions)
        self.engine = Engine(first, store, self.observer, clock)
        self._ticker = Ticker(self.engine.evaluator.tick, self.engine.clock_jumped, self.observer, clock)
        self._reloading = asyncio.Lock()
        self.ready = False
        admin = Admin(lambda: self.ready, self.reload, self._page)
        self._profiler: Profiler | None = None
        self._faces = Faces(self.engine, lambda: self.config, admin, self._profile_taker, store, clock)
        self._settings = Settings(
            lambda: self.config.web, lambda what, why: self.observer.notice(Trouble(what, why, Kind.WEB)), clock.elapsed
        )
        self.rpc = self._rpc(config.grpc, self._feed) if config.grpc and self._feed else None

    async def run(self, listener: socket, stop: asyncio.Event, started: Callable[[Mapping[str, str]], None]) -> None:
        """Live until `stop` is set; then finish what is under way, as far as the grace period allows.

        `started` is told, by datasource, what is wrong with those that do not answer.
        """
        gc.set_threshold(*_COLLECTIONS)
        sys.setswitchinterval(_SWITCH)
        with profiled(self.observer, self._clock, "alertd.start"):
            await self._inspect()
            await self.engine.restore()
        self._tell_of_missing_files()
        self.engine.dispatcher.hold(self._clock.now() + self.config.start_delay)
        gc.freeze()  # what was loaded lives long: the collector need not go through it again and again
        self._ticker.watch(self.engine.board.groups)
        server = self._server(listener)
        try:
            if self.rpc:
                await self.rpc.start()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(server.serve(sockets=[listener]))
                loops = [
                    tasks.create_task(keep(name, loop, self.observer, self._clock)) for name, loop in self._loops()
                ]
                self.ready = True
                started(await self._unreachable())
                await stop.wait()
                self.ready = False
                if self.rpc:
                    self.rpc.leave()
                await self._drain(loops)
                server.end()
        finally:
            await self._close()

    async def reload(self, reason: str = "request") -> tuple[Change | Problem, ...]:
        """Read the configuration again and follow it; what changed, and what nobody should overlook.

        `reason` is what asks for it.
        Raises ConfigError; what could be taken over then has been.
        """
        async with self._reloading:
            with self.observer.span("alertd.reload", {"alertd.reason": reason}):
                return await self._reload()

    async def _reload(self) -> tuple[Change | Problem, ...]:
        changes: tuple[Change, ...] = ()
        try:
            with profiled(self.observer, self._clock, "alertd.load configuration"):
                config = await self._inspected(await asyncio.to_thread(self._load, self.config))
            changes = compare(self.config.rules.groups, config.rules.groups, self._gauges.alive)
            await self._follow(config)
            problems = config.rules.problems
        except ConfigError as error:
            problems = error.problems
        except Exception as bug:  # whatever it is, the daemon goes on, and somebody hears of it
            problems = (Problem(f"the reload failed: {type(bug).__name__}: {bug}"),)
        text = "\n".join(map(str, problems))
        self.observer.notice(Reloaded(self._clock.now(), len(self.config.enabled), text, changes))
        self._tell_of_missing_files()
        if problems:
            raise ConfigError(problems)
        return (*changes, *self.config.rules.unmatched)

    def _tell_of_missing_files(self) -> None:
        for one in self.config.rules.unmatched:
            self.observer.notice(FilesMissing(one.path, one.hint))

    async def _inspect(self) -> None:
        """Whether the conditions in Python can be imported and take their parameters. Raises ConfigError."""
        problems = await self._conditions.inspect(scripted(self.config))
        if problems:
            await self._conditions.aclose()
            raise ConfigError(problems)

    async def _inspected(self, config: Config) -> Config:
        """The configuration, with the last good version of the files whose conditions cannot be used."""
        problems = await self._conditions.inspect(scripted(config))
        if not problems:
            return config
        rules = keep_good(blamed(config.rules, problems), self.config.rules)
        return replace(config, rules=replace(rules, failed=(*config.rules.failed, *rules.failed)))

    async def _follow(self, config: Config) -> None:
        if config.grpc != self.config.grpc:
            self.observer.notice(Trouble("gRPC goes on as alertd was started", "a restart is needed", Kind.WEB))
        edges, now = open_edges(config, self._edges, self.observer, self._clock), self._clock.now()
        self._retired += [(now, edge) for edge in self._edges.beyond(edges)]
        self._edges, self.config = edges, config
        self._followed(config)
        self._tracer.follow(config.telemetry)
        if kept := [name for name, wanted in lasting(config).items() if wanted != self._lasting[name]]:
            fact = facts.TELEMETRY_KEPT
            extra = {"event": fact.event, "fields": {"changed": ", ".join(kept)}}
            logging.getLogger(fact.logger).log(fact.level, fact.message, extra=extra)
        self._selfwatch.follow(edges.datasources, edges.notifiers, {rule.key for rule in config.enabled})
        self._conditions.gates = edges.gates
        await self.engine.follow(plan(config, edges, self._selfwatch, self._conditions))
        await self._conditions.warm(scripted(config))
        self._ticker.watch(self.engine.board.groups)

    async def _unreachable(self) -> Mapping[str, str]:
        """The datasources that do not answer a trivial question soon, and why."""
        now = self._clock.now()
        asked = [one.name for one in self.config.datasources]
        answers = await asyncio.gather(*(_ask(self._edges.datasources[name], now) for name in asked))
        return {name: error for name, error in zip(asked, answers, strict=True) if error}

    def _loops(self) -> Iterable[tuple[str, Callable[[], Awaitable[None]]]]:
        return (
            ("ticker", self._ticker.run),
            ("dispatcher", self.engine.dispatcher.run),
            ("courier", self.engine.courier.run),
            ("intake", self.engine.intake.run),
            ("history", self._recorder.backlog.run),
            ("pulse", self._pulse),
            ("watch", self._watch),
            ("lag", self._lag.run),
            ("heartbeat", self._heartbeat),
            *self._meters.loops,
            *((("health", self.rpc.run),) if self.rpc else ()),
        )

    async def _pulse(self) -> None:
        """Say that the daemon lives, for the length of the next downtime; now and then drop old history."""
        while True:
            for count in range(_PRUNE_EVERY):
                try:
                    await self.engine.touch(prune=not count)
                except StoreError as error:
                    self.observer.notice(Trouble("the state could not be written", str(error), Kind.STATE))
                await self._close_retired()
                await self._clock.sleep_until(self._clock.now() + _PULSE)

    async def _watch(self) -> None:
        """Reload when the files have changed, and what is written there is complete."""
        files = Watch(lambda: self.config.stamp, lambda: self.config.look())
        while True:
            await self._clock.sleep_until(self._clock.now() + (self.config.watch or _PULSE))
            changed = await asyncio.to_thread(files.changed)
            if changed and self.config.watch:
                with suppress(ConfigError):  # the event has said so: in the log, in the metric, and as a self-alert
                    await self.reload("files")

    async def _heartbeat(self) -> None:
        """Tell the outside that all is well, as often as it is configured, and only while it is."""
        while True:
            config = self.config.heartbeat
            await self._clock.sleep_until(self._clock.now() + (config.interval if config else _PULSE))
            if self._edges.heartbeat and config:
                self.observer.notice(await self._beat(self._edges.heartbeat))

    async def _beat(self, heartbeat: Heartbeat) -> Beat:
        ailments = await self._ailments()
        return Beat(self._clock.now(), ailments, "" if ailments else await heartbeat.beat())

    async def _ailments(self) -> tuple[str, ...]:
        """What keeps alertd from doing its work."""
        try:
            pending = (await self._store.counts()).get("pending", 0)
        except StoreError as error:
            return (f"the state could not be read: {error}",)
        return self._vitals.ailments(self.engine.board.groups, pending)

    async def _close_retired(self) -> None:
        """Close what no configuration needs any more, once nothing of it can still be under way."""
        now = self._clock.now()
        for retired_at, edge in self._retired:
            if now - retired_at > _RETIREMENT:
                await self._close_edge(edge)
        self._retired = [(at, edge) for at, edge in self._retired if now - at <= _RETIREMENT]

    async def _close(self) -> None:
        if self.rpc:
            await self.rpc.stop()
        await self._conditions.aclose()
        for _, edge in (*self._retired, *self._edges.opened.values()):
            await self._close_edge(edge)
        await self._meters.aclose()
        await self._recorder.backlog.step()
        with suppress(StoreError):
            await self._store.touch(self._clock.now())
        await self._store.close()

    async def _close_edge(self, edge: Edge) -> None:
        try:
            await edge.aclose()
        except Exception as bug:  # of a plugin, which must not keep the others from being closed
            self.observer.notice(Trouble(f"{type(edge).__name__} could not be closed", f"{type(bug).__name__}: {bug}"))

    async def _drain(self, loops: Iterable[asyncio.Task[None]]) -> None:
        ticker, dispatcher, courier, *others = loops
        for task in others:
            task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                await self._ticker.quiet()
                self.engine.courier.stop()
                await asyncio.wait([courier])
        for task in (ticker, dispatcher, courier):
            task.cancel()

    def _server(self, listener: socket) -> Server:
        return serve(self._faces.routes(listener), self._settings, self._traffic)

    def _rpc(self, config: Grpc, feed: Feed) -> "Face":
        keep_quiet()
        from alertd.rpc.alerts import View
        from alertd.rpc.face import Face

        view = View(self._faces.look, lambda: self.config.matchers)
        return Face(config, self._settings, view, feed, self._ailments, self.observer, self._clock)

    def _profile_taker(self) -> Profiler | None:
        """What takes profiles, if that is switched on; loaded only once somebody asks."""
        if not self.config.profiling:
            return None
        if self._profiler is None:
            from alertd.telemetry.profiling.profiler import Profiler as Taker

            self._profiler = Taker(self._clock)
        return self._profiler

    async def _page(self, names: Collection[str], accept: str) -> tuple[bytes, str] | None:
        with suppress(StoreError):
            self._gauges.outbox = await self._store.counts()
        return self._meters.page(names, accept)


async def _ask(datasource: Datasource, now: datetime) -> str:
    try:
        async with asyncio.timeout(_SOON):
            (answer,) = await datasource.query(["1"], now)
    except TimeoutError:
        return f"no answer within {_SOON:g} s"
    return str(answer) if isinstance(answer, QueryError) else ""
