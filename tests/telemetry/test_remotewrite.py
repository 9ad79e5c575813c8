"""The states of alerts as series, and their way to a server that answers, refuses, hangs, or is not there."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from alertd.clock import SystemClock
from alertd.config.metering import RemoteWriteEntry
from alertd.core.alerts import Alert, State
from alertd.core.labels import Labels
from alertd.core.rules import Rule, RuleGroup
from alertd.events import GroupEvaluated, Reloaded, SamplesWritten
from alertd.telemetry import remotewrite
from alertd.telemetry.remotewrite import Queue, RemoteWrite, Request
from alertd.telemetry.series import Spoken, request, snappy
from alertd.testing import ManualClock
from tests.servers import answer, http_server, silence

from .received import STALE, Point, points, unsnapped

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
RULE = Rule("JobDown", "up == 0", "rules/jobs.yml", "jobs")
GROUP = RuleGroup("jobs", "rules/jobs.yml", (RULE,), query_offset=timedelta(seconds=30))
PENDING = Alert(RULE.key, Labels({"alertname": "JobDown", "zone": "ä"}), State.PENDING, NOON)
FIRING = replace(PENDING, state=State.FIRING, fired_at=NOON)


def series(name: str, **labels: str) -> dict[str, str]:
    return {"__name__": name, "alertname": "JobDown", "zone": "ä", **labels}


def spoken(one: Spoken, *alerts: Alert) -> list[tuple[dict[str, str], Any]]:
    found = points(snappy(request(one.of(RULE.key, alerts), NOON)))
    assert {point.at for point in found} <= {1793534400000}
    return [(point.labels, point.value) for point in found]


def test_the_life_of_an_alert() -> None:
    one = Spoken({})
    since = (series("ALERTS_FOR_STATE"), NOON.timestamp())
    pending, firing = (series("ALERTS", alertstate=state) for state in ("pending", "firing"))
    assert spoken(one, PENDING) == [(pending, 1), since]
    assert spoken(one, PENDING) == [(pending, 1), since]
    assert spoken(one, FIRING) == [(firing, 1), since, (pending, STALE)]
    assert one.knows(RULE.key)
    assert spoken(one) == [(firing, STALE), (series("ALERTS_FOR_STATE"), STALE)]
    assert not one.knows(RULE.key)


def test_labels_of_the_configuration_are_there_unless_the_alert_has_them() -> None:
    one = Spoken({"replica": "a", "zone": "b"})
    assert spoken(one, FIRING)[1][0] == series("ALERTS_FOR_STATE", replica="a")


def test_what_cannot_be_encoded_does_no_harm() -> None:
    alert = replace(FIRING, labels=Labels({"alertname": "x\ud800\x00"}))
    assert spoken(Spoken({}), alert)[0][0]["alertname"] == "x?\x00"


@pytest.mark.parametrize("size", [1, 60, 61, 256, 70_000])
def test_snappy(size: int) -> None:
    body = bytes(range(256)) * (size // 256 + 1)
    assert unsnapped(snappy(body[:size])) == body[:size]


def writing(
    alerts: dict[str, Sequence[Alert]], url: str = "http://127.0.0.1:1/", clock: Any = None, rules: Any = (RULE.key,)
) -> tuple[RemoteWrite, list[SamplesWritten]]:
    events: list[SamplesWritten] = []
    config = RemoteWriteEntry(url=url, timeout=timedelta(seconds=0.3))
    alive = lambda rule: alerts.get(rule, ())  # noqa: E731
    return RemoteWrite(config, alive, lambda: rules, events.append, clock or ManualClock(NOON)), events


def taken(one: RemoteWrite) -> list[Point]:
    found: list[Point] = []
    while waiting := one._queue.take():
        found += points(waiting.body)
        assert len(points(waiting.body)) == waiting.samples
    return found


async def test_a_group_is_spoken_of_at_the_instant_it_asked_for() -> None:
    one, _ = writing({RULE.key: [FIRING]})
    one.notice(GroupEvaluated(GROUP, NOON, 0.1, timedelta(0)))
    await one.step()
    assert one.pending == 2
    assert {point.at for point in taken(one)} == {round((NOON.timestamp() - 30) * 1000)}


async def test_quiet_rules_say_nothing() -> None:
    one, _ = writing({})
    one.notice(GroupEvaluated(GROUP, NOON, 0.1, timedelta(0)))
    await one.step()
    assert one.pending == 0


async def test_rules_that_are_gone_end_with_a_reload() -> None:
    one, _ = writing({RULE.key: [FIRING]}, rules=())
    one.notice(GroupEvaluated(GROUP, NOON, 0.1, timedelta(0)))
    await one.step()
    taken(one)
    one.notice(Reloaded(NOON, 0))
    await one.step()
    assert [point.value for point in taken(one)] == [STALE, STALE]
    await one.step()
    assert taken(one) == []


async def test_many_alerts_are_several_requests() -> None:
    alerts = [replace(FIRING, labels=Labels({"alertname": "JobDown", "n": str(number)})) for number in range(1500)]
    one, _ = writing({RULE.key: alerts})
    one.notice(GroupEvaluated(GROUP, NOON, 0.1, timedelta(0)))
    await one.step()
    assert len(one._queue._waiting) == 2
    assert len(taken(one)) == 3000


def test_the_oldest_are_dropped_when_too_many_wait() -> None:
    events: list[SamplesWritten] = []
    queue = Queue(events.append, room=100)
    for number in range(5):
        queue.put(Request(bytes([number]) * 40, 3))
    assert [one.samples for one in events] == [3, 3, 3]
    assert {one.result for one in events} == {"dropped"}
    assert queue.samples == 6
    oldest = queue.take()
    assert oldest
    assert oldest.body[0] == 3
    queue.give_back(oldest)
    assert queue.take() is oldest


Until = Callable[[], bool]


async def sent(one: RemoteWrite, over: Until, *bodies: Request) -> asyncio.Future[None]:
    """Send these until it is over; the sending, which is about to end."""
    for body in bodies:
        one._queue.put(body)
    task = asyncio.ensure_future(one.send())
    try:
        async with asyncio.timeout(10):
            while not over():
                await asyncio.wait([task], timeout=0.005)
                assert not task.done()
    finally:
        task.cancel()
    return task


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remotewrite, "_FIRST_PAUSE", timedelta(milliseconds=5))


FIRST, SECOND = Request(b"first", 1), Request(b"second", 2)


async def test_a_request_has_the_headers_of_the_protocol() -> None:
    async with http_server() as server:
        server.otherwise = answer(204, b"")
        one, events = writing({}, server.url, SystemClock())
        await sent(one, lambda: bool(events), FIRST)
        await one.aclose()
    assert events == [SamplesWritten(1, "accepted")]
    (got,) = server.requests
    assert (got.method, got.body) == ("POST", b"first")
    assert got.headers["content-encoding"] == "snappy"
    assert got.headers["content-type"] == "application/x-protobuf"
    assert got.headers["x-prometheus-remote-write-version"] == "0.1.0"


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("status", [429, 500, 503])
async def test_what_may_go_well_later_is_tried_again_in_order(status: int) -> None:
    async with http_server() as server:
        server.script = [answer(status, b"not now"), answer(status, b"not now")]
        one, events = writing({}, server.url, SystemClock())
        await sent(one, lambda: len(server.requests) == 4 and one.pending == 0, FIRST, SECOND)
        await one.aclose()
    assert [got.body for got in server.requests] == [b"first", b"first", b"first", b"second"]
    assert [event.result for event in events[:3]] == ["retried", "retried", "accepted"]
    assert events[0].error == f"the answer has the status {status}: not now"


async def test_at_the_end_what_waits_is_sent_as_long_as_it_is_taken() -> None:
    async with http_server() as server:
        server.script = [silence, answer(204), answer(503)]
        one, _ = writing({}, server.url, SystemClock())
        task = await sent(one, lambda: bool(server.requests), FIRST, SECOND)
        await asyncio.wait([task])
        await one.finish()
        assert one.pending == SECOND.samples
        await one.aclose()
    assert [got.body for got in server.requests] == [b"first", b"first", b"second"]


async def test_what_is_refused_is_not_tried_again() -> None:
    async with http_server() as server:
        server.script = [answer(400, b"out of order sample")]
        one, events = writing({}, server.url, SystemClock())
        await sent(one, lambda: len(events) == 2, FIRST, SECOND)
        await one.aclose()
    assert [event.result for event in events] == ["refused", "accepted"]


@pytest.mark.usefixtures("hasty")
async def test_a_server_that_says_how_long_to_wait_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async with http_server() as server:
        server.script = [answer(503, b"", Retry_After="1")]
        clock = SystemClock()
        one, _ = writing({}, server.url, clock)
        begun = clock.elapsed()
        await sent(one, lambda: len(server.requests) == 2, FIRST)
        await one.aclose()
    assert clock.elapsed() - begun >= 1


@pytest.mark.usefixtures("hasty")
async def test_a_server_that_hangs_or_is_not_there_is_tried_again() -> None:
    async with http_server() as server:
        server.script = [silence]
        one, events = writing({}, server.url, SystemClock())
        await sent(one, lambda: len(events) == 2, FIRST)
        await one.aclose()
    assert events == [SamplesWritten(1, "retried", "no complete answer within 0.3 s"), SamplesWritten(1, "accepted")]
    nobody, events = writing({}, server.url, SystemClock())
    await sent(nobody, lambda: len(events) == 2, FIRST)
    assert {event.result for event in events} == {"retried"}
    assert one.pending == 0


def test_the_section() -> None:
    entry = RemoteWriteEntry.model_validate(
        {"url": "http://p/api/v1/write", "headers": {"X-Scope-OrgID": "team"}, "labels": {"replica": "a"}}
    )
    assert "team" not in repr(entry)
    with pytest.raises(ValidationError, match="http_config"):
        RemoteWriteEntry.model_validate({"url": "http://me:secret@p/"})
