"""The HTTP face over a real ASGI call: health, reload, metrics, and Prometheus' view of the rules."""

from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.applications import Starlette

from alertd.core.alerts import Alert, State
from alertd.core.board import Board
from alertd.core.changes import Change
from alertd.core.labels import Labels
from alertd.core.rules import Rule, RuleGroup
from alertd.errors import ConfigError, Problem
from alertd.web import admin, prometheus
from alertd.web.server import guarded
from tests.web.listener import Listener

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 1, 1, 12, 0, 0, 500000, tzinfo=UTC)
RULE = Rule("Down", "up == 0", "hosts.yml", "hosts", for_=timedelta(minutes=2), labels={"severity": "page"})
QUIET = Rule("Quiet", "x", "hosts.yml", "hosts")


class Daemon:
    """What the endpoints ask of the app."""

    def __init__(self) -> None:
        self.ready, self.reloads, self.counts = False, 0, True
        self.problem: ConfigError | None = None
        self.notes: tuple[Problem, ...] = ()
        self.board = Board()
        self.board.groups = (RuleGroup("hosts", "hosts.yml", (RULE, QUIET), timedelta(seconds=30)),)

    async def reload(self) -> tuple[Change | Problem, ...]:
        self.reloads += 1
        if self.problem:
            raise self.problem
        return (Change(None, RULE), *self.notes)

    async def metrics(self, names: Collection[str], accept: str) -> tuple[bytes, str] | None:
        return (f"up {len(names)}\n".encode(), f"text/plain; for={accept}") if self.counts else None


@pytest.fixture
def daemon() -> Daemon:
    return Daemon()


@pytest.fixture
async def client(daemon: Daemon) -> AsyncIterator[httpx.AsyncClient]:
    face = admin.Admin(lambda: daemon.ready, daemon.reload, daemon.metrics)
    app = Starlette(routes=[*admin.routes(face), *prometheus.routes(daemon.board)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://alertd") as one:
        yield one


async def test_healthy_is_not_ready(client: httpx.AsyncClient, daemon: Daemon) -> None:
    assert (await client.get("/-/healthy")).status_code == 200
    assert (await client.get("/-/ready")).status_code == 503
    daemon.ready = True
    assert (await client.get("/-/ready")).text == "OK"


async def test_reload(client: httpx.AsyncClient, daemon: Daemon) -> None:
    answer = await client.post("/-/reload")
    assert (answer.status_code, answer.text) == (200, '+ hosts.yml, group "hosts": Down\n')
    assert (await client.get("/-/reload")).status_code == 405
    daemon.problem = ConfigError([Problem("not a duration", "hosts.yml", 3, 7)])
    answer = await client.post("/-/reload")
    assert (answer.status_code, "hosts.yml:3:7: not a duration" in answer.text) == (500, True)
    assert daemon.reloads == 2


async def test_a_reload_that_went_well_may_have_notes(client: httpx.AsyncClient, daemon: Daemon) -> None:
    daemon.notes = (Problem("no file matches", "hosts.yml"),)
    answer = await client.post("/-/reload")
    assert (answer.status_code, answer.text.splitlines()[1]) == (200, "note: hosts.yml: no file matches")


async def test_metrics(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics", headers={"Accept": "text/x"})
    assert (answer.text, answer.headers["content-type"]) == ("up 0\n", "text/plain; for=text/x")
    assert (await client.get("/metrics?names=prometheus,vmalert&names=vmalert")).text == "up 2\n"


async def test_nothing_is_counted(client: httpx.AsyncClient, daemon: Daemon) -> None:
    daemon.counts = False
    answer = await client.get("/metrics")
    assert (answer.status_code, answer.text) == (404, "nothing is counted: telemetry.metrics.enabled is false\n")


async def test_nothing_has_been_evaluated(client: httpx.AsyncClient) -> None:
    (group,) = (await client.get("/api/v1/rules")).json()["data"]["groups"]
    assert [(rule["name"], rule["state"], rule["health"]) for rule in group["rules"]] == [
        ("Down", "unknown", "unknown"),
        ("Quiet", "unknown", "unknown"),
    ]
    assert group["lastEvaluation"] == "0001-01-01T00:00:00Z"
    assert (await client.get("/api/v1/alerts")).json() == {"status": "success", "data": {"alerts": []}}


def fire(daemon: Daemon) -> None:
    labels = Labels({"alertname": "Down", "job": "api"})
    alert = Alert(RULE.key, labels, State.FIRING, NOW, {"summary": "s"}, 12.5, fired_at=NOW, missing_since=NOW)
    daemon.board.apply(RULE.key, {labels: alert}, ())
    status = daemon.board.status(RULE.key)
    status.evaluated_at, status.seconds, status.error = NOW, 0.25, "connection refused"


async def test_a_firing_alert(client: httpx.AsyncClient, daemon: Daemon) -> None:
    fire(daemon)
    (alert,) = (await client.get("/api/v1/alerts")).json()["data"]["alerts"]
    assert alert == {
        "labels": {"alertname": "Down", "job": "api"},
        "annotations": {"summary": "s"},
        "state": "firing",
        "activeAt": "2026-01-01T12:00:00.5Z",
        "keepFiringSince": "2026-01-01T12:00:00.5Z",
        "value": "1.25e+01",
    }
    rule = (await client.get("/api/v1/rules")).json()["data"]["groups"][0]["rules"][0]
    assert (rule["state"], rule["health"], rule["lastError"]) == ("firing", "err", "connection refused")
    assert (rule["duration"], rule["type"], rule["alerts"]) == (120, "alerting", [alert])


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Down", "Quiet"]),
        ("rule_name[]=Quiet", ["Quiet"]),
        ("rule_group[]=hosts", ["Down", "Quiet"]),
        ("rule_group[]=other", []),
        ("file[]=hosts.yml&rule_name[]=Down", ["Down"]),
        ("type=record", []),
        ("type=alert", ["Down", "Quiet"]),
    ],
)
async def test_filters(client: httpx.AsyncClient, query: str, names: list[str]) -> None:
    groups = (await client.get(f"/api/v1/rules?{query}")).json()["data"]["groups"]
    assert [rule["name"] for group in groups for rule in group["rules"]] == names


async def test_alerts_can_be_left_out(client: httpx.AsyncClient, daemon: Daemon) -> None:
    fire(daemon)
    answer = await client.get("/api/v1/rules?exclude_alerts=true")
    assert answer.json()["data"]["groups"][0]["rules"][0]["alerts"] == []


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1.0, "1e+00"), (0.0, "0e+00"), (-0.15, "-1.5e-01"), (1e-7, "1e-07"), (123456789.0, "1.23456789e+08"),
     (float("nan"), "NaN"), (float("inf"), "+Inf"), (float("-inf"), "-Inf"), (1e300, "1e+300")],
)  # fmt: skip
def test_values_are_written_as_go_does(value: float, shown: str) -> None:
    assert prometheus.go_exponent(value) == shown


async def test_a_prefix(daemon: Daemon) -> None:
    face = admin.Admin(lambda: True, daemon.reload, daemon.metrics)
    app = guarded(admin.routes(face), "/alertd", Listener().settings())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://alertd") as client:
        assert (await client.get("/alertd/-/ready")).status_code == 200
        assert (await client.get("/-/ready")).status_code == 404
