"""Stories of two things at once: what happens while a decision is written, a message is sent, a reload comes."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from anyio.lowlevel import checkpoint

from alertd.core.delivery import Delivery, Outcome
from alertd.core.labels import Labels
from alertd.core.matchers import Matcher
from alertd.core.mutes import AUDIBLE, Verdict
from alertd.core.notification import Notification
from alertd.core.receivers import Integration
from alertd.core.routes import Route
from alertd.errors import DeliveryError
from tests.stories.world import OPS, ROUTE, START, FlakyStore, World, rule

pytestmark = pytest.mark.anyio
HOOK = "ops/webhook[0]"
DB = {**OPS, "db": (Integration("db/webhook[0]", "db"),)}
HOUR = timedelta(hours=1)


def to_db(**changes: object) -> Route:
    return replace(
        ROUTE, **{"key": '{}/{job="db"}', "receiver": "db", "matchers": (Matcher("job", "=", "db"),), **changes}
    )


def during_commits(world: World, act: Callable[[Sequence[Delivery], Collection[object]], Awaitable[object]]) -> None:
    """Once a commit is written, and before the dispatcher goes on, something else happens."""

    class Interrupted(FlakyStore):
        async def commit(self, deliveries: Sequence[Delivery], forgotten: Collection[tuple[str, Labels]]) -> None:
            await super().commit(deliveries, forgotten)
            await act(deliveries, forgotten)

    world.store = Interrupted()


def during_the_next_send(world: World, integration: str, act: Callable[[], Awaitable[object]]) -> None:
    """While the receiver of the next message takes its time, something else happens."""
    receiver = world.receivers[integration]
    send = receiver.send

    async def interrupted(notification: Notification) -> str:
        receiver.send = send
        await act()
        return await send(notification)

    receiver.send = interrupted


async def evaluate(world: World) -> None:
    await world.engine.evaluator.step(world.engine.board.groups[0], world.clock.now())


async def reload(world: World, **changes: object) -> None:
    world.reload(**changes)
    await world._settle_changes()
    await world.engine.dispatcher.step(world.clock.now())


async def test_an_alert_that_begins_while_its_group_is_flushed_is_told_at_the_next_tick() -> None:
    world, done = World(rule("JobDown")), []
    world.at("1m").fires("JobDown", job="a")

    async def another(deliveries: Sequence[Delivery], _: object) -> None:
        if deliveries and not done:
            done.append(1)
            world.prometheus.true["JobDown"][Labels({"job": "b"})] = 1.0
            await evaluate(world)

    during_commits(world, another)
    await world.run_until("1h")
    assert world.story == [
        "1m30s ops: JobDown{job=a} (first notification)",
        "6m30s ops: JobDown{job=a} JobDown{job=b} (new alerts added)",
    ]


async def test_an_alert_that_fires_again_while_its_end_is_forgotten_is_told() -> None:
    world, done = World(rule("JobDown")), []
    world.at("1m").fires("JobDown", job="a")
    world.at("2m").resolves("JobDown", job="a")

    async def again(_: object, forgotten: Collection[object]) -> None:
        if forgotten and not done:
            done.append(1)
            world.prometheus.true["JobDown"][Labels({"job": "a"})] = 1.0
            await evaluate(world)

    during_commits(world, again)
    await world.run_until("1h")
    assert world.story == [
        "1m30s ops: JobDown{job=a} (first notification)",
        "6m30s ops: -JobDown{job=a} (all alerts resolved)",
        "7m1s ops: JobDown{job=a} (first notification)",
    ]


async def test_an_alert_that_ends_while_its_group_is_flushed_is_closed_at_the_next_tick() -> None:
    world, count = World(rule("JobDown")), []
    world.at("1m").fires("JobDown", job="a")
    world.at("2m").fires("JobDown", job="b")

    async def ends(deliveries: Sequence[Delivery], _: object) -> None:
        count.extend(deliveries)
        if len(count) == 2:
            world.prometheus.true["JobDown"].pop(Labels({"job": "a"}))
            await evaluate(world)

    during_commits(world, ends)
    await world.run_until("1h")
    assert world.story[1:] == [
        "6m30s ops: JobDown{job=a} JobDown{job=b} (new alerts added)",
        "11m30s ops: JobDown{job=b} -JobDown{job=a} (some alerts resolved)",
    ]


async def test_grouping_changes_while_an_alert_waits_for_its_tick() -> None:
    world = World(rule("JobDown"), route=replace(ROUTE, group_by=("alertname", "zone")))
    world.at("1m").fires("JobDown", zone="z", job="a")
    world.at("2m").fires("JobDown", zone="z", job="b")
    world.at("3m").reloads(route=replace(ROUTE, group_by=("zone",)))
    await world.run_until("1h")
    assert world.story[1:] == ["3m ops: JobDown{job=a,zone=z} JobDown{job=b,zone=z} (new alerts added)"]


async def test_grouping_changes_while_an_end_waits_for_its_tick() -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown", job="a")
    world.at("2m").resolves("JobDown", job="a")
    world.at("3m").reloads(route=replace(ROUTE, group_by=("alertname", "job")))
    await world.run_until("1h")
    assert world.story[1:] == ["3m ops: -JobDown{job=a} (all alerts resolved)"]


async def test_a_route_gets_another_receiver_while_its_message_is_under_way() -> None:
    world = World(rule("JobDown"), route=replace(ROUTE, routes=(to_db(),)), integrations=DB)
    world.at("1m").fires("JobDown", job="db")
    await world.run_until("1m20s")
    to_ops = replace(ROUTE, routes=(replace(to_db(), receiver="ops"),))
    during_the_next_send(world, "db/webhook[0]", lambda: reload(world, route=to_ops))
    await world.run_until("1h")
    assert world.story == [
        "1m30s db: JobDown{job=db} (first notification)",
        "1m30s db: -JobDown{job=db} (all alerts resolved)",
        "6m30s ops: JobDown{job=db} (first notification)",
    ]


async def test_routes_are_merged_while_the_heir_is_speaking() -> None:
    tree = replace(ROUTE, group_by=(), routes=(replace(to_db(), receiver="ops", group_by=()),))
    world = World(rule("JobDown"), rule("Disk"), route=tree)
    world.at("1m").fires("JobDown", job="db")
    world.at("4m").fires("Disk", job="x")
    await world.run_until("4m20s")
    during_the_next_send(world, HOOK, lambda: reload(world, route=replace(ROUTE, group_by=())))
    world.at("6m").resolves("JobDown", job="db")
    await world.run_until("1h")
    assert world.story == [
        "1m30s ops: JobDown{job=db} (first notification)",
        "4m30s ops: Disk{job=x} (first notification)",
        "9m30s ops: Disk{job=x} -JobDown{job=db} (some alerts resolved)",
    ]


async def test_the_last_word_of_a_removed_route_is_refused_for_good() -> None:
    world = World(rule("JobDown"), route=replace(ROUTE, routes=(to_db(),)), integrations=DB)
    world.at("1m").fires("JobDown", job="db")
    world.at("2m").refuses("db/webhook[0]", DeliveryError("404", permanent=True))
    world.at("3m").reloads(route=ROUTE)
    await world.run_until("1h")
    assert len(world.receivers["db/webhook[0]"].attempts) == 2


async def test_notify_changes_while_the_alert_fires() -> None:
    both = {**OPS, "boss": (Integration("boss/email[0]", "boss"),)}
    world = World(rule("JobDown", notify=("ops",)), integrations=both)
    world.at("1m").fires("JobDown")
    world.at("3m").reloads(rules=(rule("JobDown", notify=("boss",)),))
    world.at("30m").resolves("JobDown")
    await world.run_until("1h")
    assert world.story == [
        "1m30s ops: JobDown (first notification)",
        "3m ops: -JobDown (all alerts resolved)",
        "3m boss: JobDown (first notification)",
        "33m boss: -JobDown (all alerts resolved)",
    ]


async def test_one_group_that_cannot_be_decided_holds_up_no_other() -> None:
    class Bug:
        raised = False

        def verdict(self, *_: object) -> Verdict:
            if not Bug.raised:
                Bug.raised = True
                raise ValueError("a bug")
            return AUDIBLE

        def concern(self, *_: object) -> bool:
            return False

    world = World(rule("JobDown"), route=replace(ROUTE, group_by=("job",)))
    for job in "ab":
        world.at("1m").fires("JobDown", job=job)
    await world.run_until("1m20s")
    world.engine.dispatcher.mutes = Bug()
    await world.run_until("10m")
    assert [line.split(": ")[0] for line in world.story] == ["1m30s ops", "1m35s ops"]
    assert len({line.split(": ")[1] for line in world.story}) == 2


async def test_a_plugin_that_cancels_itself_does_not_stop_its_lane() -> None:
    world = World(rule("JobDown"), route=replace(ROUTE, group_by=None, group_wait=timedelta(0)))
    await world._start()

    async def cancelled(_: Notification) -> str:
        raise asyncio.CancelledError

    receiver = world.receivers[HOOK]
    heard, receiver.send = receiver.send, cancelled
    for index in range(40):
        world.at("1m").fires("JobDown", job=str(index))
    await world.run_until("2m")
    receiver.send = heard
    await world.run_until("30m")
    assert len(world.heard) == 40


async def test_a_store_with_a_bug_does_not_stop_a_lane() -> None:
    world = World(rule("JobDown"), route=replace(ROUTE, group_by=None, group_wait=timedelta(0)))
    await world._start()

    async def broken(_: Delivery, __: Outcome) -> Delivery:
        raise OverflowError("int too large")

    world.store.settle = broken
    for index in range(40):
        world.at("1m").fires("JobDown", job=str(index))
    await world.run_until("2m")
    del world.store.settle
    await world.run_until("30m")
    assert len({one.alerts[0].labels for one in world.heard}) == 40


async def test_stopping_while_the_courier_sleeps_claims_nothing_more() -> None:
    world = World(rule("JobDown"), route=replace(ROUTE, group_wait=timedelta(0)))
    await world._start()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(world.engine.courier.run())
        await checkpoint()
        world.prometheus.true["JobDown"] = {Labels(): 1.0}
        await evaluate(world)
        await world.engine.dispatcher.step(world.clock.now())
        world.engine.courier.stop()
    assert world.heard == []
    assert dict(await world.store.counts()) == {"pending": 1}


# Clocks.


async def test_the_clock_is_set_back_by_hours() -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown", job="a")
    await world.run_until("6h10m")
    world.clock._now, world._ticked = START + timedelta(minutes=11), None
    world.engine.clock_jumped(timedelta(minutes=11) - 6 * HOUR - timedelta(minutes=10))
    world.prometheus.true["JobDown"][Labels({"job": "b"})] = 1.0
    await world.run_until("1h")
    assert world.story[-1] == "11m ops: JobDown{job=a} JobDown{job=b} (new alerts added)"
    world.prometheus.true["JobDown"].clear()
    await world.run_until("2h")
    assert "all alerts resolved" in world.story[-1]


async def test_a_retry_waits_no_longer_because_the_clock_is_set_back() -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown", job="a")
    world.at("1m10s").refuses(HOOK, DeliveryError("503"))
    await world.run_until("3h")
    world.receivers[HOOK].refusal = None
    world.clock._now, world._ticked = START + HOUR, None
    world.engine.clock_jumped(-2 * HOUR)
    await world.run_until("1h30m")
    assert [line.split(" ", 1)[1] for line in world.story] == ["ops: JobDown{job=a} (first notification)"]


async def test_a_retry_waits_no_longer_because_the_clock_was_set_back_before_a_restart() -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown", job="a")
    world.at("1m10s").refuses(HOOK, DeliveryError("503"))
    await world.run_until("3h")
    world.receivers[HOOK].refusal = None
    world.restart()
    world.clock._now, world._ticked = START + HOUR, None
    await world.run_until("1h30m")
    assert [line.split(" ", 1)[1] for line in world.story] == ["ops: JobDown{job=a} (first notification)"]


async def test_a_long_downtime_and_a_short_one_after_it() -> None:
    world = World(rule("JobDown", for_="30m"))
    world.at("1m").fires("JobDown")
    await world.run_until("10m")
    await world.sleeps("3h")
    await world.run_until("3h10m10s")
    await world.sleeps("20s")
    await world.run_until("3h20m")
    assert world.alerts == {"JobDown": "pending"}


# One receiver, several ways to it.


async def test_two_severities_in_one_message_cool_at_the_higher_one() -> None:
    warning = rule("Load", labels={"severity": "warning"}, cooldown="1h")
    critical = replace(rule("Load", labels={"severity": "critical"}, cooldown="1h"), expr="LoadCritical")
    world = World(warning, critical, route=replace(ROUTE, repeat_interval=4 * HOUR))
    world.at("1m").fires("Load", host="h")
    world.at("2m").fires("LoadCritical", host="h")
    for minute in range(10, 60, 10):
        world.at(f"{minute}m").resolves("LoadCritical", host="h")
        world.at(f"{minute + 5}m").fires("LoadCritical", host="h")
    await world.run_until("1h5m")
    assert [line.split("(")[1] for line in world.story] == [
        "first notification)",
        "new alerts added)",
        "some alerts resolved)",
    ]


async def test_a_cooldown_holds_in_every_group_of_the_receiver() -> None:
    two_ways = (replace(ROUTE, key="{}/1", continue_=True), replace(ROUTE, key="{}/2", group_wait=timedelta(minutes=3)))
    world = World(rule("JobDown", cooldown="1h"), route=replace(ROUTE, routes=two_ways))
    world.at("1m").fires("JobDown", job="x")
    await world.run_until("50m")
    assert world.story == ["1m30s ops: JobDown{job=x} (first notification)"]


async def test_two_rules_of_the_same_labels_are_one_alert_while_either_fires() -> None:
    world = World(rule("JobDown"), replace(rule("JobDown"), expr="Other"))
    world.at("1m").fires("JobDown")
    world.at("2m").fires("Other")
    world.at("20m").resolves("JobDown")
    world.at("50m").resolves("Other")
    await world.run_until("1h")
    assert world.story == ["1m30s ops: JobDown (first notification)", "51m30s ops: -JobDown (all alerts resolved)"]
