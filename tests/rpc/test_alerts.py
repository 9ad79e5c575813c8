"""The alerts over gRPC, asked for and watched, against a real server."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from anyio import fail_after, sleep

from alertd.config.values import Grpc
from alertd.core.alerts import Alert, Posted
from alertd.core.inhibition import Inhibition
from alertd.core.labels import Labels
from alertd.core.mutes import AUDIBLE, Verdict
from alertd.core.routes import Route
from alertd.events import AlertMuted, Called, Trouble
from alertd.rpc import alerts as module
from alertd.rpc import alerts_pb2 as pb
from alertd.rpc import face as face_module
from tests.rpc.calls import Daemon, Stream, apart, names, pending, refusal, resolved
from tests.web.daemon import NOW, firing

DISK, LOAD = firing("Disk", team="x", severity="page"), firing("Load", host="a")


class Muted:
    """Mutes alerts of these names, all in one way."""

    def __init__(self, verdict: Verdict, *names: str) -> None:
        self._verdict, self._names = verdict, names

    def verdict(self, alert: Alert, _route: Route, _now: object, /) -> Verdict:
        return self._verdict if alert.name in self._names else AUDIBLE

    def concern(self, _alert: Alert, _route: Route, _now: object, /) -> bool:
        return False


SILENCED = Verdict(("s1",))


async def test_an_alert_is_all_there() -> None:
    muting = Verdict(("s1",), (Inhibition(LOAD.labels, "r"),), ("nights",), ("office",))
    async with Daemon((DISK,), Muted(muting, "Disk")).called() as client:
        (alert,) = (await client.list()).alerts
    assert alert.fingerprint == DISK.labels.fingerprint
    assert (alert.state, alert.value, alert.posted, alert.because) == (pb.STATE_FIRING, 0.0, False, "")
    assert dict(alert.labels) == {"alertname": "Disk", "team": "x", "severity": "page"}
    assert dict(alert.annotations) == {"summary": "Disk"}
    assert alert.active_at.ToJsonString() == alert.fired_at.ToJsonString() == "2026-01-01T11:59:00.500Z"
    assert not alert.HasField("resolved_at")
    assert list(alert.receivers) == ["b.c", "d"]
    found = [list(alert.muters.silenced_by), list(alert.muters.inhibited_by), list(alert.muters.muted_by)]
    assert found == [["s1"], [LOAD.labels.fingerprint], ["nights", "office"]]


async def test_pending_ones_are_there_and_those_of_others() -> None:
    posted = Alert("", Labels({"alertname": "P"}), LOAD.state, NOW, fired_at=NOW, posted=Posted(NOW, NOW), value=3.0)
    async with Daemon((pending(DISK), posted, resolved(LOAD))).called() as client:
        alerts = {alert.labels["alertname"]: alert for alert in (await client.list()).alerts}
    assert alerts.keys() == {"Disk", "P"}
    assert (alerts["Disk"].state, alerts["Disk"].HasField("fired_at")) == (pb.STATE_PENDING, False)
    assert (alerts["P"].posted, alerts["P"].value) == (True, 0.0)


async def test_one_that_fires_hides_one_that_is_pending_with_the_same_labels() -> None:
    twin = pending(firing("Disk", rule="other", team="x", severity="page"))
    async with Daemon((twin, DISK)).called() as client:
        assert [alert.state for alert in (await client.list()).alerts] == [pb.STATE_FIRING]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, {"Disk", "Load", "Soon"}),
        ({"matchers": ['team="x"']}, {"Disk"}),
        ({"matchers": ['team=""', "host=~a|b"]}, {"Load"}),
        ({"matchers": ['{host="a", alertname!="Disk"}']}, {"Load"}),
        ({"receiver": "b.."}, {"Disk"}),
        ({"receiver": "b."}, set()),
        ({"receiver_matchers": ["owner=b"]}, {"Disk"}),
        ({"states": [pb.STATE_PENDING]}, {"Soon"}),
        ({"states": [pb.STATE_FIRING]}, {"Disk", "Load"}),
        ({"active": False}, {"Disk"}),
        ({"silenced": False}, {"Load", "Soon"}),
        ({"inhibited": False, "muted": False}, {"Disk", "Load", "Soon"}),
    ],
)
async def test_filters(wanted: dict[str, object], found: set[str]) -> None:
    soon = pending(firing("Soon"))
    async with Daemon((DISK, LOAD, soon), Muted(SILENCED, "Disk")).called() as client:
        assert set(names((await client.list(filter=pb.Filter(**wanted))).alerts)) == found  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"filter": pb.Filter(matchers=["a"])}, "bad matcher"),
        ({"filter": pb.Filter(matchers=['a=~"("'])}, "("),
        ({"filter": pb.Filter(receiver="(")}, "("),
        ({"filter": pb.Filter(states=[pb.STATE_INACTIVE])}, "states may be"),
        ({"page_size": -1}, "page_size"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_advice(request_: dict[str, object], said: str) -> None:
    async with Daemon().called() as client:
        code, text = await refusal(client.list(**request_))
    assert (code, said in text) == ("INVALID_ARGUMENT", True)


async def test_pages() -> None:
    alerts = [firing("A", number=str(number)) for number in range(25)]
    seen, token, sizes = [], "", []
    async with Daemon(alerts).called() as client:
        while True:
            page = await client.list(page_size=10, page_token=token)
            seen += [alert.fingerprint for alert in page.alerts]
            sizes.append(len(page.alerts))
            token = page.next_page_token
            if not token:
                break
    assert sizes == [10, 10, 5]
    assert seen == sorted(alert.labels.fingerprint for alert in alerts)


async def test_a_page_is_never_larger_than_clients_take() -> None:
    alerts = [
        Alert("r", Labels({"alertname": "A", "n": str(n)}), DISK.state, NOW, {"text": "é" * 200_000}, fired_at=NOW)
        for n in range(40)
    ]
    async with Daemon(alerts).called() as client:
        page = await client.list(page_size=5000)
        assert len(page.alerts) < 40
        assert page.next_page_token
        assert page.ByteSize() < 2 << 20
        assert len(page.alerts[0].annotations["text"]) == 64 << 10


async def test_what_is_no_utf_8_is_no_obstacle() -> None:
    odd = firing("A\ud800", value="b\udcff")
    async with Daemon((odd,)).called() as client:
        assert names((await client.list()).alerts) == ["A?"]


async def test_a_bug_is_for_the_log_and_not_for_the_client() -> None:
    daemon = Daemon(broken=True)
    async with daemon.called() as client:
        assert await refusal(client.list()) == ("INTERNAL", "alertd could not answer; its log says why")
        assert await client.health() == "SERVING"
    (trouble,) = daemon.of(Trouble)
    assert trouble.error == "RuntimeError: a secret"


async def test_calls_are_counted() -> None:
    daemon = Daemon()
    async with daemon.called() as client:
        await client.list()
        await refusal(client.list(page_size=-1))
        await refusal(client.channel.unary_unary("/alertd.v1.Alerts/Drop")(b""))
        stream = client.watch()
        await stream.begun()
        assert client.face.active == 1
        client.face.leave()
        await stream.refused()
        with fail_after(10):
            while client.face.active:  # the client may know before the server does
                await sleep(0.01)
    assert [(one.method, one.code, one.stream) for one in daemon.of(Called)] == [
        ("/alertd.v1.Alerts/List", "OK", False),
        ("/alertd.v1.Alerts/List", "INVALID_ARGUMENT", False),
        ("", "UNIMPLEMENTED", False),
        ("/alertd.v1.Alerts/Watch", "UNAVAILABLE", True),
    ]


async def test_a_call_belongs_to_the_trace_of_who_calls() -> None:
    daemon, parent = Daemon(), f"00-{'a' * 32}-{'b' * 16}-01"
    async with daemon.called(traceparent=parent) as client:
        await client.list()
        await refusal(client.list(page_size=-1))
        client.metadata = ()
        await client.health()  # nobody wants to see each look at it
        client.metadata = (("traceparent", parent),)
        daemon.broken = True
        await refusal(client.list())
    fine, refused, failed = daemon.tracer.named("alertd.v1.Alerts/List")
    assert len(daemon.tracer.spans) == 3
    assert (fine.parent, fine.place, fine.ended) == (parent, "server", True)
    said = {"rpc.system.name": "grpc", "rpc.method": "alertd.v1.Alerts/List", "rpc.response.status_code": "OK"}
    assert fine.attributes == said
    assert (refused.attributes["rpc.response.status_code"], refused.error) == ("INVALID_ARGUMENT", "")
    assert failed.error.startswith("INTERNAL")


async def test_a_stream_begins_with_a_snapshot_and_goes_on_from_there() -> None:
    daemon = Daemon((DISK, pending(LOAD)))
    async with daemon.called() as client:
        stream = client.watch(snapshot=True)
        snapshot, ready = await stream.begun()
        assert set(names(snapshot)) == {"Disk", "Load"}
        assert ready.ready.snapshot
        daemon.move(pending(LOAD), LOAD)
        daemon.move(DISK, resolved(DISK))
        daemon.move(pending(LOAD), None)
        fires, ends, gone = [await stream.next() for _ in range(3)]
    moved = [(one.transition.before, one.transition.alert.state, one.at.ToJsonString()) for one in (fires, ends, gone)]
    at = "2026-01-01T12:00:00.500Z"
    assert moved == [
        (pb.STATE_PENDING, pb.STATE_FIRING, at),
        (pb.STATE_FIRING, pb.STATE_RESOLVED, at),
        (pb.STATE_PENDING, pb.STATE_INACTIVE, at),
    ]
    assert ends.transition.alert.resolved_at.ToJsonString() == at
    assert len({fires.cursor, ends.cursor, gone.cursor, ready.cursor}) == 4


async def test_without_a_snapshot_only_what_changes_is_told() -> None:
    daemon = Daemon((DISK,))
    async with daemon.called() as client:
        stream = client.watch()
        snapshot, ready = await stream.begun()
        assert (snapshot, ready.ready.snapshot) == ([], False)
        daemon.move(None, LOAD)
        assert (await stream.next()).transition.before == pb.STATE_INACTIVE


async def test_who_mutes_is_told_to_those_whose_receiver_it_is_about() -> None:
    daemon = Daemon()
    async with daemon.called() as client:
        stream, other = client.watch(), client.watch(filter=pb.Filter(receiver="d"))
        for one in (stream, other):
            await one.begun()
        daemon.feed.notice(AlertMuted("g", DISK.labels, SILENCED, NOW, "default"))
        daemon.feed.notice(AlertMuted("g", DISK.labels, AUDIBLE, NOW, "d"))
        first, second = [(await stream.next()).muting for _ in range(2)]
        assert (await other.next()).muting == second
    assert (first.receiver, list(first.muters.silenced_by), first.fingerprint) == (
        "default",
        ["s1"],
        DISK.labels.fingerprint,
    )
    assert (second.receiver, second.HasField("muters"), list(second.muters.silenced_by)) == ("d", True, [])


async def test_a_stream_tells_what_its_filter_wants_and_what_leaves_it() -> None:
    daemon = Daemon(mutes=Muted(SILENCED, "Disk"))
    wanted = pb.Filter(states=[pb.STATE_FIRING], silenced=False)
    async with daemon.called() as client:
        stream = client.watch(filter=wanted)
        await stream.begun()
        daemon.move(None, pending(LOAD))  # not wanted yet
        daemon.move(pending(LOAD), LOAD)
        daemon.move(pending(DISK), DISK)  # silenced
        daemon.move(DISK, resolved(DISK))  # it may have been told before the silence
        told = [(await stream.next()).transition.alert for _ in range(2)]
    assert [(alert.labels["alertname"], alert.state) for alert in told] == [
        ("Load", pb.STATE_FIRING),
        ("Disk", pb.STATE_RESOLVED),
    ]


async def test_who_comes_back_misses_nothing() -> None:
    daemon = Daemon((DISK,))
    async with daemon.called() as client:
        stream = client.watch()
        _, ready = await stream.begun()
        daemon.move(None, LOAD)
        first = await stream.next()
        stream.call.cancel()
        daemon.move(LOAD, resolved(LOAD))
        again = client.watch(after=first.cursor, snapshot=True)
        snapshot, begun = await again.begun()
        assert (snapshot, begun.ready.snapshot, begun.cursor) == ([], False, first.cursor)
        assert (await again.next()).transition.alert.state == pb.STATE_RESOLVED
        whole = client.watch(after=ready.cursor)
        await whole.begun()
        assert (await whole.next()).cursor == first.cursor


@pytest.mark.parametrize("cursor", ["x", "-", "0-0", "00000000-1", "life-99999999999999999999", "ü-²"])
async def test_a_cursor_that_nobody_knows(cursor: str) -> None:
    async with Daemon((DISK,)).called() as client:
        code, text = await client.watch(after=cursor).refused()
        assert (code, "cursor" in text) == ("OUT_OF_RANGE", True)
        snapshot, ready = await client.watch(after=cursor, snapshot=True).begun()
        assert (names(snapshot), ready.ready.snapshot) == (["Disk"], True)


async def test_a_cursor_that_is_too_old() -> None:
    daemon = Daemon()
    async with daemon.called() as client:
        _, ready = await client.watch().begun()
        life = ready.cursor.partition("-")[0]
        for _ in range(60):  # fifty are kept
            daemon.move(None, LOAD)
        assert (await client.watch(after=ready.cursor).refused())[0] == "OUT_OF_RANGE"
        assert (await client.watch(after=f"{life}-61").refused())[0] == "OUT_OF_RANGE"
        stream = client.watch(after=f"{life}-10")
        await stream.begun()
        assert [(await stream.next()).cursor for _ in range(50)][-1] == f"{life}-60"


BIG = Alert("r", Labels({"alertname": "Big"}), DISK.state, NOW, {"text": "x" * 60_000}, fired_at=NOW)


async def flood(daemon: Daemon) -> None:
    """More than a client that does not read can hold."""
    for _ in range(40):
        for _ in range(10):
            daemon.move(None, BIG)
        await asyncio.sleep(0.01)
        if not daemon.feed.watching:
            return


async def test_who_reads_too_slowly_is_cut_off_and_nobody_waits_for_it() -> None:
    daemon = Daemon(config=Grpc("127.0.0.1", 0, 64, 64, 32, max_waiting=20))
    async with daemon.called() as client:
        slow = client.watch()
        await slow.begun()
        await flood(daemon)
        assert daemon.feed.watching == 0
        code, text = await slow.refused()
        assert (code, "grpc.max_waiting" in text) == ("RESOURCE_EXHAUSTED", True)
        assert [one.code for one in daemon.of(Called)] == ["RESOURCE_EXHAUSTED"]


async def test_one_that_reads_nothing_at_all_is_dropped_and_does_not_keep_it_from_stopping(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_LAST_WORDS", 0.1)
    monkeypatch.setattr(face_module, "_GRACE", 0.2)
    daemon = Daemon(config=Grpc("127.0.0.1", 0, 64, 1, 1, max_waiting=20))
    async with daemon.running() as face, AsyncExitStack() as stack:
        for count in range(5):  # more than may be answered at once
            channel = await stack.enter_async_context(apart(face.port))
            stream = channel.unary_stream("/alertd.v1.Alerts/Watch")(b"")
            stack.callback(stream.cancel)  # and held till then
            await stream.read()
            await flood(daemon)
            async with asyncio.timeout(10):
                while len(daemon.of(Called)) == count:
                    await asyncio.sleep(0.01)
        assert {one.code for one in daemon.of(Called)} == {"RESOURCE_EXHAUSTED"}
        async with asyncio.timeout(8):
            await face.stop()


async def test_too_many_watch() -> None:
    daemon = Daemon(config=Grpc("127.0.0.1", 0, 64, 64, max_streams=2, max_waiting=10))
    async with daemon.called() as client:
        streams = [client.watch() for _ in range(2)]
        for stream in streams:
            await stream.begun()
        code, text = await client.watch().refused()
        assert (code, "grpc.max_streams" in text) == ("RESOURCE_EXHAUSTED", True)
        assert await client.health() == "SERVING"
        streams[0].call.cancel()
        async with asyncio.timeout(10):
            while daemon.feed.watching == 2:
                await asyncio.sleep(0.01)
        await client.watch().begun()


async def test_too_many_call() -> None:
    daemon = Daemon(config=Grpc("127.0.0.1", 0, 64, max_requests=1, max_streams=1, max_waiting=10))
    async with daemon.called() as client:
        for stream in (client.watch(), client.watch_health()):
            await stream.next()
        client.face._traffic.active += 1  # one that takes long
        assert (await refusal(client.list()))[0] == "RESOURCE_EXHAUSTED"
        client.face._traffic.active -= 1
        await client.list()


async def test_a_stream_ends_cleanly_when_alertd_stops() -> None:
    daemon = Daemon()
    async with daemon.called() as client:
        stream, health = client.watch(), client.watch_health()
        await stream.begun()
        await health.next()
        client.face.leave()
        assert await stream.refused() == ("UNAVAILABLE", "alertd is shutting down")
        assert (await client.watch().refused())[0] == "UNAVAILABLE"
        assert await client.health() == "NOT_SERVING"
        assert [alert.fingerprint for alert in (await client.list()).alerts] == []


async def test_a_request_that_is_too_large() -> None:
    async with Daemon().called() as client:
        code, _ = await refusal(client.list(filter=pb.Filter(matchers=["a=b"] * 20_000)))
        assert code == "RESOURCE_EXHAUSTED"


async def test_too_many_connections() -> None:
    daemon = Daemon(config=Grpc("127.0.0.1", 0, max_connections=1, max_requests=64, max_streams=32, max_waiting=10))
    async with daemon.called() as client:
        await client.list()
        reader, writer = await asyncio.open_connection("127.0.0.1", client.face.port)
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()
        await client.list()


async def test_a_deadline_is_kept() -> None:
    daemon = Daemon()
    async with daemon.called() as client:
        stream = client.watch()
        await stream.begun()
        method = client.channel.unary_stream("/alertd.v1.Alerts/Watch")
        assert (await Stream(method(b"", timeout=0.2)).refused())[0] == "DEADLINE_EXCEEDED"
        async with asyncio.timeout(10):
            while not daemon.of(Called):
                await asyncio.sleep(0.01)
    assert daemon.of(Called)[0].code in ("DEADLINE_EXCEEDED", "CANCELLED")
    assert timedelta(seconds=daemon.of(Called)[0].seconds) < timedelta(seconds=5)


async def test_the_end_is_told_in_as_many_words_whatever_is_being_written() -> None:
    for turns in range(40):  # of the loop, between the beginning of a stream and its end
        daemon = Daemon()
        async with daemon.called() as client:
            stream = client.watch()
            with fail_after(10):
                while not daemon.feed.watching:
                    await sleep(0)
            for _ in range(turns):
                await sleep(0)
            client.face.leave()
            assert await stream.refused() == ("UNAVAILABLE", "alertd is shutting down")
