"""Whatever is done to them, the store in SQLite and the one in memory answer the same."""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from alertd.core.alerts import Alert, State, Transition
from alertd.core.delivery import Dead, Delivery, Outcome, Retry, Sent, Status
from alertd.core.history import Entry, Seen, What
from alertd.core.labels import Labels
from alertd.core.matchers import Matcher
from alertd.core.severity import Severity
from alertd.core.silences import Silence
from alertd.core.told import NOTHING, Cooling, Told
from alertd.errors import StoreError
from alertd.ports import Store
from alertd.store.memory import MemoryStore
from alertd.store.outbox import FOREVER
from alertd.store.sqlite import SqliteStore

from .deliveries import NOON, OPEN, delivery

INTEGRATIONS = ["one", "two"]
lines = st.sampled_from([("g", "one"), ("h", "one"), ("g", "two")])
MEMORY_DISK = Path("/dev/shm")
COOLING = Told(NOON, {}, {"incident": Cooling(NOON + timedelta(minutes=30), Severity.INFO)})
tolds = st.sampled_from([NOTHING, OPEN, COOLING])
minutes = st.sampled_from([0, 1, 2, 5])
names = st.sampled_from(["A", "B"])


class Twins(RuleBasedStateMachine):
    """`now` moves on in minutes; `claimed` has every delivery ever claimed, so that late outcomes happen, too.

    Each rule does much, and of few kinds of things, so that short runs reach the corners.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp(dir=MEMORY_DISK if MEMORY_DISK.is_dir() else None)
        self.loop = asyncio.new_event_loop()
        self.memory, self.sqlite = MemoryStore(), self._open()
        self.now = self.committed = 0
        self.claimed: list[Delivery] = []

    def _open(self) -> SqliteStore:
        return SqliteStore.open(f"sqlite:///{self.folder}/alertd.db")

    def teardown(self) -> None:
        self.loop.run_until_complete(self.sqlite.close())
        self.loop.close()
        shutil.rmtree(self.folder)

    def both(self, method: str, *arguments: Any) -> Any:
        one, other = (self.result(getattr(store, method)(*arguments)) for store in (self.memory, self.sqlite))
        assert one == other
        return one

    def result(self, call: Coroutine[Any, Any, Any]) -> Any:
        try:
            return self.loop.run_until_complete(call)
        except StoreError as error:
            return str(error)

    @rule(lines=st.lists(lines, min_size=1, max_size=3), told=tolds, wait=minutes)
    def commit(self, lines: list[tuple[str, str]], told: Told, wait: int) -> None:
        new = [delivery(self.now, group, integration, told) for group, integration in lines]
        self.both("commit", [self._unique(replace(one, next_at=one.at + timedelta(minutes=wait))) for one in new], ())

    @rule(line=lines, told=tolds)
    def commit_silent(self, line: tuple[str, str], told: Told) -> None:
        one = self._unique(delivery(self.now, *line, told))
        self.both("commit", [replace(one, notification=None, status=Status.SILENT, next_at=None)], ())

    def _unique(self, one: Delivery) -> Delivery:
        self.committed += 1
        return replace(one, id=f"{self.committed}")

    @rule(wait=minutes, lease=minutes, limit=st.integers(1, 2))
    def claim(self, wait: int, lease: int, limit: int) -> None:
        self.now += wait
        now = NOON + timedelta(minutes=self.now)
        for integration in INTEGRATIONS:
            self.claimed += self.both("claim", integration, now, now + timedelta(minutes=lease), limit)

    @rule(line=lines, told=tolds, kind=st.sampled_from(["sent", "retry", "dead", "hangs"]), newer=st.booleans())
    def attempt(self, line: tuple[str, str], told: Told, kind: str, newer: bool) -> None:
        """The straight way, with a newer delivery in the middle if so."""
        self.commit([line], told, 0)
        self.claim(0, 1, 2)
        if newer:
            self.commit([line], told, 0)
        if kind != "hangs" and self.claimed:
            self.settle(kind, 1, 0)

    @precondition(lambda self: self.claimed)
    @rule(kind=st.sampled_from(["sent", "retry", "dead"]), wait=minutes, back=st.integers(0, 3))
    def settle(self, kind: str, wait: int, back: int) -> None:
        now = NOON + timedelta(minutes=self.now)
        outcomes: dict[str, Outcome] = {
            "sent": Sent(now, "ok"),
            "retry": Retry(now + timedelta(minutes=wait), "503"),
            "dead": Dead(now, "404"),
        }
        self.both("settle", self.claimed[-1 - back % len(self.claimed)], outcomes[kind])

    @rule(names=st.lists(names), states=st.lists(st.sampled_from([None, *State])), forgotten=st.none() | names)
    def record(self, names: list[str], states: list[State | None], forgotten: str | None) -> None:
        alerts = [Alert("rule", Labels({"alertname": name}), State.FIRING, NOON) for name in names]
        pairs = zip(alerts, states, strict=False)
        self.both("record", [Transition(one, state and replace(one, state=state)) for one, state in pairs])
        self.both("commit", (), [("rule", Labels({"alertname": forgotten}))] if forgotten else ())
        self.both("touch", NOON + timedelta(minutes=self.now))

    @rule(names=st.lists(names), minutes=st.integers(0, 30))
    def silence(self, names: list[str], minutes: int) -> None:
        now, end = NOON + timedelta(minutes=self.now), NOON + timedelta(minutes=self.now + minutes)
        self.both("silence", [Silence(name, (Matcher("job", "=", "a"),), now, end, now) for name in names])

    @rule(names=st.lists(names, max_size=5), wait=minutes, rows=st.sampled_from([1, 3, 100]), limit=st.integers(1, 4))
    def remember(self, names: list[str], wait: int, rows: int, limit: int) -> None:
        self.now += wait
        now = NOON + timedelta(minutes=self.now)
        entries = [Entry(now, name, What.STATE, {"n": index}) for index, name in enumerate(names)]
        self.both("remember", entries, [Seen(Labels({"alertname": name}), "rule", now) for name in names])
        self.both("recall", ["A", "B"], now - timedelta(minutes=3), now, limit)
        self.both("seen", None, limit)
        self.both("forget", now - timedelta(minutes=5), rows, limit)

    @rule(age=st.sampled_from([0, 3, 20]))
    def prune(self, age: int) -> None:
        self.both("prune", NOON + timedelta(minutes=self.now - age))

    @rule()
    def restart(self) -> None:
        self.loop.run_until_complete(self.sqlite.close())
        self.sqlite = self._open()
        for integration in INTEGRATIONS:
            self.memory._release(integration, FOREVER)

    @invariant()
    def agree(self) -> None:
        self.loop.run_until_complete(self._agree())

    async def _agree(self) -> None:
        one, other = [await asyncio.gather(*self._looks(store)) for store in (self.memory, self.sqlite)]
        assert one == other

    def _looks(self, store: Store) -> Sequence[Coroutine[Any, Any, Any]]:
        history = store.recall(["A", "B"], NOON, FOREVER, 1000)
        return self._load(store), store.due(), store.counts(), history, store.seen("A", 9)

    async def _load(self, store: Store) -> tuple[Any, ...]:
        snapshot = await store.load()
        return set(map(repr, snapshot.alerts)), snapshot.told, snapshot.alive_at, set(map(repr, snapshot.silences))

    @invariant()
    def at_most_one_waits(self) -> None:
        for rows in self.memory._groups.values():
            waiting = [row for row in rows if row.waiting]
            assert len(waiting) <= 1
            assert waiting in ([], [row for row in rows if row.current][-1:])
            assert sum(row.lease_until is not None for row in rows) <= 1


TestTwins = Twins.TestCase
TestTwins.settings = settings(
    max_examples=80, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
