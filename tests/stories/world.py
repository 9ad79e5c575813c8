"""A world in virtual time: the real core, engine and store, a scripted Prometheus, receivers that remember.

The world asks each loop when it is due, moves the clock there and steps it, so ten minutes take milliseconds and
happen in the same order every time.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from inspect import isawaitable
from itertools import count
from pathlib import Path

from alertd.core import durations, grid
from alertd.core.alerts import Transition
from alertd.core.delivery import Delivery, Outcome
from alertd.core.flapping import FlapBounds
from alertd.core.inhibition import InhibitRule
from alertd.core.intervals import Calendar, Interval
from alertd.core.labels import Labels
from alertd.core.matchers import parse
from alertd.core.notification import Notification
from alertd.core.posted import Posting, alert_of
from alertd.core.receivers import Integration
from alertd.core.routes import Route
from alertd.core.rules import Rule, RuleGroup
from alertd.core.samples import Answer, Sample
from alertd.core.silences import Draft, Silence
from alertd.core.storms import StormBounds
from alertd.engine.asking import Sources
from alertd.engine.engine import Engine, Plan
from alertd.engine.routing import Routing
from alertd.engine.selfrules import NAME
from alertd.engine.selfwatch import Selfwatch
from alertd.engine.silences import Silencer
from alertd.engine.watched import Watched
from alertd.errors import DeliveryError, QueryError, QueryFailure, StoreError
from alertd.events import Event
from alertd.ports import Store
from alertd.store.memory import MemoryStore
from alertd.store.sqlite import SqliteStore
from alertd.telemetry.observers import Observers
from alertd.testing import ManualClock, RecordingObserver, RecordingTracer

START = datetime(2026, 1, 1, tzinfo=UTC)
INTERVAL = timedelta(seconds=10)
RESOLVE_TIMEOUT = timedelta(minutes=5)
_MOST_STEPS = 100_000

ROUTE = Route(
    "{}", "ops", group_by=("alertname",), group_wait=timedelta(seconds=30), group_interval=timedelta(minutes=5)
)
DEFAULTS = FlapBounds(), StormBounds()
OPS = {"ops": (Integration("ops/webhook[0]", "ops"),)}


def rule(name: str, **more: object) -> Rule:
    """A rule whose expression is its own name; durations may be written as text."""
    spelled = {key: durations.parse(value) if key in _DURATIONS else value for key, value in more.items()}
    return Rule(**{"name": name, "expr": name, "file": "story.yml", "group": "story", **spelled})


_DURATIONS = frozenset({"for_", "keep_firing_for", "cooldown"})


class Prometheus:
    """A datasource whose expressions are alert names, each with the label sets for which it is true."""

    name = "main"

    def __init__(self) -> None:
        self.true: dict[str, dict[Labels, float]] = {}
        self.down = False
        self.missing: set[Labels] = set()  # from its answers, which say that they are partial

    async def query(self, exprs: Sequence[str], at: datetime) -> Sequence[Answer | QueryError]:
        if self.down:
            return [QueryError("connection refused", QueryFailure.UNREACHABLE)] * len(exprs)
        return [self._answer(expr) for expr in exprs]

    def _answer(self, expr: str) -> Answer:
        found = [Sample(*one) for one in self.true.get(expr, {}).items() if one[0] not in self.missing]
        return Answer(tuple(found), ("partial",) * bool(self.missing), partial=bool(self.missing))

    async def aclose(self) -> None:
        pass


class Receiver:
    """A notifier that remembers what it accepted; a story may make it refuse."""

    def __init__(self, world: "World", name: str) -> None:
        self._world, self._name = world, name
        self.refusal: DeliveryError | None = None
        self.attempts: list[str] = []

    async def send(self, notification: Notification) -> str:
        self.attempts.append(notification.id)
        if self.refusal is not None:
            raise self.refusal
        self._world.heard.append(notification)
        return "ok"

    async def aclose(self) -> None:
        pass


class FlakyStore(MemoryStore):
    """A store whose disk is full for a while."""

    failures = 0

    async def record(self, transitions: Sequence[Transition]) -> None:
        self._write()
        await super().record(transitions)

    async def commit(self, deliveries: Sequence[Delivery], forgotten: Collection[tuple[str, Labels]]) -> None:
        self._write()
        await super().commit(deliveries, forgotten)

    async def silence(self, silences: Sequence[Silence]) -> None:
        self._write()
        await super().silence(silences)

    async def settle(self, delivery: Delivery, outcome: Outcome) -> Delivery:
        self._write()
        return await super().settle(delivery, outcome)

    def _write(self) -> None:
        if self.failures > 0:
            self.failures -= 1
            raise StoreError("disk full")


@dataclass
class Moment:
    """A time of a story at which something happens: `world.at("2m").fires("JobDown", zone="aa")`."""

    world: "World"
    at: datetime

    def fires(self, name: str, value: float = 1.0, **labels: str) -> None:
        """The condition is true from now on."""
        self.do(lambda: self.world.prometheus.true.setdefault(name, {}).update({Labels(labels): value}))

    def resolves(self, name: str, **labels: str) -> None:
        """The condition is false from now on."""
        self.do(lambda: self.world.prometheus.true.get(name, {}).pop(Labels(labels), None))

    def prometheus(self, *, down: bool) -> None:
        """Prometheus stops answering, or answers again."""
        self.do(lambda: setattr(self.world.prometheus, "down", down))

    def misses(self, *labels: Labels) -> None:
        """Some of the servers behind Prometheus do not answer it: these are missing, and it says that some are."""
        self.do(lambda: setattr(self.world.prometheus, "missing", set(labels)))

    def refuses(self, integration: str, refusal: DeliveryError | None) -> None:
        """The receiver refuses everything like this (None: accepts again)."""
        self.do(lambda: setattr(self.world.receivers[integration], "refusal", refusal))

    def silences(self, matchers: str, lasting: str = "1h", name: str = "", begins_in: str = "0s") -> None:
        """Somebody makes a silence, or changes that which has this name in the story."""
        self.do(lambda: self.world.silence(matchers, lasting, name or matchers, begins_in))

    def posts(self, name: str, lasting: str = "", began: str = "0s", **labels: str) -> None:
        """Somebody posts an alert that ends after `lasting` ("": nobody says when) and began so long ago."""
        self.do(lambda: self.world.post(name, lasting, began, labels))

    def ends(self, name: str, **labels: str) -> None:
        """Somebody posts that an alert is over."""
        self.do(lambda: self.world.post(name, "0s", "1m", labels))

    def unsilences(self, name: str) -> None:
        """Somebody ends the silence of this name, or, if it has none, with these matchers."""
        self.do(lambda: self.world.silencer.expire(self.world.silence_ids[name]))

    def restarts(self) -> None:
        """The process dies without a word and begins anew on the same store."""
        self.do(self.world.restart)

    def reloads(self, **plan: object) -> None:
        """Another configuration: `rules=`, `route=`, `integrations=`, `inhibit_rules=`, `intervals=`."""
        self.do(lambda: self.world.reload(**plan))

    def do(self, action: Callable[[], object]) -> None:
        """Anything else; what it returns is awaited, if that can be."""
        self.world.schedule(self.at, action)


class World:
    """One alertd and what surrounds it. With a `path` its state is in a real SQLite file, else in memory."""

    def __init__(
        self,
        *rules: Rule,
        route: Route = ROUTE,
        integrations: Mapping[str, Sequence[Integration]] = OPS,
        path: Path | None = None,
        limit: int = 0,
        interval: timedelta = INTERVAL,
        inhibit_rules: Sequence[InhibitRule] = (),
        intervals: Mapping[str, Interval] | None = None,
        start: datetime = START,
        flapping: FlapBounds | None = None,
        storms: StormBounds | None = None,
    ) -> None:
        self.start, self.clock, self.path = start, ManualClock(start), path
        self.store: Store = FlakyStore()
        self.observer, self.tracer = RecordingObserver(), RecordingTracer()
        self.prometheus, self.heard = Prometheus(), list[Notification]()
        self.rules, self.route, self.integrations = rules, route, integrations
        self.limit, self.interval = limit, interval
        self.inhibit_rules, self.intervals = inhibit_rules, intervals or {}
        self.flapping, self.storms = flapping or DEFAULTS[0], storms or DEFAULTS[1]
        self.silence_ids: dict[str, str] = {}
        self.receivers: dict[str, Receiver] = {}
        self._script: list[tuple[datetime, int, Callable[[], object]]] = []
        self._order = count()
        self._pending: Callable[[], object] | None = None
        self.engine: Engine | None = None
        self._watch_itself()

    # What a story says.

    def at(self, time: str) -> Moment:
        """A moment so long after the start."""
        return Moment(self, self.start + durations.parse(time))

    async def run_until(self, time: str) -> None:
        """Live until then."""
        end = self.start + durations.parse(time)
        if self.engine is None:
            await self._start()
        for _ in range(_MOST_STEPS):
            at = min(self._next(), end)
            self.clock.set(max(at, self.clock.now()))
            await self._step(self.clock.now())
            if at >= end and self._next() > end:
                return
        raise AssertionError(f"the world does not come to rest: it is {self.clock.now()}")

    async def sleeps(self, time: str) -> None:
        """The process dies, time passes, and it begins anew."""
        self.restart()
        self.clock.set(self.clock.now() + durations.parse(time))
        await self._start()

    @property
    def story(self) -> list[str]:
        """What receivers heard, one line a message: `40s ops: JobDown{zone=aa} (first notification)`."""
        return [self._line(notification) for notification in self.heard]

    @property
    def alerts(self) -> dict[str, str]:
        """The alerts alive and their states."""
        assert self.engine is not None
        return {_name(alert.labels): str(alert.state) for alert in self.engine.board.alive()}

    @property
    def silencer(self) -> Silencer:
        """Where silences are made and ended."""
        assert self.engine is not None
        return self.engine.silencer

    async def silence(self, matchers: str, lasting: str, name: str, begins_in: str = "0s") -> Silence:
        """Make the silence that the story calls so; or change it, which does not change when it began."""
        now, known = self.clock.now(), self.silence_ids.get(name, "")
        starts_at = self.silencer.get(known).starts_at if known else now + durations.parse(begins_in)
        draft = Draft(parse(matchers), now + durations.parse(lasting), starts_at, known, "ann", name)
        made = await self.silencer.put(draft)
        self.silence_ids[name] = made.id
        return made

    async def post(self, name: str, lasting: str, began: str, labels: Mapping[str, str]) -> None:
        """Post one alert, as the API does."""
        assert self.engine is not None
        now = self.clock.now()
        ends_at = now + durations.parse(lasting) if lasting else None
        starts_at = now - durations.parse(began) if began != "0s" else None
        posting = Posting(Labels({"alertname": name, **labels}), {}, starts_at, ends_at)
        await self.engine.intake.post([alert_of(posting, RESOLVE_TIMEOUT, now)])

    def error(self, name: str) -> str:
        """What is wrong with a rule."""
        assert self.engine is not None
        return next(self.engine.board.status(rule.key).error for rule in self.rules if rule.name == name)

    def hold(self, time: str) -> None:
        """Tell nobody anything before that long after the start."""
        assert self.engine is not None
        self.engine.dispatcher.hold(self.start + durations.parse(time))

    def break_disk(self, writes: int) -> None:
        """The next so many writes fail."""
        assert isinstance(self.store, FlakyStore)
        self.store.failures = writes

    def notice(self, event: Event) -> None:
        """Something happened where this world does not reach."""
        self._observers.notice(event)

    # How it lives.

    def schedule(self, at: datetime, action: Callable[[], object]) -> None:
        heappush(self._script, (at, next(self._order), action))

    def restart(self) -> None:
        self.engine = None

    def reload(self, **changes: object) -> None:
        for name, value in changes.items():
            setattr(self, name, value)
        self._reloading = True

    _reloading = False

    def _plan(self) -> Plan:
        for some in self.integrations.values():
            for one in some:
                self.receivers.setdefault(one.id, Receiver(self, one.id))
        group = RuleGroup("story", "story.yml", self._own(self.rules), self.interval, limit=self.limit)
        return Plan(
            groups=[group],
            sources=Sources({"": Watched(self.prometheus, self._observers, self.clock), NAME: self._selfwatch}),
            routing=Routing(
                self.route,
                self.integrations,
                "http://alertd.example",
                self.inhibit_rules,
                Calendar(self.intervals),
                self.flapping,
                self.storms,
            ),
            notifiers={one.id: self.receivers[one.id] for some in self.integrations.values() for one in some},
        )

    def _own(self, rules: Sequence[Rule]) -> tuple[Rule, ...]:
        return tuple(replace(one, twin=index) for index, one in enumerate(rules)) if _alike(rules) else tuple(rules)

    async def _start(self) -> None:
        if self.path:
            await self.store.close()
            self.store = SqliteStore.open(f"sqlite:///{self.path}")
        self._watch_itself()
        self.engine = Engine(self._plan(), self.store, self._observers, self.clock)
        await self.engine.restore()

    def _watch_itself(self) -> None:
        self._selfwatch = Selfwatch()
        self._observers = Observers(self.observer, self._selfwatch, tracer=self.tracer)

    def _next(self) -> datetime:
        assert self.engine is not None
        (group,) = self.engine.board.groups
        tick = grid.following(self.clock.now() - timedelta(microseconds=1), group.interval, timedelta(0))
        if tick == self.clock.now() and self._ticked == tick:
            tick += group.interval
        loops = (self.engine.intake, self.engine.dispatcher, self.engine.courier)
        instants = [tick, *(loop.next_due() for loop in loops)]
        if self._script:
            instants.append(self._script[0][0])
        return min(max(at, self.clock.now()) for at in instants if at is not None)

    _ticked: datetime | None = None

    async def _step(self, now: datetime) -> None:
        while self._script and self._script[0][0] <= now:
            done = heappop(self._script)[2]()
            if isawaitable(done):
                await done
            await self._settle_changes()
        assert self.engine is not None
        (group,) = self.engine.board.groups
        if grid.latest(now, group.interval, timedelta(0)) == now and self._ticked != now:
            self._ticked = now
            await self.engine.evaluator.step(group, now)
            await self.engine.touch()
        await self.engine.intake.step(now)
        await self.engine.dispatcher.step(now)
        await self.engine.courier.step(now)
        await self.engine.dispatcher.step(now)

    async def _settle_changes(self) -> None:
        if self.engine is None:
            await self._start()
        if self._reloading:
            self._reloading = False
            await self.engine.follow(self._plan())

    def _line(self, notification: Notification) -> str:
        at = durations.format(notification.at.replace(microsecond=0) - self.start)
        firing = [_name(alert.labels) for alert in notification.firing]
        resolved = ["-" + _name(alert.labels) for alert in notification.resolved]
        return f"{at} {notification.receiver}: {' '.join(firing + resolved)} ({notification.reason})"


def _name(labels: Labels) -> str:
    rest = ",".join(f"{name}={value}" for name, value in labels.items() if name != "alertname")
    return labels["alertname"] + (f"{{{rest}}}" if rest else "")


def _alike(rules: Sequence[Rule]) -> bool:
    return len({one.key for one in rules}) < len(rules)
