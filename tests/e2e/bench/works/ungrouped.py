"""Works of storms in which every alert is a group: from transitions to messages accepted, all but the wire."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from alertd.core.alerts import Alert, State, Transition
from alertd.core.board import Board
from alertd.core.routes import Route
from alertd.core.silences import Silences
from alertd.engine.courier import Courier
from alertd.engine.dispatcher import Dispatcher
from alertd.engine.history import Recorder
from alertd.engine.routing import Routing
from alertd.engine.selfwatch import Selfwatch
from alertd.engine.watchedstore import WatchedStore
from alertd.http import Reply
from alertd.notifiers.webhook import WebhookConfig, WebhookNotifier
from alertd.ports import Context
from alertd.store import open_store
from alertd.telemetry.logs import Logs
from alertd.telemetry.metrics import Metrics
from alertd.telemetry.observers import Observers
from alertd.telemetry.readings import Readings
from alertd.telemetry.vitals import Vitals
from alertd.testing import ManualClock
from tests.e2e.bench.works.deciding import OPS, alert
from tests.e2e.bench.works.work import NOW, Do, Work

_GROUPS = 50
_ROUTE = Route("{}", "ops", group_by=("alertname", "instance"), group_wait=timedelta(0))


class _Answers:
    """A client whose requests are all answered at once."""

    async def request(self, *_: object, **__: object) -> Reply:
        await asyncio.sleep(0)
        return Reply(200, {"content-length": "3"}, b"ok\n")

    def hide(self, text: str) -> str:
        return text


class _Told:
    """The engine from the groups on, and a webhook, but for the log as in the daemon."""

    def __init__(self, folder: Path) -> None:
        self._clock, self._board, self._numbers = ManualClock(NOW), Board(), count()
        clock, self._store = self._clock, open_store(f"sqlite:///{folder}/state.db")
        self._recorder = Recorder(self._store, clock)
        observer = Observers(Logs(), Metrics(Readings(dict, dict, int)), Selfwatch(), Vitals(clock), self._recorder)
        store = WatchedStore(self._store, observer.notice, clock)
        routing = Routing(_ROUTE, {"ops": [OPS]})
        self._dispatcher = Dispatcher(routing, self._board, Silences(), store, observer, clock)
        self._courier = Courier(self._dispatcher, store, observer, clock)
        notifier: Any = WebhookNotifier(WebhookConfig(url="http://ops.example/hook"), Context(clock))  # type: ignore[arg-type]
        notifier._client = _Answers()
        self._dispatcher.restore(())
        self._courier.serve({OPS.id: notifier})

    async def close(self) -> None:
        await self._store.close()

    async def storm(self) -> None:
        """Alerts fire, everybody is told, and they end."""
        now = self._clock.now()
        begun = [replace(alert(next(self._numbers)), fired_at=now) for _ in range(_GROUPS)]
        await self._tell([Transition(None, one) for one in begun])
        self._clock.advance(_ROUTE.group_interval)
        ended = [replace(one, state=State.RESOLVED, resolved_at=self._clock.now()) for one in begun]
        await self._tell([Transition(*pair) for pair in zip(begun, ended, strict=True)])
        self._clock.advance(timedelta(seconds=1))
        await self._dispatcher.step(self._clock.now())
        self._dispatcher.forget_finished(self._clock.now())

    async def _tell(self, moves: list[Transition]) -> None:
        alive: Mapping[Any, Alert] = {one.after.labels: one.after for one in moves if one.after and one.after.firing}
        await self._store.record(moves)
        self._board.apply(moves[0].after.rule if moves[0].after else "", alive, moves)
        self._dispatcher.receive(moves, self._clock.now())
        await self._dispatcher.step(self._clock.now())
        while (due := self._courier.next_due()) is not None and due <= self._clock.now():
            await self._courier.step(self._clock.now())
        await self._recorder.backlog.step()


@contextmanager
def telling() -> Iterator[Do]:
    with TemporaryDirectory(prefix="alertd-micro-") as folder, asyncio.Runner() as runner:
        told = runner.run(_opened(Path(folder)))
        yield lambda: runner.run(told.storm())
        runner.run(told.close())


async def _opened(folder: Path) -> _Told:
    return _Told(folder)


WORKS: Mapping[str, Work] = {
    f"{_GROUPS} alerts, each a group, begin and end": Work(telling, 2 * _GROUPS, "message"),
}
