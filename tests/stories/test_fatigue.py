"""Stories of alerts that come and go, and of many at once: people are told, but not worn out."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alertd.core.flapping import FlapBounds
from alertd.core.storms import StormBounds
from alertd.errors import DeliveryError
from tests.stories.world import ROUTE, World, rule

pytestmark = pytest.mark.anyio
QUICK = replace(ROUTE, group_wait=timedelta(0), group_interval=timedelta(minutes=1))
SPLIT = replace(QUICK, group_by=("alertname", "job"), group_wait=timedelta(seconds=10))


def flaps(world: World, name: str, begin: int, end: int, every: int = 4, **labels: str) -> None:
    """It fires every so many minutes, for half of them."""
    for minute in range(begin, end, every):
        world.at(f"{minute}m").fires(name, **labels)
        world.at(f"{minute + every // 2}m").resolves(name, **labels)


async def test_an_alert_that_flaps_is_told_as_that_once_and_how_it_is_when_it_calms() -> None:
    world = World(rule("JobDown"), route=QUICK)
    flaps(world, "JobDown", 1, 120)
    world.at("121m").fires("JobDown")
    await world.run_until("4h")
    notice = next(number for number, line in enumerate(world.story) if "flapping" in line)
    assert notice <= 8
    assert world.story[notice + 1 :] == ["2h45m ops: JobDown (no longer flapping)"]
    text = world.heard[notice].alerts[0].annotations["flapping"]
    assert text == "9 changes, flapping since 00:15 UTC"


async def test_an_alert_that_ended_while_it_flapped_is_closed_when_it_calms() -> None:
    world = World(rule("JobDown"), route=QUICK)
    flaps(world, "JobDown", 1, 60)
    await world.run_until("3h")
    assert "flapping" in world.story[-2]
    assert world.story[-1].endswith("-JobDown (all alerts resolved)")


async def test_an_alert_that_flaps_before_its_receiver_accepts_anything_is_told_with_its_end() -> None:
    world = World(rule("JobDown"), route=QUICK, flapping=FlapBounds(timedelta(minutes=10), high=10, low=5))
    world.at("0s").refuses("ops/webhook[0]", DeliveryError("503"))
    world.at("1m").fires("JobDown")
    world.at("1m30s").resolves("JobDown")
    world.at("4m").refuses("ops/webhook[0]", None)
    await world.run_until("3m")
    assert world.story == []
    await world.run_until("30m")
    assert [line.partition(": ")[2] for line in world.story] == ["-JobDown (all alerts resolved)"]
    assert world.heard[0].belated


async def test_flapping_survives_a_restart() -> None:
    stories = []
    for restarts in (False, True):
        world = World(rule("JobDown"), route=QUICK)
        flaps(world, "JobDown", 1, 90)
        if restarts:
            world.at("13m30s").restarts()
            world.at("40m30s").restarts()
            world.at("93m30s").restarts()
        await world.run_until("4h")
        stories.append(world.story)
    assert stories[0] == stories[1]
    assert any("flapping" in line for line in stories[0])


async def test_a_slow_coming_and_going_is_no_flapping() -> None:
    world = World(rule("JobDown"), route=QUICK)
    flaps(world, "JobDown", 1, 300, every=60)
    await world.run_until("5h")
    assert len(world.story) == 10
    assert not [line for line in world.story if "flapping" in line]


async def test_flapping_can_be_off() -> None:
    world = World(rule("JobDown"), route=QUICK, flapping=FlapBounds(window=timedelta(0)))
    flaps(world, "JobDown", 1, 120)
    await world.run_until("2h10m")
    assert len(world.story) == 60


async def test_a_higher_severity_is_told_while_the_lower_one_flaps() -> None:
    world = World(rule("JobDown"), route=QUICK)
    flaps(world, "JobDown", 1, 90)
    world.at("60m").fires("JobDown", severity="critical")
    await world.run_until("61m")
    assert "JobDown{severity=critical}" in world.story[-1]


async def test_a_silence_is_stronger_than_flapping() -> None:
    world = World(rule("JobDown"), route=QUICK)
    world.at("10m").silences('alertname="JobDown"', "3h")
    flaps(world, "JobDown", 1, 60)
    await world.run_until("3h9m")
    assert not [line for line in world.story if "flapping" in line]


async def test_a_storm_is_told_together_and_closed_together() -> None:
    world = World(rule("JobDown"), route=SPLIT, storms=StormBounds(groups=3))
    for number in range(10):
        world.at("1m").fires("JobDown", job=str(number))
        world.at("10m").resolves("JobDown", job=str(number))
    await world.run_until("30m")
    told = [line for line in world.story if "-JobDown" not in line]
    assert len(told) == 4
    (storm,) = (message for message in world.heard if message.storm and message.firing)
    assert storm.storm == ["7 firing: JobDown"]
    assert sum(len(message.firing) for message in world.heard) == 10
    assert sum(len(message.resolved) for message in world.heard) == 10
    assert len(world.story) == 8


async def test_a_storm_survives_a_restart() -> None:
    stories = []
    for restarts in (False, True):
        world = World(rule("JobDown"), route=SPLIT, storms=StormBounds(groups=3))
        for number in range(10):
            world.at("1m").fires("JobDown", job=str(number))
            world.at("10m").resolves("JobDown", job=str(number))
        if restarts:
            world.at("5m").restarts()
            world.at("7m").reloads(route=replace(SPLIT))
        await world.run_until("30m")
        stories.append(sorted(world.story))
    assert stories[0] == stories[1]


async def test_after_a_storm_new_groups_are_told_by_themselves() -> None:
    world = World(rule("JobDown"), route=SPLIT, storms=StormBounds(groups=3))
    for number in range(10):
        world.at("1m").fires("JobDown", job=str(number))
    world.at("5m").fires("JobDown", job="late")
    await world.run_until("10m")
    assert world.story[-1] == "5m10s ops: JobDown{job=late} (first notification)"


async def test_critical_alerts_keep_their_groups_in_a_storm() -> None:
    world = World(rule("JobDown"), rule("Info"), route=SPLIT, storms=StormBounds(groups=3))
    for number in range(10):
        world.at("1m").fires("Info", job=str(number))
        world.at("1m").fires("JobDown", job=str(number), severity="critical")
    await world.run_until("9m")
    alone = [message for message in world.heard if not message.storm and message.severity.name == "CRITICAL"]
    assert len(alone) == 10


async def test_critical_alerts_do_not_queue_behind_the_others() -> None:
    world = World(rule("JobDown"), route=SPLIT, storms=StormBounds(groups=0))
    for number in range(300):
        world.at("1m").fires("JobDown", severity="info", job=str(number))
    world.at("1m").fires("JobDown", severity="critical", job="db")
    await world.run_until("5m")
    assert len(world.story) == 301
    assert "severity=critical" in world.story[0]
