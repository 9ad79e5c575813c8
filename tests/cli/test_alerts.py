"""`alertd alerts` says the same over HTTP and over gRPC."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from alertd.cli import cli
from alertd.core.alerts import Alert
from alertd.core.instants import rfc3339
from alertd.web.prometheus import go_exponent
from tests.cli.test_silence import Server
from tests.rpc.calls import Daemon, pending
from tests.web.daemon import Daemon as Web
from tests.web.daemon import firing

pytestmark = pytest.mark.anyio

FIRING = firing("Disk", zone="z", host="a", severity="page", app="x")
DISK = replace(FIRING, active_at=FIRING.active_at - timedelta(minutes=5), value=0.1)
LOAD = pending(firing("Load", host="b", env="e"))


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    yield one
    one.close()


def as_prometheus(alert: Alert) -> Mapping[str, Any]:
    return {
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "state": str(alert.state),
        "activeAt": rfc3339(alert.active_at),
        "value": go_exponent(alert.value),
    }


async def over_http(server: Server, alerts: Sequence[Alert], *flags: str) -> str:
    told = (await Web([one for one in alerts if one.firing]).ask("GET", "/api/v2/alerts")).json()
    server.answers["GET /api/v2/alerts"] = (200, told)
    shown = {"alerts": list(map(as_prometheus, alerts))}
    server.answers["GET /api/v1/alerts"] = (200, {"status": "success", "data": shown})
    return CliRunner().invoke(cli, ["alerts", "--url", server.url, *flags]).output


async def over_grpc(alerts: Sequence[Alert], *flags: str) -> str:
    async with Daemon(alerts).running() as face:
        argv = ["alerts", "--grpc", f"127.0.0.1:{face.port}", *flags]
        return (await asyncio.to_thread(CliRunner().invoke, cli, argv)).output


@pytest.mark.parametrize("flags", [(), ("-o", "json"), ("--state", "pending")])
async def test_both_ways_give_the_same(server: Server, flags: Sequence[str]) -> None:
    alerts = (DISK, LOAD)
    assert await over_grpc(alerts, *flags) == await over_http(server, alerts, *flags)


async def test_since_is_when_a_firing_alert_fired_and_a_pending_one_began(server: Server) -> None:
    _, fires, waits = (await over_http(server, (DISK, LOAD))).splitlines()
    assert fires.split()[3:] == ["2026-01-01T11:59:00Z", "0.1", "-", "app=x", "host=a", "zone=z"]
    assert waits.split()[3] == "2026-01-01T11:59:00Z"
    one, other = json.loads(await over_http(server, (DISK, LOAD), "-o", "json"))
    assert (one["activeAt"], one["firedAt"]) == ("2026-01-01T11:54:00.5Z", "2026-01-01T11:59:00.5Z")
    assert "firedAt" not in other
    assert [one["fingerprint"], other["fingerprint"]] == [DISK.labels.fingerprint, LOAD.labels.fingerprint]


async def test_what_was_asked_for_is_what_is_not_there(server: Server) -> None:
    assert await over_http(server, (DISK,), "--state", "pending") == "no alerts are pending\n"
    assert await over_http(server, (LOAD,), "--state", "firing") == "no alerts are firing\n"
    assert await over_http(server, ()) == "no alerts are pending or firing\n"
