"""`grpc.health.v1`, asked by the library's own client."""

import asyncio

import pytest

from alertd.config.values import Grpc
from alertd.errors import ConfigError
from alertd.events import HealthTold
from alertd.rpc import face as module
from tests.rpc.calls import Daemon, refusal, status


async def test_it_serves_only_while_alertd_does_its_work() -> None:
    daemon = Daemon()
    async with daemon.called() as client:
        watch = client.watch_health("alertd.v1.Alerts")
        assert status(await watch.next()) == "SERVING"
        daemon.ailments = ("not evaluated in time: disk",)
        await client.face.step()
        assert status(await watch.next()) == "NOT_SERVING"
        assert [await client.health(name) for name in ("", "alertd.v1.Alerts")] == ["NOT_SERVING"] * 2
        await client.face.step()
        daemon.ailments = ()
        await client.face.step()
        assert status(await watch.next()) == "SERVING"
        assert await client.health() == "SERVING"
    assert [event.ailments for event in daemon.of(HealthTold)] == [("not evaluated in time: disk",), ()]


async def test_a_state_that_nobody_can_read_is_no_health(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.05)
    daemon = Daemon()
    async with daemon.called() as client:
        daemon.hangs = True
        await client.face.step()
        assert await client.health() == "NOT_SERVING"
    assert [event.ailments for event in daemon.of(HealthTold)] == [("the state is not read in time",)]


async def test_a_service_that_is_none() -> None:
    async with Daemon().called() as client:
        code, text = await refusal(client.health("other"))
        assert (code, text) == ("NOT_FOUND", "there is no service 'other'")
        assert status(await client.watch_health("other").next()) == "SERVICE_UNKNOWN"


async def test_it_does_not_serve_any_more_before_it_stops() -> None:
    async with Daemon().called() as client:
        watch = client.watch_health()
        await watch.next()
        client.face.leave()
        assert status(await watch.next()) == "NOT_SERVING"
        await client.face.step()  # that nothing ails it changes nothing now
        assert await client.health() == "NOT_SERVING"
        async with asyncio.timeout(2):
            stopping = asyncio.ensure_future(client.face.stop())
            assert await watch.refused() == ("UNAVAILABLE", "alertd is shutting down")
            await stopping


async def test_too_many_wait_for_news() -> None:
    daemon = Daemon(config=Grpc("127.0.0.1", 0, 64, 64, max_streams=1, max_waiting=10))
    async with daemon.called() as client:
        watch = client.watch_health()
        await watch.next()
        code, text = await client.watch_health().refused()
        assert (code, "grpc.max_streams" in text) == ("RESOURCE_EXHAUSTED", True)
        assert await client.health() == "SERVING"


async def test_one_that_does_not_read_holds_up_nobody() -> None:
    daemon = Daemon()
    async with daemon.called() as client:
        deaf = client.channel.unary_stream("/grpc.health.v1.Health/Watch")(b"")
        await deaf.read()
        watch = client.watch_health()
        await watch.next()
        for count in range(200):
            daemon.ailments = ("x",) * (count % 2)
            await client.face.step()
        daemon.ailments = ("x",)
        await client.face.step()
        async with asyncio.timeout(10):
            while status(await watch.next()) != "NOT_SERVING":
                pass
        deaf.cancel()


async def test_the_address_is_taken() -> None:
    async with Daemon().running() as face:
        other = Daemon(config=Grpc("127.0.0.1", face.port, 64, 64, 32, 10))
        with pytest.raises(ConfigError) as caught:
            async with other.running():
                pass
    assert str(caught.value) == (
        f"grpc: cannot listen on 127.0.0.1:{face.port}: Address already in use (grpc.listen names the address)"
    )
