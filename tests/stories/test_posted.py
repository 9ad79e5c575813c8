"""Alerts that others post go the same way as those of rules, and end when nobody speaks of them any more."""

from datetime import timedelta
from pathlib import Path

from alertd.core.inhibition import InhibitRule
from alertd.core.matchers import parse
from alertd.events import AlertsPosted
from tests.stories.world import World, rule


async def test_it_is_told_and_ends_when_nothing_more_is_heard() -> None:
    world = World()
    world.at("1m").posts("JobDown", zone="a")
    await world.run_until("20m")
    assert world.story == [
        "1m30s ops: JobDown{zone=a} (first notification)",
        "6m30s ops: -JobDown{zone=a} (all alerts resolved)",
    ]
    assert AlertsPosted(firing=1) in world.observer.events
    (_, end) = world.heard
    assert end.alerts[0].ends_at == world.start + timedelta(minutes=6)


async def test_it_goes_on_while_it_is_posted_again() -> None:
    world = World()
    for minute in range(1, 40):
        world.at(f"{minute}m").posts("JobDown", lasting="4m")
    world.at("40m").ends("JobDown")
    await world.run_until("1h")
    assert world.story == [
        "1m30s ops: JobDown (first notification)",
        "41m30s ops: -JobDown (all alerts resolved)",
    ]


async def test_the_end_of_what_nobody_knew_is_no_news() -> None:
    world = World()
    world.at("1m").ends("JobDown")
    await world.run_until("30m")
    assert world.story == []
    assert AlertsPosted(resolved=1) in world.observer.events


async def test_it_ends_and_begins_anew_between_two_messages() -> None:
    world = World()
    world.at("1m").posts("JobDown", lasting="10m")
    world.at("2m").ends("JobDown")
    world.at("3m").posts("JobDown", lasting="1h")
    await world.run_until("10m")
    assert world.story[0] == "1m30s ops: JobDown (first notification)"
    assert world.alerts == {"JobDown": "firing"}


async def test_an_old_alert_does_not_wait_for_its_group() -> None:
    world = World()
    world.at("2m").posts("JobDown", lasting="10m", began="1m")
    await world.run_until("3m")
    assert world.story == ["2m ops: JobDown (first notification)"]


async def test_it_survives_a_restart_and_is_told_once(tmp_path: Path) -> None:
    world = World(path=tmp_path / "alertd.db")
    world.at("1m").posts("JobDown", lasting="20m")
    await world.run_until("2m")
    await world.sleeps("30m")
    await world.run_until("40m")
    assert world.story == ["1m30s ops: JobDown (first notification)"]
    world.at("40m").ends("JobDown")
    await world.run_until("1h")
    assert world.story[1:] == ["41m30s ops: -JobDown (all alerts resolved)"]


async def test_a_downtime_is_not_taken_for_an_end(tmp_path: Path) -> None:
    """Nobody could say that it goes on; it ends as long after the start as it had left."""
    world = World(path=tmp_path / "alertd.db")
    world.at("1m").posts("JobDown", lasting="4m")
    await world.run_until("2m")
    await world.sleeps("1h")
    await world.run_until("1h10m")
    assert world.story == [
        "1m30s ops: JobDown (first notification)",
        "1h6m30s ops: -JobDown (all alerts resolved)",
    ]


async def test_rules_and_their_reload_leave_it_alone() -> None:
    world = World(rule("DiskFull"))
    world.at("1m").posts("JobDown", lasting="1h")
    world.at("2m").reloads(rules=())
    await world.run_until("20m")
    assert world.story == ["1m30s ops: JobDown (first notification)"]


async def test_one_that_a_rule_has_too_ends_with_the_last_of_the_two() -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown")
    world.at("1m").posts("JobDown", lasting="10m")
    world.at("3m").resolves("JobDown")
    await world.run_until("30m")
    assert world.story == ["1m30s ops: JobDown (first notification)", "11m30s ops: -JobDown (all alerts resolved)"]


async def test_it_inhibits_and_is_silenced_like_any_other() -> None:
    inhibit = InhibitRule(parse('severity="critical"'), parse('severity="info"'), ("zone",))
    world = World(inhibit_rules=[inhibit])
    world.at("1m").posts("Fire", lasting="1h", severity="critical", zone="a")
    world.at("1m").posts("Smoke", lasting="1h", severity="info", zone="a")
    world.at("1m").posts("Steam", lasting="1h", severity="info", zone="b")
    world.at("1m").silences("alertname=Steam")
    await world.run_until("10m")
    assert world.story == ["1m30s ops: Fire{severity=critical,zone=a} (first notification)"]


async def test_a_full_disk_takes_nothing_and_ends_nothing() -> None:
    world = World()
    world.at("1m").posts("JobDown", lasting="5m")
    world.at("5m59s").do(lambda: world.break_disk(3))
    await world.run_until("10m")
    assert world.alerts == {}
    (_, end) = world.heard
    assert end.alerts[0].ends_at == world.start + timedelta(minutes=6)
