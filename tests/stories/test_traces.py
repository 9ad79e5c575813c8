"""Stories of what causes what: every message is in the trace of the evaluation, or the posting, that led to it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alertd.core.receivers import Integration
from alertd.errors import DeliveryError
from alertd.testing import RecordedSpan
from tests.stories.world import OPS, ROUTE, World, rule

pytestmark = pytest.mark.anyio
HOOK = "ops/webhook[0]"


def above(world: World, span: RecordedSpan) -> RecordedSpan:
    (found,) = [one for one in world.tracer.spans if one.id == span.parent]
    return found


def told(world: World) -> list[RecordedSpan]:
    """The attempts that were accepted."""
    return [one for one in world.tracer.named("alertd.deliver") if one.attributes["alertd.outcome"] == "sent"]


async def test_a_message_is_caused_by_the_evaluation_that_let_its_alert_fire() -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown")
    await world.run_until("2m")
    (sent,) = told(world)
    flush = above(world, sent)
    evaluation = above(world, flush)
    assert (flush.name, evaluation.name, evaluation.parent) == ("alertd.flush group", "alertd.evaluate group", "")
    assert evaluation.attributes["alertd.transitions"] == 1
    (event,) = evaluation.events
    assert event[1]["alertd.after"] == "firing"
    assert flush.attributes["alertd.reason"] == "first notification"
    assert all(span.kept for span in (sent, flush, evaluation))
    quiet = [one for one in world.tracer.named("alertd.evaluate group") if one is not evaluation]
    assert not any(one.kept for one in quiet)
    assert [one.name for one in world.tracer.spans if one.parent == evaluation.id] == ["alertd.query", flush.name]


async def test_a_repetition_is_caused_by_time_and_linked_to_what_it_is_about() -> None:
    world = World(rule("JobDown"), route=replace(ROUTE, repeat_interval=timedelta(hours=1)))
    world.at("1m").fires("JobDown")
    await world.run_until("1h10m")
    first, again = (above(world, one) for one in told(world))
    assert again.attributes["alertd.reason"] == "repeat interval elapsed"
    assert (again.parent, again.links) == ("", (first.parent,))


async def test_of_several_causes_the_newest_is_the_parent() -> None:
    world = World(rule("JobDown"), route=replace(ROUTE, group_wait=timedelta(minutes=2)))
    world.at("1m").fires("JobDown", job="a")
    world.at("2m").fires("JobDown", job="b")
    await world.run_until("4m")
    (sent,) = told(world)
    older, newer = (one for one in world.tracer.named("alertd.evaluate group") if one.kept)
    assert above(world, sent).parent == newer.id
    assert above(world, sent).links == (older.id,)


@pytest.mark.parametrize("on_disk", [False, True])
async def test_a_message_that_waited_over_a_restart_is_still_in_its_trace(tmp_path: Path, on_disk: bool) -> None:
    world = World(rule("JobDown"), path=tmp_path / "alertd.db" if on_disk else None)
    world.at("1m").refuses(HOOK, DeliveryError("503", reason="server_error"))
    world.at("1m").fires("JobDown")
    world.at("3m").restarts()
    world.at("4m").refuses(HOOK, None)
    world.at("20m").resolves("JobDown")
    world.at("20m1s").restarts()
    await world.run_until("40m")
    first, end = told(world)
    refused = world.tracer.named("alertd.deliver")[0]
    assert (refused.error, refused.parent) == ("server_error: 503", first.parent)
    assert above(world, above(world, first)).events[0][1]["alertd.after"] == "firing"
    assert above(world, above(world, end)).events[0][1]["alertd.after"] == "resolved"
    await world.store.close()


@pytest.mark.parametrize("restarts", [False, True])
async def test_who_hears_of_an_alert_no_more_is_told_so_in_its_trace(tmp_path: Path, restarts: bool) -> None:
    both = {**OPS, "db": (Integration("db/webhook[0]", "db"),)}
    world = World(rule("JobDown"), integrations=both, path=tmp_path / "alertd.db")
    world.at("1m").fires("JobDown")
    world.at("5m").reloads(route=replace(ROUTE, receiver="db"))
    if restarts:
        world.at("5m").restarts()
    await world.run_until("10m")
    first, closed = [one for one in told(world) if one.attributes["alertd.receiver"] == "ops"]
    assert closed.attributes["alertd.reason"] == "all alerts resolved"
    assert above(world, closed) == above(world, above(world, first))
    await world.store.close()


async def test_groups_that_are_written_together_keep_their_traces() -> None:
    route = replace(ROUTE, group_by=("alertname",))
    world = World(rule("A"), rule("B"), route=route)
    world.at("1m").fires("A")
    world.at("1m").fires("B")
    await world.run_until("3m")
    flushes = [above(world, one) for one in told(world)]
    assert len({one.id for one in flushes}) == 2
    assert {one.attributes["alertd.group"] for one in flushes} == {one.group_key for one in world.heard}
    (evaluation,) = {one.parent for one in flushes}
    assert evaluation in {one.id for one in world.tracer.named("alertd.evaluate group")}


async def test_every_integration_has_its_verdict() -> None:
    both = {"ops": (*OPS["ops"], Integration("ops/email[0]", "ops", send_resolved=False))}
    world = World(rule("JobDown"), integrations=both)
    world.at("1m").fires("JobDown")
    world.at("10m").resolves("JobDown")
    await world.run_until("30m")
    *_, last = world.tracer.named("alertd.flush group")
    assert [event[1]["alertd.integration"] for event in last.events] == [HOOK, "ops/email[0]"]


async def test_a_posted_alert_is_caused_by_its_posting() -> None:
    world = World()
    await world.run_until("1s")
    with world.tracer.span("POST /api/v2/alerts") as _:
        await world.post("Posted", "5m", "0s", {})
        cause = world.tracer.here()
    await world.post("Posted", "10m", "0s", {})  # says it again: no news, and no other cause
    await world.run_until("30m")
    first, end = (above(world, one) for one in told(world))
    taken = above(world, first)
    assert (taken.name, taken.parent, taken.kept) == ("alertd.take alerts", cause, True)
    expiry = above(world, end)
    assert (expiry.name, expiry.attributes["alertd.reason"]) == ("alertd.end alerts", "expired")


async def test_what_fails_is_said() -> None:
    world = World(rule("JobDown"))
    world.at("1m").prometheus(down=True)
    await world.run_until("1m30s")
    evaluation = next(one for one in world.tracer.named("alertd.evaluate group") if one.error)
    assert evaluation.error == "RuleError: 1 rules failed: JobDown: connection refused"
    (query,) = [one for one in world.tracer.named("alertd.query") if one.parent == evaluation.id]
    assert query.error == "QueryError: connection refused"


async def test_a_disk_that_is_full_fails_evaluations_and_flushes() -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown")
    world.at("1m").do(lambda: world.break_disk(writes=2))
    await world.run_until("10m")
    failed = {one.name for one in world.tracer.spans if one.error}
    assert "alertd.evaluate group" in failed
    assert len(told(world)) == 1
