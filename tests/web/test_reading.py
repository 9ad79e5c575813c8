"""The v2 API, reading: what Alertmanager 0.25 and later answer to the same questions."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from alertd.core.alerts import Alert, State
from alertd.core.mutes import AUDIBLE, Nothing, Verdict
from alertd.core.routes import Route
from alertd.web.alertmanager import original
from tests.web.daemon import NOW, Daemon, firing

pytestmark = pytest.mark.anyio


async def listed(daemon: Daemon, query: str = "") -> list[str]:
    answer = await daemon.ask("GET", f"/api/v2/alerts?{query}")
    assert answer.status_code == 200, answer.text
    return [alert["labels"]["alertname"] for alert in answer.json()]


async def grouped(daemon: Daemon, query: str = "") -> list[tuple[str, dict[str, str], list[str]]]:
    answer = await daemon.ask("GET", f"/api/v2/alerts/groups?{query}")
    assert answer.status_code == 200, answer.text
    return [
        (group["receiver"]["name"], group["labels"], [alert["labels"]["alertname"] for alert in group["alerts"]])
        for group in answer.json()
    ]


async def test_status() -> None:
    page = (await Daemon().ask("GET", "/api/v2/status")).json()
    assert page["cluster"] == {
        "name": "host:9093",
        "status": "ready",
        "peers": [{"name": "host:9093", "address": "10.0.0.1:9093"}],
    }
    assert page["config"] == {"original": "route: {}\n"}
    assert page["uptime"] == "2026-01-01T12:00:00.500Z"
    assert set(page["versionInfo"]) == {"version", "revision", "branch", "buildUser", "buildDate", "goVersion"}


async def test_receivers() -> None:
    daemon = Daemon()
    page = (await daemon.ask("GET", "/api/v2/receivers")).json()
    assert page == [{"name": "default"}, {"name": "b.c", "labels": {"owner": "b"}}, {"name": "d"}]
    page = (await daemon.ask("GET", '/api/v2/receivers?receiver_matchers=owner="b"')).json()
    assert [one["name"] for one in page] == ["b.c"]


async def test_an_alert_is_shown_whole() -> None:
    daemon = Daemon([replace(firing("A", team="x"), generator_url="http://prometheus/")])
    (page,) = (await daemon.ask("GET", "/api/v2/alerts")).json()
    assert page == {
        "annotations": {"summary": "A"},
        "endsAt": "2026-01-01T12:05:00.500Z",
        "fingerprint": "a0de7763374450e2",  # as Alertmanager 0.25 computed it
        "receivers": [{"name": "b.c"}, {"name": "d"}],
        "startsAt": "2026-01-01T11:59:00.500Z",
        "status": {"inhibitedBy": [], "mutedBy": [], "silencedBy": [], "state": "active"},
        "updatedAt": "2026-01-01T11:59:45.500Z",
        "labels": {"alertname": "A", "team": "x"},
        "generatorURL": "http://prometheus/",
    }


async def test_only_what_fires_is_listed_once_and_by_fingerprint() -> None:
    pending = replace(firing("Pending"), state=State.PENDING, fired_at=None)
    ended = replace(firing("Ended"), state=State.RESOLVED, resolved_at=NOW)
    alerts = [firing("B"), firing("A", team="x"), firing("B", rule="other"), pending, ended]
    assert await listed(Daemon(alerts)) == ["A", "B"]  # a0de… before d2c2…
    assert await listed(Daemon(list(reversed(alerts)))) == ["A", "B"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ('filter=team="x"', ["A"]),
        ("filter=team=x", ["A"]),
        ('filter=team=""', ["B"]),
        ('filter=alertname=~"A|B"&filter=team!="x"', ["B"]),
        ('filter=alertname=~"."', ["A", "B"]),
        ('filter=alertname=~""', []),  # the whole value, not a part of it
        ("receiver=b", []),
        ("receiver=b.c", ["A"]),
        ("receiver=default|d", ["A", "B"]),
        ("receiver=", ["A", "B"]),
        ('receiver_matchers=owner="b"', ["A"]),
        ("active=false", []),
        ("active=foo", []),
        ("active=", ["A", "B"]),
        ("active=YES", ["A", "B"]),
        ("silenced=false&inhibited=false&muted=false&unprocessed=false&unknown=1", ["A", "B"]),
    ],
)
async def test_filters(query: str, names: list[str]) -> None:
    daemon = Daemon([firing("A", team="x"), firing("B")])
    assert await listed(daemon, query) == names
    assert sorted({name for _, _, some in await grouped(daemon, query) for name in some}) == names


@pytest.mark.parametrize(
    "query",
    ["filter=foo", "filter=", 'filter=a=~"("', 'filter={a="b"}', 'filter=a="b",c="d"', "receiver=(",
     "receiver_matchers=x", "filter=%ff", "filter==x", 'filter=a=~"[[:foo:]]"'],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/api/v2/alerts", "/api/v2/alerts/groups", "/api/v2/receivers"])
async def test_bad_filters_are_refused_with_a_sentence(path: str, query: str) -> None:
    answer = await Daemon([firing("A")]).ask("GET", f"{path}?{query}")
    assert answer.status_code == 400
    assert isinstance(answer.json(), str)
    assert answer.headers["content-type"] == "application/json"


async def test_groups_are_those_of_the_routes() -> None:
    daemon = Daemon([firing("B"), firing("A", team="x"), firing("A", team="x", zone="z"), firing("C", team="x")])
    assert await grouped(daemon) == [
        ("d", {}, ["A", "A", "C"]),
        ("b.c", {"alertname": "A"}, ["A", "A"]),
        ("default", {"alertname": "B"}, ["B"]),
        ("b.c", {"alertname": "C"}, ["C"]),
    ]
    assert await grouped(daemon, "receiver=b.c&filter=zone=z") == [("b.c", {"alertname": "A"}, ["A"])]
    page: list[dict[str, Any]] = (await daemon.ask("GET", "/api/v2/alerts/groups?receiver=d")).json()
    assert page[0]["routeLabels"] == {"tier": "1"}


class AtNight(Nothing):
    """Mutes everything that goes to one receiver."""

    def verdict(self, _alert: Alert, route: Route, _now: datetime) -> Verdict:
        return Verdict(muted_by=("nights",)) if route.receiver == "d" else AUDIBLE


async def test_muted_on_one_route_only() -> None:
    daemon = Daemon([firing("A", team="x"), firing("B")], AtNight())
    groups = (await daemon.ask("GET", "/api/v2/alerts/groups")).json()
    statuses = {group["receiver"]["name"]: group["alerts"][0]["status"] for group in groups}
    assert statuses["d"] == {"inhibitedBy": [], "mutedBy": ["nights"], "silencedBy": [], "state": "suppressed"}
    assert statuses["b.c"]["state"] == "active"
    assert [name for name, _, _ in await grouped(daemon, "muted=false")] == ["b.c", "default"]
    assert [name for name, _, _ in await grouped(daemon, "active=false")] == ["d"]
    assert await listed(daemon, "muted=false") == ["A", "B"]  # it is told somewhere


async def test_a_text_that_is_no_text() -> None:
    daemon = Daemon([replace(firing("A"), annotations={"x": "\ud800"})])
    (page,) = (await daemon.ask("GET", "/api/v2/alerts")).json()
    assert page["annotations"] == {"x": "\ud800"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", "/api/v2/status", 405),
        ("PUT", "/api/v2/alerts", 405),
        ("OPTIONS", "/api/v2/alerts", 405),
        ("GET", "/api/v2/foo", 404),
        ("POST", "/api/v2/", 404),
    ],
)
async def test_what_cannot_be_asked(method: str, path: str, status: int) -> None:
    answer = await Daemon().ask(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, status)
    assert ("GET" in answer.headers.get("allow", "")) == (status == 405)
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/v1/alerts"), ("GET", "/api/v1/silences"), ("GET", "/api/v1/status"), ("DELETE", "/api/v1/rules")],
)
async def test_alertmanagers_first_api_is_gone(method: str, path: str) -> None:
    answer = await Daemon().ask(method, path)
    assert (answer.status_code, answer.json()["status"]) == (410, "deprecated")


async def test_prometheus_own_v1_stays() -> None:
    assert (await Daemon().ask("GET", "/api/v1/rules")).status_code == 200
    assert (await Daemon().ask("GET", "/api/v1/alerts")).status_code == 200


async def test_elsewhere_is_nothing() -> None:
    assert (await Daemon().ask("GET", "/nope")).status_code == 404


async def test_an_alert_that_was_not_seen_since_the_start() -> None:
    alert = firing("A", rule="gone")
    (page,) = (await Daemon([alert]).ask("GET", "/api/v2/alerts")).json()
    assert page["updatedAt"] == page["startsAt"]
    assert page["endsAt"] > page["updatedAt"]
    assert NOW - alert.active_at == timedelta(minutes=1)


def test_amtool_reads_the_configuration() -> None:
    config = "prometheus:\n- url: http://a\n  timeout: 1s\nroute:\n  receiver: x\nlog:\n  level: info\n"
    assert original(config) == (
        "# prometheus:\n# - url: http://a\n#   timeout: 1s\nroute:\n  receiver: x\n# log:\n#   level: info\n"
    )
    assert original("") == ""


def test_a_hidden_url_looks_like_one() -> None:
    config = """\
receivers:
- name: a
  webhook_configs:
  - url: <secret>
    secret: <secret>
  slack_configs:
  - channel: '#x'
    api_url: ${SLACK_URL}
heartbeat:
  url: <secret>
"""
    assert original(config).splitlines()[3:8] == [
        "  - url: http://<secret>",
        "    secret: <secret>",
        "  slack_configs:",
        "  - channel: '#x'",
        "    api_url: http://<secret>  # ${SLACK_URL}",
    ]
    assert original(config).splitlines()[9] == "#   url: <secret>"
