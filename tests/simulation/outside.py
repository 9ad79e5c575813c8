"""What surrounds alertd: a disk, a Prometheus and receivers, each of which can fail at any call; and how it dies.

A fault is armed for a place and waits there for the next call: before it has an effect, or after. A process that has
died has no effects any more, whatever its tasks still try.
"""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

from alertd.core.alerts import Transition
from alertd.core.delivery import Delivery, Outcome
from alertd.core.notification import Notification
from alertd.core.rules import Rule
from alertd.core.samples import Answer, Skipped
from alertd.core.silences import Silence
from alertd.errors import DeliveryError, QueryError, QueryFailure, StoreError
from alertd.ports import Datasource, Snapshot
from alertd.store import deliveries as outbox
from alertd.store.lock import Lock
from alertd.store.schema import migrate
from alertd.store.sqlite import SqliteStore
from alertd.store.writer import Writer
from tests.simulation.truth import Truth, partial

T = TypeVar("T")
FOREVER = 10_000_000.0  # seconds; longer than any story
NOWHERE = Path(":memory:")


_FAULTS = {"dies": "the process dies", "fails": "a call fails", "waits": "a call takes long,"}


@dataclass(frozen=True)
class Fault:
    """How the next call at a place fails."""

    how: str  # dies, fails, waits
    late: bool = False  # after the effect, so that only the answer is lost
    seconds: float = 0.0


@dataclass
class Life:
    """One process, from its start to its death, when the kernel lets go of its lock."""

    lock: Lock | None = None
    dead: bool = False
    calls: int = 0  # that are under way

    def end(self) -> None:
        """It has no effects any more."""
        self.dead = True
        if self.lock:
            self.lock.release()


@dataclass
class Outside:
    """All that the process of this `life` can reach, and what is armed there."""

    life: Life = field(default_factory=Life)
    armed: dict[str, list[Fault]] = field(default_factory=dict)
    died: asyncio.Event = field(default_factory=asyncio.Event)
    tally: Counter[str] = field(default_factory=Counter)  # what went wrong, and how often

    def arm(self, place: str, *faults: Fault) -> None:
        """The next calls there fail like this, one each."""
        self.armed.setdefault(place, []).extend(faults)

    async def call(
        self, life: Life, place: str, act: Callable[[], Awaitable[T]], refusal: Callable[[], Exception]
    ) -> T:
        """Do this, if the process lives and nothing is armed."""
        life.calls += 1
        try:
            return await self._call(life, place, act, refusal)
        finally:
            life.calls -= 1

    async def _call(
        self, life: Life, place: str, act: Callable[[], Awaitable[T]], refusal: Callable[[], Exception]
    ) -> T:
        await self._check(life)
        fault = self._next(place)
        if fault and not fault.late:
            await self._strike(life, fault, refusal)
        result = await act()
        if fault and fault.late:
            await self._strike(life, fault, refusal)
        await asyncio.sleep(0)
        await self._check(life)
        return result

    def _next(self, place: str) -> Fault | None:
        faults = self.armed.get(place)
        return faults.pop(0) if faults else None

    async def _strike(self, life: Life, fault: Fault, refusal: Callable[[], Exception]) -> None:
        self.tally[f"{_FAULTS[fault.how]} {'after' if fault.late else 'before'} the effect"] += 1
        match fault.how:
            case "dies":
                life.end()
                self.died.set()
                await self._check(life)
            case "fails":
                raise refusal()
            case "waits":
                await asyncio.sleep(fault.seconds)
                await self._check(life)

    async def _check(self, life: Life) -> None:
        if life.dead:
            await asyncio.sleep(FOREVER)


class _InlineWriter(Writer):
    """A writer without a thread: a disk that is as fast as it is deterministic."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db, self._path = db, Path("simulated.db")
        self.written = 0  # transactions

    def submit(self, work: Callable[[sqlite3.Connection], Any]) -> "asyncio.Future[Any]":
        (outcome,) = self._transact([work])
        self.written += not isinstance(outcome, Exception)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
        return future

    async def close(self) -> None:
        """The disk remains."""


class _NoLock:
    def release(self) -> None:
        pass


def blank_disk(path: Path) -> sqlite3.Connection:
    """A database as alertd finds it at its first start."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA auto_vacuum = INCREMENTAL")
    migrate(db, path)
    return db


class Witness(Protocol):
    """Who hears what is about to be written, and what has been."""

    def decided(self, deliveries: Sequence[Delivery]) -> None: ...
    def committed(self, deliveries: Sequence[Delivery]) -> None: ...
    def settled(self, delivery: Delivery, outcome: Outcome) -> None: ...


class Disk:
    """The real store, over a database that survives the process."""

    def __init__(self, outside: Outside, db: sqlite3.Connection, witness: Witness) -> None:
        self._outside, self._life, self._witness = outside, outside.life, witness
        self._queue = asyncio.Lock()
        db.execute("BEGIN")
        outbox.release_all(db)
        db.execute("COMMIT")
        self._writer = _InlineWriter(db)
        self._store = self.history = SqliteStore(self._writer, _NoLock())  # type: ignore[arg-type]

    async def _do(self, place: str, act: Callable[[], Awaitable[T]]) -> T:
        async with self._queue:  # one after the other, as the writer's thread does it
            return await self._outside.call(self._life, f"disk.{place}", act, lambda: StoreError("disk full"))

    async def load(self) -> Snapshot:
        return await self._store.load()

    async def record(self, transitions: Sequence[Transition]) -> None:
        await self._do("record", lambda: self._store.record(transitions))

    async def commit(self, deliveries: Sequence[Delivery], forgotten: Collection[Any]) -> None:
        async def commit() -> None:
            await self._store.commit(deliveries, forgotten)
            self._witness.committed(deliveries)

        if not self._life.dead:
            self._witness.decided(deliveries)
        await self._do("commit", commit)

    async def silence(self, silences: Sequence[Silence]) -> None:
        await self._do("silence", lambda: self._store.silence(silences))

    async def claim(self, integration: str, now: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        return await self._do("claim", lambda: self._store.claim(integration, now, until, limit))

    async def give_back(self, deliveries: Sequence[Delivery]) -> None:
        await self._do("give_back", lambda: self._store.give_back(deliveries))

    async def settle(self, delivery: Delivery, outcome: Outcome) -> Delivery:
        async def settle() -> Delivery:
            before = self._writer.written
            try:
                after = await self._store.settle(delivery, outcome)
            except asyncio.CancelledError:
                if self._writer.written > before:  # who dies now has written it all the same
                    self._witness.settled(delivery, outcome)
                raise
            self._witness.settled(delivery, outcome)
            return after

        return await self._do("settle", settle)

    async def shift(self, by: timedelta) -> None:
        await self._do("shift", lambda: self._store.shift(by))

    async def due(self) -> Mapping[str, datetime]:
        return await self._do("due", self._store.due)

    async def counts(self) -> Mapping[str, int]:
        return await self._store.counts()

    async def prune(self, before: datetime) -> int:
        return await self._do("prune", lambda: self._store.prune(before))

    async def touch(self, now: datetime) -> None:
        await self._do("touch", lambda: self._store.touch(now))


class Wire:
    """The way to Prometheus, which has moods: down, slow, stale (says what it said before), partial, partly broken."""

    def __init__(self, outside: Outside, server: Datasource, moods: Collection[str], before: dict[str, Any]) -> None:
        self.name = server.name
        self._outside, self._life, self._server = outside, outside.life, server
        self._moods, self._before = moods, before

    async def query(self, exprs: Sequence[str], at: datetime) -> Sequence[Answer | QueryError]:
        return await asyncio.gather(*(self._ask(expr, at) for expr in exprs))

    async def _ask(self, expr: str, at: datetime) -> Answer | QueryError:
        try:
            return await self._outside.call(self._life, "prometheus", lambda: self._answer(expr, at), _unreachable)
        except QueryError as error:
            return error

    async def _answer(self, expr: str, at: datetime) -> Answer | QueryError:
        for mood in self._moods:
            self._outside.tally[f"a query while Prometheus is {mood}"] += 1
        if "slow" in self._moods:
            await asyncio.sleep(25)
            return QueryError("no answer within 25 s", QueryFailure.TIMEOUT)
        if "down" in self._moods:
            raise _unreachable()
        if "broken" in self._moods and "JobDown" in expr:
            return QueryError("many-to-many matching not allowed", QueryFailure.EXECUTION)
        if "partial" in self._moods:
            (whole,) = await self._server.query([expr], at)
            return partial(whole) if isinstance(whole, Answer) else whole
        if "stale" in self._moods and expr in self._before:
            answer: Answer | QueryError = self._before[expr]
            return answer
        (answer,) = await self._server.query([expr], at)
        self._before[expr] = answer
        return answer

    async def aclose(self) -> None:
        pass


class Scripts:
    """Conditions in Python, in a process of their own that may die or take too long, and that skips if it likes."""

    def __init__(self, outside: Outside, truth: Truth, moods: Collection[str]) -> None:
        self._outside, self._life, self._truth, self._moods = outside, outside.life, truth, moods

    async def call(self, rule: Rule, at: datetime) -> Answer | Skipped | QueryError:
        async def run() -> Answer | Skipped:
            if "broken" in self._moods:
                self._outside.tally["a condition in Python skips"] += 1
                return Skipped("not now")
            return Answer(self._truth.samples(rule.name))

        try:
            return await self._outside.call(self._life, "script", run, _killed)
        except QueryError as error:
            return error

    async def aclose(self) -> None:
        pass


def _killed() -> QueryError:
    return QueryError("the worker was killed: it took more than 256 MiB", QueryFailure.EXECUTION)


def _unreachable() -> QueryError:
    return QueryError("connection refused", QueryFailure.UNREACHABLE)


REFUSALS = {"busy": "503", "wrong": "400"}
_MOODS = {
    "busy": "busy (503)",
    "wrong": "misconfigured (400)",
    "deaf": "deaf",
    "mute": "mute (it accepts, and its answer is lost)",
}


class Door:
    """A receiver, which accepts, refuses (`busy`, `wrong`), is `deaf` (it never answers) or `mute` (it hears)."""

    def __init__(
        self, outside: Outside, name: str, moods: Mapping[str, str], heard: Callable[[Notification], None]
    ) -> None:
        self._outside, self._life, self._name = outside, outside.life, name
        self._moods, self._heard = moods, heard

    async def send(self, notification: Notification) -> str:
        def lost() -> DeliveryError:
            return DeliveryError("timeout", reason="timeout")

        return await self._outside.call(self._life, self._name, lambda: self._receive(notification), lost)

    async def _receive(self, notification: Notification) -> str:
        mood = self._moods.get(self._name, "")
        if mood:
            self._outside.tally[f"a message while its receiver is {_MOODS[mood]}"] += 1
        if mood == "deaf":
            await asyncio.sleep(FOREVER)
        if mood in REFUSALS:
            raise DeliveryError(REFUSALS[mood], permanent=mood == "wrong")
        self._heard(notification)
        if mood == "mute":
            raise DeliveryError("timeout", reason="timeout")
        return "ok"

    async def aclose(self) -> None:
        pass
