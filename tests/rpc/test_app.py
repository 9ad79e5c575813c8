"""gRPC in the whole daemon: tied to its health, fed by its engine, and gone with it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from alertd.app import App
from alertd.clock import SystemClock
from alertd.config import load, reload
from alertd.config.telemetry import Telemetry
from alertd.config.values import Overrides
from alertd.core.alerts import Alert, Posted, State
from alertd.core.labels import Labels
from alertd.core.matchers import Matcher
from alertd.core.posted import RULE
from alertd.core.silences import Silence
from alertd.errors import ConfigError, StoreError
from alertd.events import Trouble
from alertd.rpc import alerts_pb2 as pb
from alertd.rpc import face as module
from alertd.store.memory import MemoryStore
from alertd.telemetry import vitals
from alertd.testing import RecordingObserver, RecordingTracer
from alertd.web.server import bind
from tests.rpc.calls import Client, clear, status
from tests.test_app import hang

CONFIG = """
storage: {url: memory}
grpc: {listen: '127.0.0.1:0'}
route: {receiver: team, group_wait: 0s, group_interval: 100ms}
receivers: [{name: team, stdout_configs: [{}]}]
"""
RULES = "groups: [{name: g, interval: 100ms, rules: [{alert: A, expr: up}]}]"


class Store(MemoryStore):
    """`broken`: the disk is."""

    broken = False

    async def counts(self) -> dict[str, int]:
        if self.broken:
            raise StoreError("the disk is gone")
        return dict(await super().counts())


class Tracer(RecordingTracer):
    """One that has an outside, as the app wants it."""

    def follow(self, config: Telemetry) -> None:
        pass

    def counts(self) -> dict[str, int]:
        return {}

    def close(self, seconds: float) -> None:
        pass


class Living:
    """A daemon that runs, and what was seen of it."""

    def __init__(self, path: Path) -> None:
        self.observer, self.tracer, self.store = RecordingObserver(), Tracer(), Store()
        again = partial(reload, path, Overrides())
        self.app = App(load(path), again, self.store, self.observer, SystemClock(), self.tracer)
        self.stop = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Client]:
        started = asyncio.Event()
        task = asyncio.ensure_future(self.app.run(bind("127.0.0.1", 0), self.stop, lambda _: started.set()))
        await asyncio.wait_for(started.wait(), 10)
        assert self.app.rpc is not None
        async with clear(self.app.rpc.port) as channel:
            client = Client(channel, self.app.rpc)
            try:
                yield client
            finally:
                client.hang_up()
                self.stop.set()
                await asyncio.wait_for(task, 10)

    def alert(self, name: str, **labels: str) -> Alert:
        now = SystemClock().now()
        posted = Posted(now + timedelta(hours=1), now)
        return Alert(RULE, Labels({"alertname": name, **labels}), State.FIRING, now, fired_at=now, posted=posted)


@pytest.fixture
async def living(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Living:
    monkeypatch.setattr(module, "_EVERY", timedelta(milliseconds=20))
    (tmp_path / "config.yaml").write_text(CONFIG)
    return Living(tmp_path / "config.yaml")


async def test_what_happens_in_the_engine_is_told(living: Living) -> None:
    async with living.running() as client:
        stream = client.watch(snapshot=True)
        assert (await stream.begun())[0] == []
        alert = living.alert("Posted", host="a")
        await living.app.engine.intake.post([alert])
        assert (await stream.next()).transition.alert.labels["host"] == "a"
        now = SystemClock().now()
        silence = Silence("", (Matcher("host", "=", "a"),), now, now + timedelta(hours=1), now, "ann", "why")
        made = await living.app.engine.silencer.put(silence)
        muting = (await stream.next()).muting
        assert (list(muting.muters.silenced_by), muting.receiver) == ([made.id], "team")
        assert (await client.list(filter=pb.Filter(silenced=False))).alerts == []
        (shown,) = (await client.list()).alerts
        assert list(shown.muters.silenced_by) == [made.id]
        assert list(shown.receivers) == ["team"]


async def test_health_is_that_of_the_daemon(living: Living) -> None:
    async with living.running() as client:
        watch = client.watch_health()
        while status(await watch.next()) != "SERVING":
            pass
        living.store.broken = True
        assert status(await watch.next()) == "NOT_SERVING"
        living.store.broken = False
        assert status(await watch.next()) == "SERVING"
        living.stop.set()
        assert status(await watch.next()) == "NOT_SERVING"
        assert (await watch.refused())[0] == "UNAVAILABLE"


async def test_evaluations_that_are_late_are_no_health(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_EVERY", timedelta(milliseconds=20))
    monkeypatch.setattr(vitals, "_LENIENCE", timedelta(milliseconds=500))
    monkeypatch.setattr("alertd.app._SOON", 0.1)
    monkeypatch.setattr("alertd.app._GRACE", 0.1)
    server = await asyncio.start_server(hang, "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    config = f'prometheus: {{url: "http://127.0.0.1:{port}", timeout: 60s}}\nrule_files: [rules.yml]\n{CONFIG}'
    (tmp_path / "config.yaml").write_text(config)
    (tmp_path / "rules.yml").write_text(RULES)
    async with Living(tmp_path / "config.yaml").running() as client:
        watch = client.watch_health()
        while status(await watch.next()) != "SERVING":
            pass
        assert status(await watch.next()) == "NOT_SERVING"
    server.close()
    await server.wait_closed()


async def test_it_stops_with_a_stream_open(living: Living) -> None:
    async with living.running() as client:
        stream = client.watch()
        await stream.begun()
        living.stop.set()
        assert await stream.refused() == ("UNAVAILABLE", "alertd is shutting down")


async def test_traces_and_metrics(living: Living) -> None:
    parent = f"00-{'a' * 32}-{'b' * 16}-01"
    async with living.running() as client:
        client.metadata = (("traceparent", parent),)
        await client.list()
        page, _ = living.app._meters.page((), "") or (b"", "")
    (span,) = living.tracer.named("alertd.v1.Alerts/List")
    assert span.parent == parent
    assert b'alertd_grpc_requests_total{code="OK",method="/alertd.v1.Alerts/List"} 1.0' in page


async def test_another_address_takes_a_restart(living: Living, tmp_path: Path) -> None:
    async with living.running() as client:
        (tmp_path / "config.yaml").write_text(CONFIG.replace("0'}", "1'}"))
        await living.app.reload()
        assert await client.list()
    troubles = [event for event in living.observer.events if isinstance(event, Trouble)]
    assert [(one.where, one.error) for one in troubles] == [
        ("gRPC goes on as alertd was started", "a restart is needed")
    ]


async def test_an_address_that_is_taken_is_said_before_anything_begins(tmp_path: Path) -> None:
    with bind("127.0.0.1", 0) as other:
        (tmp_path / "config.yaml").write_text(CONFIG.replace(":0'}", f":{other.getsockname()[1]}'}}"))
        living = Living(tmp_path / "config.yaml")
        listener = bind("127.0.0.1", 0)
        with pytest.raises(ConfigError, match="Address already in use"):
            await living.app.run(listener, living.stop, lambda _: None)
        listener.close()
