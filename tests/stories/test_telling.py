"""Stories of who is told what, and when: grouping, repeats, cooldown, closing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alertd.core.receivers import Integration
from alertd.errors import DeliveryError
from alertd.events import GroupFlushed
from tests.stories.world import OPS, ROUTE, World, rule

pytestmark = pytest.mark.anyio
HOOK = "ops/webhook[0]"


async def test_an_alert_is_told_after_group_wait_and_closed_at_the_next_tick() -> None:
    world = World(rule("JobDown", for_="1m"))
    world.at("1m").fires("JobDown", job="api")
    world.at("3m").resolves("JobDown", job="api")
    await world.run_until("20m")
    assert world.story == [
        "2m30s ops: JobDown{job=api} (first notification)",
        "7m30s ops: -JobDown{job=api} (all alerts resolved)",
    ]


async def test_an_alert_shorter_than_for_is_never_told() -> None:
    world = World(rule("JobDown", for_="1m"))
    world.at("1m").fires("JobDown")
    world.at("1m50s").resolves("JobDown")
    await world.run_until("20m")
    assert world.story == []
    assert world.alerts == {}


async def test_alerts_of_a_group_are_told_together_and_new_ones_at_the_tick() -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown", job="a")
    world.at("1m20s").fires("JobDown", job="b")
    world.at("2m").fires("JobDown", job="c")
    await world.run_until("10m")
    assert world.story == [
        "1m30s ops: JobDown{job=a} JobDown{job=b} (first notification)",
        "6m30s ops: JobDown{job=a} JobDown{job=b} JobDown{job=c} (new alerts added)",
    ]


async def test_one_of_two_resolves() -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown", job="a")
    world.at("1m").fires("JobDown", job="b")
    world.at("2m").resolves("JobDown", job="a")
    await world.run_until("10m")
    assert world.story[1:] == ["6m30s ops: JobDown{job=b} -JobDown{job=a} (some alerts resolved)"]


async def test_a_repeat_comes_on_time_and_not_at_the_next_tick() -> None:
    world = World(rule("JobDown"), route=replace(ROUTE, repeat_interval=timedelta(minutes=7)))
    world.at("1m").fires("JobDown")
    await world.run_until("16m")
    assert world.story == [
        "1m30s ops: JobDown (first notification)",
        "8m30s ops: JobDown (repeat interval elapsed)",
        "15m30s ops: JobDown (repeat interval elapsed)",
    ]


async def test_a_repeat_is_never_sooner_than_group_interval() -> None:
    world = World(rule("JobDown"), route=replace(ROUTE, repeat_interval=timedelta(minutes=1)))
    world.at("1m").fires("JobDown")
    await world.run_until("8m")
    assert world.story[1:] == ["6m30s ops: JobDown (repeat interval elapsed)"]


async def test_cooldown_holds_back_what_fires_again_until_it_is_over() -> None:
    world = World(rule("JobDown", cooldown="30m"), route=replace(ROUTE, repeat_interval=timedelta(hours=4)))
    world.at("1m").fires("JobDown")
    world.at("2m").resolves("JobDown")
    world.at("10m").fires("JobDown")
    await world.run_until("11m")
    assert world.engine
    assert world.engine.dispatcher.cooling(world.clock.now()) == 1
    await world.run_until("1h")
    assert world.story == [
        "1m30s ops: JobDown (first notification)",
        "6m30s ops: -JobDown (all alerts resolved)",
        "31m30s ops: JobDown (cooldown over)",
    ]
    flushes = [one.verdict for one in world.observer.events if isinstance(one, GroupFlushed)]
    assert [one.cooling for one in flushes if one.cooling] == [1]


async def test_cooldown_is_the_repeat_where_the_route_has_none() -> None:
    world = World(rule("JobDown", cooldown="20m"))
    world.at("1m").fires("JobDown")
    await world.run_until("45m")
    assert world.story[1:] == [
        "21m30s ops: JobDown (repeat interval elapsed)",
        "41m30s ops: JobDown (repeat interval elapsed)",
    ]


async def test_a_longer_cooldown_outlasts_the_repeat() -> None:
    world = World(rule("JobDown", cooldown="20m"), route=replace(ROUTE, repeat_interval=timedelta(minutes=6)))
    world.at("1m").fires("JobDown")
    await world.run_until("30m")
    assert world.story[1:] == ["21m30s ops: JobDown (repeat interval elapsed)"]


async def test_a_rise_in_severity_breaks_the_cooldown_and_a_fall_does_not() -> None:
    labels = {"severity": "{{ if gt $value 90.0 }}critical{{ else }}warning{{ end }}"}
    world = World(rule("Load", cooldown="1h", labels=labels), route=replace(ROUTE, repeat_interval=timedelta(hours=4)))
    world.at("1m").fires("Load", 80.0)
    world.at("10m").fires("Load", 95.0)
    world.at("30m").fires("Load", 80.0)
    await world.run_until("1h")
    assert world.story == [
        "1m30s ops: Load{severity=warning} (first notification)",
        "11m30s ops: Load{severity=critical} -Load{severity=warning} (new alerts added)",
        "31m30s ops: Load{severity=warning} -Load{severity=critical} (some alerts resolved)",
    ]


async def test_an_alert_in_cooldown_is_listed_in_a_message_another_one_causes() -> None:
    world = World(rule("JobDown", cooldown="1h"), route=replace(ROUTE, repeat_interval=timedelta(hours=4)))
    world.at("1m").fires("JobDown", job="a")
    world.at("2m").resolves("JobDown", job="a")
    world.at("10m").fires("JobDown", job="a")
    world.at("20m").fires("JobDown", job="b")
    await world.run_until("30m")
    assert world.story[2:] == ["20m30s ops: JobDown{job=a} JobDown{job=b} (first notification)"]


async def test_a_failed_delivery_starts_no_cooldown_and_is_retried() -> None:
    world = World(rule("JobDown", cooldown="30m"))
    world.at("0s").refuses(HOOK, DeliveryError("503", reason="server_error"))
    world.at("1m").fires("JobDown")
    world.at("4m").refuses(HOOK, None)
    await world.run_until("20m")
    assert world.story == ["1m30s ops: JobDown (first notification)"]
    assert len(set(world.receivers[HOOK].attempts)) == 1
    assert len(world.receivers[HOOK].attempts) > 3


async def test_what_resolved_before_it_could_be_told_is_told_in_one_message() -> None:
    world = World(rule("JobDown"))
    world.at("0s").refuses(HOOK, DeliveryError("503"))
    world.at("1m").fires("JobDown")
    world.at("2m").resolves("JobDown")
    world.at("8m").refuses(HOOK, None)
    await world.run_until("30m")
    assert world.story == ["6m30s ops: -JobDown (all alerts resolved)"]
    assert world.heard[0].belated


async def test_one_receivers_outage_does_not_delay_another() -> None:
    integrations = {"ops": (*OPS["ops"], Integration("ops/email[0]", "ops"))}
    world = World(rule("JobDown"), integrations=integrations)
    world.at("0s").refuses(HOOK, DeliveryError("503"))
    world.at("1m").fires("JobDown")
    await world.run_until("5m")
    assert [notification.integration for notification in world.heard] == ["ops/email[0]"]


async def test_a_permanent_refusal_is_tried_again_at_the_next_tick_only() -> None:
    world = World(rule("JobDown"))
    world.at("0s").refuses(HOOK, DeliveryError("404", permanent=True))
    world.at("1m").fires("JobDown")
    world.at("10m").refuses(HOOK, None)
    await world.run_until("13m")
    assert len(world.receivers[HOOK].attempts) == 3
    assert world.story == ["11m30s ops: JobDown (first notification)"]


async def test_without_send_resolved_nothing_is_closed_and_a_new_firing_is_told() -> None:
    world = World(rule("JobDown"), integrations={"ops": (Integration(HOOK, "ops", send_resolved=False),)})
    world.at("1m").fires("JobDown")
    world.at("2m").resolves("JobDown")
    world.at("10m").fires("JobDown")
    await world.run_until("20m")
    assert world.story == [
        "1m30s ops: JobDown (first notification)",
        "10m30s ops: JobDown (first notification)",
    ]


async def test_a_fire_after_an_unseen_resolve_counts_as_new() -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown")
    world.at("2m").resolves("JobDown")
    world.at("3m").fires("JobDown")
    await world.run_until("20m")
    assert world.story[1:] == ["6m30s ops: JobDown (new alerts added)"]


async def test_notify_on_a_rule_takes_the_place_of_the_tree() -> None:
    integrations = {**OPS, "boss": (Integration("boss/email[0]", "boss"),)}
    world = World(rule("JobDown", notify=("boss",)), integrations=integrations)
    world.at("1m").fires("JobDown")
    await world.run_until("3m")
    assert world.story == ["1m30s boss: JobDown (first notification)"]
