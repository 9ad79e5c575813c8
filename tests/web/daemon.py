"""A daemon as the API sees it: a board that tests fill, routes, and a client that asks."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
from starlette.applications import Starlette

from alertd.core.alerts import Alert, State
from alertd.core.board import Board
from alertd.core.labels import Labels
from alertd.core.look import Look
from alertd.core.matchers import parse
from alertd.core.mutes import Mutes, Nothing
from alertd.core.posted import Posting, alert_of
from alertd.core.routes import Route
from alertd.core.silences import Silences
from alertd.engine.silences import Silencer
from alertd.errors import StoreError
from alertd.store.memory import MemoryStore
from alertd.testing import ManualClock, RecordingObserver
from alertd.web import alertmanager, endpoints, posting, prometheus, silencing, unknown
from alertd.web.alertmanager import Status, View

NOW = datetime(2026, 1, 1, 12, 0, 0, 500000, tzinfo=UTC)
VERSION = dict.fromkeys(("version", "revision", "branch", "buildUser", "buildDate", "goVersion"), "x")
ROOT = Route(
    key="{}",
    receiver="default",
    group_by=("alertname",),
    routes=(
        Route('{}/{team="x"}', "b.c", parse('team="x"'), continue_=True, group_by=("alertname",)),
        Route('{}/{team="x"}/1', "d", parse('team="x"'), group_by=(), labels=Labels({"tier": "1"})),
    ),
)


def firing(name: str, rule: str = "r", **labels: str) -> Alert:
    """An alert that has fired for a minute."""
    began = NOW - timedelta(minutes=1)
    return Alert(rule, Labels({"alertname": name, **labels}), State.FIRING, began, {"summary": name}, fired_at=began)


def silences() -> Silencer:
    """A silencer with a store of its own."""
    observer, store = RecordingObserver(), MemoryStore()
    return Silencer(Silences(), lambda _: None, store, observer, ManualClock(NOW))


@dataclass
class Daemon:
    """What the API asks of the app."""

    alerts: Sequence[Alert] = ()
    mutes: Mutes = field(default_factory=Nothing)
    receivers: dict[str, Labels] = field(
        default_factory=lambda: {"default": Labels(), "b.c": Labels({"owner": "b"}), "d": Labels()}
    )

    taken: list[Alert] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    full: bool = False  # the disk
    silencer: Silencer = field(default_factory=silences)

    def look(self) -> Look:
        updated = {"r": NOW - timedelta(seconds=15)}
        return Look(self.alerts, ROOT, self.receivers, self.mutes, updated, timedelta(minutes=5), NOW)

    def status(self) -> Status:
        return Status("host:9093", {"host:9093": "10.0.0.1:9093"}, NOW, VERSION, "route: {}\n")

    def app(self) -> Starlette:
        view = View(self.status, self.look)
        served = (
            *alertmanager.endpoints(view),
            *posting.endpoints(self._alert, self._take, self.refused.append),
            *silencing.endpoints(self.silencer, lambda: NOW),
        )
        return Starlette(routes=[*prometheus.routes(Board()), *endpoints.routes(served), *unknown.routes()])

    def _alert(self, posting: Posting) -> Alert:
        return alert_of(posting, timedelta(minutes=5), NOW)

    async def _take(self, alerts: Sequence[Alert]) -> None:
        if self.full:
            raise StoreError("disk full")
        self.taken += alerts

    def client(self) -> AbstractAsyncContextManager[httpx.AsyncClient]:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app()), base_url="http://alertd")

    async def ask(self, method: str, path: str, **options: object) -> httpx.Response:
        async with self.client() as client:
            return await client.request(method, path, **options)  # type: ignore[arg-type]
