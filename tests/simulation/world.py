"""One story, lived through: the real engine with its loops running, until it is over or a promise is broken."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from alertd.core import grid
from alertd.core.delivery import Delivery
from alertd.core.intervals import Calendar
from alertd.core.labels import Labels
from alertd.core.matchers import Matcher
from alertd.core.posted import Posting, alert_of
from alertd.core.routes import Route
from alertd.core.rules import Rule, RuleGroup
from alertd.core.rules import Script as Function
from alertd.core.silences import Draft, State
from alertd.core.when import compile_condition
from alertd.datasources.fused import FusedDatasource
from alertd.engine.asking import Sources
from alertd.engine.engine import Engine, Plan
from alertd.engine.lanes import Lane
from alertd.engine.routing import Routing
from alertd.errors import HeldError, SilenceError, StoreError
from alertd.events import Event
from alertd.ports import Clock, Listener, Tracer
from alertd.store.lock import Lock
from alertd.telemetry.observers import Observers
from alertd.testing import RecordingTracer
from tests.simulation.judge import BrokenPromise, Judge, same
from tests.simulation.outside import FOREVER, NOWHERE, Disk, Door, Fault, Life, Outside, Scripts, Wire, blank_disk
from tests.simulation.script import (
    DOORS,
    HEALED,
    INHIBITION,
    INTEGRATIONS,
    JOBS,
    LUNCH,
    SEVERITIES,
    WHEN,
    Script,
)
from tests.simulation.truth import Truth
from tests.simulation.virtual import VirtualLoop, WallClock, bounded

START = datetime(2026, 1, 1, tzinfo=UTC)
_PULSE = timedelta(seconds=30)
_RESOLVE_TIMEOUT = timedelta(minutes=5)
_MINUTE = timedelta(minutes=1)
_A_WHILE = 70.0  # seconds; long enough for an end to be seen, too short for it to be told in every story
_BLINK = 25.0  # seconds that alertd may be gone without any consequence, the last pulse being 30 old
_LOOKS_AGAIN = 1.0  # seconds between two looks of a daemon that stands by
_LONGEST = 200.0  # seconds for which anything may be delayed


def live(script: Script) -> Counter[str]:
    """Live through the story; what went wrong in it, and what was said. Raises BrokenPromise."""
    return witnessed(script).tally


def witnessed(script: Script) -> "World":
    """The world in which the story has been lived through. Raises BrokenPromise."""
    with TemporaryDirectory() as folder, bounded(), asyncio.Runner(loop_factory=VirtualLoop) as runner:
        world = World(script, Path(folder, "lock"))
        runner.run(world.run())
        return world


@dataclass
class Eager(Lane):
    """Sends one message at a time, and claims others ahead whether or not it gets to them."""

    width: int = 1

    def ahead(self, clock: Clock) -> int:
        return 4


class World:
    """The director of a story: does what the script says, buries the process when it dies, and starts another."""

    def __init__(self, script: Script, lock: Path, disk: Path = NOWHERE) -> None:
        self._script, self.judge = script, Judge(script)
        self._clock, self._outside, self._disk = WallClock(START), Outside(), blank_disk(disk)
        self._truth = Truth(script.setting.rules[:1] if script.setting.judged else ())
        self._lock, self._standby = lock, False
        self._moods: set[str] = set()
        self._receivers: dict[str, str] = {}
        self._said_before: dict[str, Any] = {}
        self._route, self._rules = script.setting.route, tuple(script.setting.rules)
        self._engine: Engine | None = None
        self._process: asyncio.Task[None] | None = None
        self._starts_at = 0.0
        self._remembered: Mapping[str, object] = {}  # what the process knew when it was killed
        self._clock_set = asyncio.Event()
        self._reloading = asyncio.Lock()
        self._broken: BaseException | None = None
        self.tally = self._outside.tally

    async def run(self) -> None:
        """From the first start to long after all is well again."""
        for doing in self._script.doings:
            await self._until(doing.at)
            _DOES[doing.what](self, *doing.arguments)
        await self._until(self._script.trouble)
        await self._heal()
        await self._until(self._script.trouble + HEALED)
        self.judge.check_end(self._alive.board.alive(), self._route, self._truth.alerts(), self._clock.now())
        before = self._state("alerts", "silences", "lines")
        await self._bury(0)
        await self._until(self._now + 1e-6)
        same(before, self._state(*before))
        self.tally += self.judge.tally
        await self._bury(0)
        self._listen()

    @property
    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    @property
    def _alive(self) -> Engine:
        assert self._engine is not None
        return self._engine

    # What the script says.

    def _fires(self, name: str, job: str, severity: str) -> None:
        labels = Labels({"alertname": name, "job": job, "severity": severity})
        self.judge.becomes(labels, True, self._clock.now())
        self._truth.begins(labels)

    def _resolves(self, name: str, job: str, severity: str) -> None:
        labels = Labels({"alertname": name, "job": job, "severity": severity})
        self.judge.becomes(labels, False, self._clock.now())
        self._truth.ends(labels)

    def _prometheus(self, mood: str) -> None:
        self._moods.clear()
        self._moods.update({mood} - {""})

    def _receiver(self, door: str, mood: str) -> None:
        self._receivers[door] = mood

    def _arm(self, place: str, how: str, late: bool, times: int, seconds: float) -> None:
        self._outside.arm(place, *[Fault(how, late, seconds)] * times)

    def _dies(self, downtime: float) -> None:
        self.tally["the process is killed between two calls"] += self._engine is not None
        if self._engine and self._is_idle() and downtime <= _BLINK:
            self._remembered = self._state("alerts", "silences")
        self._outside.life.end()
        self._outside.died.set()
        self._starts_at = self._now + downtime

    def _is_idle(self) -> bool:
        """Whether nothing is under way, so that what is known is what is on the disk."""
        slow = any("waits" in doing.arguments for doing in self._script.doings)
        return not (self._outside.life.calls or slow or self._script.has("clock"))

    def _another(self) -> None:
        """Somebody starts a second daemon: it stands by if there is a first, and takes over at once if not."""
        self.tally["a second daemon is started on the database"] += 1
        self._standby = True
        with suppress(HeldError):
            Lock(self._lock).release()
            if self._process is not None:
                raise BrokenPromise("one at a time: a second daemon has got the database")

    def _silences(self, job: str, seconds: int) -> None:
        self._ask(self._make_silence(job, timedelta(seconds=seconds)))

    def _unsilences(self, job: str) -> None:
        self._ask(self._end_silence(job))

    def _posts(self, job: str, seconds: int) -> None:
        self._ask(self._post(job, timedelta(seconds=seconds)))

    def _reloads(self, route: Any) -> None:
        self._route = route
        self.tally["another configuration is loaded"] += 1
        self._ask(self._follow())

    def _loads(self, *rules: str) -> None:
        self._rules = rules
        self.tally["another configuration is loaded"] += 1
        self._ask(self._follow())

    def _clock_jumps(self, seconds: float) -> None:
        self.tally[f"the clock is set {'forward' if seconds > 0 else 'back'}"] += 1
        self._clock.jump(timedelta(seconds=seconds))
        self._ask(self._notice_jump(timedelta(seconds=seconds)))

    # What people do to a process; it may die meanwhile.

    def _ask(self, doing: Coroutine[Any, Any, None]) -> None:
        if self._engine is None:
            doing.close()
        else:
            self._spawn(doing)

    def _spawn(self, doing: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(doing)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception():
            self._broken = self._broken or task.exception()
            self._outside.died.set()

    async def _make_silence(self, job: str, lasting: timedelta) -> None:
        draft = Draft((Matcher("job", "=", job),), self._clock.now() + lasting)
        with suppress(StoreError, SilenceError):
            self.judge.silences[job] = await self._alive.silencer.put(draft)

    async def _end_silence(self, job: str) -> None:
        self.judge.silences.pop(job, None)
        for silence in self._alive.silencer.list():
            if silence.matches({"job": job}) and silence.state(self._clock.now()) is not State.EXPIRED:
                with suppress(StoreError, SilenceError):
                    await self._alive.silencer.expire(silence.id)

    async def _post(self, job: str, lasting: timedelta) -> None:
        now, labels = self._clock.now(), Labels({"alertname": "Posted", "job": job})
        posting = Posting(labels, {}, now - _MINUTE, now + lasting)
        with suppress(StoreError):
            await self._alive.intake.post([alert_of(posting, _RESOLVE_TIMEOUT, now)])

    async def _follow(self) -> None:
        async with self._reloading:
            wanted = self._wanted
            self.judge.in_force = None
            await self._alive.follow(self._plan(self._sources))
            self.judge.in_force = wanted[0]

    @property
    def _wanted(self) -> tuple[Route, Sequence[str]]:
        return self._route, self._rules

    async def _notice_jump(self, by: timedelta) -> None:
        await asyncio.sleep(0.5)
        self._alive.clock_jumped(by)
        self._clock_set.set()

    def _listen(self) -> None:
        """Raises what the judge objected to, or what went wrong besides."""
        if broken := self.judge.broken or self._broken:
            raise broken

    # Processes.

    async def _until(self, at: float) -> None:
        while True:
            if self._process is None and self._now >= self._starts_at:
                self._start()
            self._listen()
            if self._now >= at:
                return
            then = at if self._process else min(at, self._starts_at)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(then):
                    await self._outside.died.wait()
                self._listen()
                await self._bury(self._starts_at - self._now)

    def _start(self) -> None:
        self._outside.life, self._clock_set = Life(Lock(self._lock)), asyncio.Event()
        self._process = self._spawn(self._live())

    async def _bury(self, downtime: float) -> None:
        """The process is gone, and with it all it knew and all it had begun."""
        self._outside.life.end()
        self._engine = self._process = None
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in sorted(others, key=lambda one: int(one.get_name().rpartition("-")[2])):
                task.cancel()
            await asyncio.wait(others, timeout=0.0)
        self._outside.died.clear()
        self._reloading = asyncio.Lock()
        self.judge.in_force = None
        self._starts_at = self._now + min(max(downtime, 0.0), _LOOKS_AGAIN if self._standby else FOREVER)
        self._listen()

    async def _live(self) -> None:
        wanted, witness = self._wanted, _Witness(self.judge)
        self._sources = self._connect()
        disk = Disk(self._outside, self._disk, witness)
        observer = Observers(self._listener(disk), tracer=self._tracer())
        engine = Engine(self._plan(self._sources), disk, observer, self._clock)
        witness.engine = engine
        if self._script.setting.eager:
            engine.courier.lane = Eager
        await engine.restore()
        self._engine, self.judge.in_force = engine, wanted[0]
        before, self._remembered = self._remembered, {}
        same(before, self._state(*before))
        if wanted != self._wanted:
            await self._follow()
        async with asyncio.TaskGroup() as tasks:
            for loop in (engine.dispatcher, engine.courier, engine.intake):
                tasks.create_task(loop.run())
            tasks.create_task(self._pulse(engine))
            while True:
                (group,) = engine.board.groups
                shift = grid.offset(group.key, group.interval)
                await self._clock.sleep_until(grid.following(self._clock.now(), group.interval, shift), self._clock_set)
                for part in group.parts:
                    tasks.create_task(engine.evaluator.tick(part))

    async def _pulse(self, engine: Engine) -> None:
        while True:
            with suppress(StoreError):
                await engine.touch(prune=True)
            await self._clock.sleep_until(self._clock.now() + _PULSE)

    def _tracer(self) -> Tracer:
        """One that keeps everything: what is followed must go the same way."""
        return RecordingTracer()

    def _listener(self, _disk: Disk) -> Listener:
        return Watcher(self.judge, self._outside.life)

    def _connect(self) -> Sources:
        wire = Wire(self._outside, self._truth.server, self._moods, self._said_before)
        scripts = Scripts(self._outside, self._truth, self._moods)
        return Sources({"": FusedDatasource(wire, 50, self._clock)}, scripts)

    def _plan(self, sources: Sources) -> Plan:
        setting = self._script.setting
        routing = Routing(
            self._route,
            INTEGRATIONS,
            "http://alertd.example",
            [INHIBITION] if setting.inhibits else (),
            Calendar({"lunch": LUNCH}),
            setting.flapping,
            setting.storms,
        )
        doors = {name: Door(self._outside, name, self._receivers, self.judge.heard) for name in DOORS}
        rules = tuple(map(self._rule, self._rules))
        return Plan([RuleGroup("story", "story.yml", rules, setting.interval)], sources, routing, doors)

    def _rule(self, name: str) -> Rule:
        setting, rule = self._script.setting, Rule(name, name, file="story.yml", group="story")
        if name != setting.rules[0]:
            return rule
        return replace(
            rule,
            for_=setting.for_,
            keep_firing_for=setting.keep_firing_for,
            cooldown=setting.cooldown,
            when=compile_condition(WHEN) if setting.judged else None,
            script=Function("story.py", name) if setting.scripted else None,
        )

    # The end.

    async def _heal(self) -> None:
        """All is well from here on."""
        self._outside.armed.clear()
        self._moods.clear()
        self._receivers.clear()
        await self._until(self._now + _LONGEST)
        while self._engine is None:
            await self._until(self._now + 1.0)
        if self._rules != tuple(self._script.setting.rules):
            self._loads(*self._script.setting.rules)
        for job in JOBS:
            await self._end_silence(job)
        if self._script.setting.ends == "what was":
            return
        for job, name, severity in product(JOBS, self._script.setting.rules, SEVERITIES):
            self._resolves(name, job, severity)
        if self._script.setting.ends == "everything":
            await self._until(self._now + _A_WHILE)
            for job in JOBS:
                self._fires("JobDown", job, SEVERITIES[job == "b"])

    def _state(self, *names: str) -> Mapping[str, object]:
        """So much of what is known."""
        engine = self._alive
        state = {
            "alerts": sorted(
                (str(one.labels), str(one.state), one.active_at, str(one.fired_at)) for one in engine.board.alive()
            ),
            "silences": engine.silencer.list(),
            "lines": sorted((who, sorted(line.names)) for who, line in engine.dispatcher._lines.owing()),
        }
        return {name: state[name] for name in names}


class _Witness:
    """Tells the judge what the process of one engine does with its disk."""

    engine: Engine

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.committed, self.settled = judge.committed, judge.settled

    def decided(self, deliveries: Sequence[Delivery]) -> None:
        self.judge.decided(deliveries, list(self.engine.board.alive()))


class Watcher:
    """A listener that tells the judge, as long as its process lives."""

    def __init__(self, judge: Judge, life: Life) -> None:
        self.judge, self._life = judge, life

    def notice(self, event: Event) -> None:
        if not self._life.dead:
            self.judge.noticed(event)


_DOES = {
    "fires": World._fires,
    "resolves": World._resolves,
    "prometheus": World._prometheus,
    "receiver": World._receiver,
    "arm": World._arm,
    "dies": World._dies,
    "silences": World._silences,
    "unsilences": World._unsilences,
    "posts": World._posts,
    "reloads": World._reloads,
    "rules": World._loads,
    "another": World._another,
    "clock": World._clock_jumps,
}
