"""Whatever is done to them, the store in SQLite and the one in memory answer the same."""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from alertd.core.alerts import Alert, State, Transition
from alertd.core.delivery import Dead, Delivery, Outcome, Retry, Sent, Status
from alertd.core.labels import Labels
from alertd.core.severity import Severity
from alertd.core.told import NOTHING, Cooling, Told
from alertd.errors import StoreError
from alertd.store.memory import MemoryStore
from alertd.store.outbox import FOREVER
from alertd.store.sqlite import SqliteStore

from .deliveries import NOON, OPEN, delivery

GROUPS, INTEGRATIONS = ["g", "h"], ["one", "two"]
COOLING = Told(NOON, {}, {"incident": Cooling(NOON + timedelta(minutes=30), Severity.INFO)})
tolds = st.sampled_from([NOTHING, OPEN, COOLING])
minutes = st.sampled_from([0, 1, 2, 5])
names = st.sampled_from(["A", "B"])


class Twins(RuleBasedStateMachine):
    """`now` moves on in minutes; `claimed` has every delivery ever claimed, so that late outcomes happen, too."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp()
        self.runner = asyncio.Runner()
        self.memory, self.sqlite = MemoryStore(), self._open()
        self.now = 0
        self.claimed: list[Delivery] = []

    def _open(self) -> SqliteStore:
        return SqliteStore.open(f"sqlite:///{self.folder}/alertd.db")

    def teardown(self) -> None:
        self.runner.run(self.sqlite.close())
        self.runner.close()
        shutil.rmtree(self.folder)

    def both(self, method: str, *arguments: Any) -> Any:
        one, other = (self.result(getattr(store, method)(*arguments)) for store in (self.memory, self.sqlite))
        assert one == other
        return one

    def result(self, call: Coroutine[Any, Any, Any]) -> Any:
        try:
            return self.runner.run(call)
        except StoreError as error:
            return str(error)

    @rule(group=st.sampled_from(GROUPS), integration=st.sampled_from(INTEGRATIONS), told=tolds, wait=minutes)
    def commit(self, group: str, integration: str, told: Told, wait: int) -> None:
        one = delivery(self.now, group, integration, told)
        self.both("commit", [replace(one, next_at=one.at + timedelta(minutes=wait))], ())

    @rule(group=st.sampled_from(GROUPS), integration=st.sampled_from(INTEGRATIONS), told=tolds)
    def commit_silent(self, group: str, integration: str, told: Told) -> None:
        one = delivery(self.now, group, integration, told)
        self.both("commit", [replace(one, notification=None, status=Status.SILENT, next_at=None)], ())

    @rule(integration=st.sampled_from(INTEGRATIONS), lease=minutes, limit=st.integers(1, 2))
    def claim(self, integration: str, lease: int, limit: int) -> None:
        now = NOON + timedelta(minutes=self.now)
        self.claimed += self.both("claim", integration, now, now + timedelta(minutes=lease), limit)

    @precondition(lambda self: self.claimed)
    @rule(data=st.data(), kind=st.sampled_from(["sent", "retry", "dead"]), wait=minutes)
    def settle(self, data: st.DataObject, kind: str, wait: int) -> None:
        now = NOON + timedelta(minutes=self.now)
        outcomes: dict[str, Outcome] = {
            "sent": Sent(now, "ok"),
            "retry": Retry(now + timedelta(minutes=wait), "503"),
            "dead": Dead(now, "404"),
        }
        self.both("settle", data.draw(st.sampled_from(self.claimed)), outcomes[kind])

    @rule(name=names, state=st.sampled_from([None, *State]))
    def record(self, name: str, state: State | None) -> None:
        alert = Alert("rule", Labels({"alertname": name}), state or State.FIRING, NOON)
        self.both("record", [Transition(None, alert) if state else Transition(alert, None)])

    @rule(name=names)
    def forget(self, name: str) -> None:
        self.both("commit", (), [("rule", Labels({"alertname": name}))])

    @rule(minutes=minutes)
    def wait(self, minutes: int) -> None:
        self.now += minutes
        self.both("touch", NOON + timedelta(minutes=self.now))

    @rule(age=st.sampled_from([0, 3, 20]))
    def prune(self, age: int) -> None:
        self.both("prune", NOON + timedelta(minutes=self.now - age))

    @rule()
    def restart(self) -> None:
        self.runner.run(self.sqlite.close())
        self.sqlite = self._open()
        for integration in INTEGRATIONS:
            self.memory._release(integration, FOREVER)

    @invariant()
    def agree(self) -> None:
        one, other = self.runner.run(self.memory.load()), self.runner.run(self.sqlite.load())
        assert set(map(repr, one.alerts)) == set(map(repr, other.alerts))
        assert (one.told, one.alive_at) == (other.told, other.alive_at)
        self.both("due")
        self.both("counts")

    @invariant()
    def at_most_one_waits(self) -> None:
        for rows in self.memory._groups.values():
            waiting = [row for row in rows if row.waiting]
            assert len(waiting) <= 1
            assert waiting in ([], [row for row in rows if row.current][-1:])
            assert sum(row.lease_until is not None for row in rows) <= 1


TestTwins = Twins.TestCase
TestTwins.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
