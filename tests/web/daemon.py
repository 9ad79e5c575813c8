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
from alertd.core.matchers import parse
from alertd.core.mutes import Mutes, Nothing
from alertd.core.routes import Route
from alertd.web import alertmanager, endpoints, prometheus, unknown
from alertd.web.alertmanager import Status, View
from alertd.web.look import Look

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


@dataclass
class Daemon:
    """What the API asks of the app."""

    alerts: Sequence[Alert] = ()
    mutes: Mutes = field(default_factory=Nothing)
    receivers: dict[str, Labels] = field(
        default_factory=lambda: {"default": Labels(), "b.c": Labels({"owner": "b"}), "d": Labels()}
    )

    def look(self) -> Look:
        updated = {"r": NOW - timedelta(seconds=15)}
        return Look(self.alerts, ROOT, self.receivers, self.mutes, updated, timedelta(minutes=5), NOW)

    def status(self) -> Status:
        return Status("host:9093", {"host:9093": "10.0.0.1:9093"}, NOW, VERSION, "route: {}\n")

    def app(self) -> Starlette:
        view = View(self.status, self.look)
        routes = [*prometheus.routes(Board()), *endpoints.routes(alertmanager.endpoints(view)), *unknown.routes()]
        return Starlette(routes=routes)

    def client(self) -> AbstractAsyncContextManager[httpx.AsyncClient]:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app()), base_url="http://alertd")

    async def ask(self, method: str, path: str, **options: object) -> httpx.Response:
        async with self.client() as client:
            return await client.request(method, path, **options)  # type: ignore[arg-type]
