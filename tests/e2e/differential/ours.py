"""alertd in this process: its loader, engine and datasource, and its own API to show the alerts."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from alertd.clock import SystemClock
from alertd.config.http import HttpConfig
from alertd.config.rules import RuleDefaults, load_rules
from alertd.core.labels import Labels
from alertd.core.routes import Route
from alertd.datasources.prometheus import PrometheusDatasource
from alertd.engine.asking import Sources
from alertd.engine.engine import Engine, Plan
from alertd.engine.routing import Routing
from alertd.store.memory import MemoryStore
from alertd.testing import ManualClock, RecordingObserver
from alertd.web.prometheus import routes
from tests.e2e.differential.theirs import EXTERNAL_LABELS, EXTERNAL_URL, Group


class Alertd:
    """The rules of a folder, evaluated against a Prometheus whenever the test says so."""

    def __init__(self, folder: Path, url: str) -> None:
        self.rules = load_rules(["*.yml"], RuleDefaults(), folder)
        self.observer = RecordingObserver()
        self._datasource = PrometheusDatasource(name="", url=url, clock=SystemClock(), http=HttpConfig())
        self._clock = ManualClock(datetime.now(UTC))
        self._engine = Engine(self._plan(), MemoryStore(), self.observer, self._clock)
        self._groups = {(group.file, group.name): group for group in self.rules.groups}
        transport = httpx.ASGITransport(app=Starlette(routes=routes(self._engine.board)))
        self._api = httpx.AsyncClient(transport=transport, base_url="http://alertd")

    def _plan(self) -> Plan:
        return Plan(
            groups=self.rules.groups,
            sources=Sources({"": self._datasource}),
            routing=Routing(Route("{}", "nobody"), {}, EXTERNAL_URL),
            notifiers={},
            external_labels=Labels(EXTERNAL_LABELS),
        )

    async def start(self) -> None:
        await self._engine.restore()

    async def step(self, group: Group, at: datetime) -> None:
        """Evaluate the group as of this instant."""
        self._clock.set(max(at, self._clock.now()))
        await self._engine.evaluator.step(self._groups[group], at)

    async def shown(self, group: Group) -> dict[str, Any]:
        """The group as the API shows it."""
        reply = await self._api.get("/api/v1/rules", params={"file[]": group[0], "rule_group[]": group[1]})
        (found,) = reply.json()["data"]["groups"]
        return dict(found)

    async def close(self) -> None:
        await self._api.aclose()
        await self._datasource.aclose()
