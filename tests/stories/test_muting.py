"""Stories of who is not told: silences, inhibition, mute and active time intervals, and what comes after them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alertd.core.inhibition import InhibitRule
from alertd.core.intervals import DAY, Span
from alertd.core.matchers import parse
from alertd.core.routes import Route
from alertd.core.silences import Draft, State
from alertd.errors import DeliveryError, SilenceError, StoreError
from alertd.events import AlertMuted, SilenceChanged
from tests.stories.world import ROUTE, START, World, rule

pytestmark = pytest.mark.anyio

ZONES = InhibitRule(parse('alertname="ZoneDown"'), parse('alertname="JobDown"'), ("zone",), "zones")
SEVERE = InhibitRule(parse('severity=~"critical|warning"'), parse('severity="warning"'), ("alertname",), "severe")


def muted(world: World) -> list[str]:
    """Who became muted or audible, in order."""
    events = [event for event in world.observer.events if isinstance(event, AlertMuted)]
    return [f"{event.labels['alertname']}: {event.verdict}" for event in events]


# Silences.


async def test_a_silenced_alert_is_not_told_until_the_silence_ends() -> None:
    world = World(rule("JobDown"))
    world.at("10s").silences('alertname="JobDown"', "20m")
    world.at("1m").fires("JobDown", job="a")
    await world.run_until("30m")
    assert world.story == ["21m30s ops: JobDown{job=a} (first notification)"]
    assert [text.partition(" by ")[0] for text in muted(world)] == ["JobDown: silenced", "JobDown: audible"]


async def test_only_what_matches_is_silenced() -> None:
    world = World(rule("JobDown"))
    world.at("10s").silences('job="a"')
    for job in "ab":
        world.at("1m").fires("JobDown", job=job)
    await world.run_until("30m")
    assert world.story == ["1m30s ops: JobDown{job=b} (first notification)"]


async def test_an_alert_that_was_told_is_told_again_after_a_silence() -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown")
    world.at("2m").silences('alertname="JobDown"', "20m")
    await world.run_until("1h")
    assert world.story == [
        "1m30s ops: JobDown (first notification)",
        "26m30s ops: JobDown (no longer muted)",
    ]


async def test_a_silence_that_somebody_ends_is_over_at_the_next_tick() -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown")
    world.at("2m").silences('alertname="JobDown"', "10h")
    world.at("12m").unsilences('alertname="JobDown"')
    await world.run_until("1h")
    assert world.story[1:] == ["16m30s ops: JobDown (no longer muted)"]


async def test_a_silence_shorter_than_an_interval_is_not_noticed() -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown")
    world.at("2m").silences('alertname="JobDown"', "3m")
    await world.run_until("1h")
    assert world.story == ["1m30s ops: JobDown (first notification)"]


async def test_a_silence_may_begin_later() -> None:
    world = World(rule("JobDown"), route=replace(ROUTE, repeat_interval=timedelta(minutes=10)))
    world.at("1m").fires("JobDown")
    world.at("2m").silences('alertname="JobDown"', "42m", begins_in="20m")
    await world.run_until("52m")
    assert world.story == [
        "1m30s ops: JobDown (first notification)",
        "11m30s ops: JobDown (repeat interval elapsed)",
        "21m30s ops: JobDown (repeat interval elapsed)",
        "46m30s ops: JobDown (no longer muted)",
    ]


async def test_the_end_of_a_silenced_alert_is_told_once_the_silence_is_over() -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown")
    world.at("2m").silences('alertname="JobDown"', "20m")
    world.at("10m").resolves("JobDown")
    await world.run_until("1h")
    assert world.story == ["1m30s ops: JobDown (first notification)", "26m30s ops: -JobDown (all alerts resolved)"]


async def test_an_alert_that_came_and_went_in_silence_is_never_told() -> None:
    world = World(rule("JobDown"))
    world.at("10s").silences('alertname="JobDown"', "20m")
    world.at("1m").fires("JobDown")
    world.at("10m").resolves("JobDown")
    await world.run_until("1h")
    assert world.story == []
    assert world.alerts == {}


async def test_an_alert_that_fires_again_in_silence_is_told_after_it() -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown")
    world.at("2m").silences('alertname="JobDown"', "20m")
    world.at("8m").resolves("JobDown")
    world.at("12m").fires("JobDown")
    await world.run_until("1h")
    assert world.story[1:] == ["26m30s ops: JobDown (no longer muted)"]


async def test_two_silences_must_both_end() -> None:
    world = World(rule("JobDown"))
    world.at("10s").silences('alertname="JobDown"', "10m", name="short")
    world.at("20s").silences('job="a"', "20m", name="long")
    world.at("1m").fires("JobDown", job="a")
    await world.run_until("1h")
    assert world.story == ["21m30s ops: JobDown{job=a} (first notification)"]


async def test_a_silence_is_made_longer_and_keeps_its_id() -> None:
    world = World(rule("JobDown"))
    world.at("10s").silences('alertname="JobDown"', "10m", name="s")
    world.at("1m").fires("JobDown")
    world.at("5m").silences('alertname="JobDown"', "20m", name="s")
    await world.run_until("1h")
    assert world.story == ["26m30s ops: JobDown (first notification)"]
    assert len(world.silencer.list()) == 1


async def test_a_silence_with_other_matchers_takes_the_place_of_the_first() -> None:
    world = World(rule("JobDown"))
    world.at("10s").silences('job="a"', "1h", name="s")
    for job in "ab":
        world.at("1m").fires("JobDown", job=job)
    world.at("3m").silences('job="b"', "1h", name="s")
    await world.run_until("30m")
    assert world.story == [
        "1m30s ops: JobDown{job=b} (first notification)",
        "6m30s ops: JobDown{job=a} (new alerts added)",
    ]
    assert [one.state(world.clock.now()) for one in world.silencer.list()] == [State.ACTIVE, State.EXPIRED]


@pytest.mark.parametrize("disk", [True, False])
async def test_a_silence_is_in_force_after_a_restart(tmp_path: Path, disk: bool) -> None:
    world = World(rule("JobDown"), path=tmp_path / "alertd.db" if disk else None)
    world.at("1m").fires("JobDown")
    world.at("2m").silences('alertname="JobDown"', "30m")
    world.at("2m").restarts()
    world.at("13m").restarts()
    await world.run_until("1h")
    assert world.story == ["1m30s ops: JobDown (first notification)", "36m30s ops: JobDown (no longer muted)"]
    assert [one.comment for one in world.silencer.list()] == ['alertname="JobDown"']
    await world.store.close()


async def test_a_silence_that_ended_while_nobody_was_there() -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown")
    world.at("2m").silences('alertname="JobDown"', "20m")
    await world.run_until("10m")
    await world.sleeps("40m")
    await world.run_until("1h")
    assert world.story[1:] == ["51m30s ops: JobDown (no longer muted)"]


async def test_a_silence_that_could_not_be_written_is_none() -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown")
    await world.run_until("10s")
    world.break_disk(1)
    with pytest.raises(StoreError):
        await world.silence('alertname="JobDown"', "1h", "s")
    await world.run_until("10m")
    assert world.story == ["1m30s ops: JobDown (first notification)"]
    assert world.silencer.list() == []
    assert not [event for event in world.observer.events if isinstance(event, SilenceChanged)]


async def test_silences_that_ended_five_days_ago_are_forgotten() -> None:
    world = World(interval=timedelta(hours=1))
    await world.run_until("1m")
    await world.silence('a="b"', "1h", "old")
    await world.silence('a="c"', "1d", "new")
    await world.run_until("5d2h")
    assert world.engine is not None
    await world.engine.touch(prune=True)
    assert [one.comment for one in world.silencer.list()] == ["new"]
    assert [one.comment for one in (await world.store.load()).silences] == ["new"]
    with pytest.raises(SilenceError) as refusal:
        world.silencer.get(world.silence_ids["old"])
    assert refusal.value.missing


async def test_what_is_refused_changes_nothing() -> None:
    world = World(rule("JobDown"))
    await world.run_until("10s")
    made = await world.silence('a="b"', "1h", "s")
    unknown = Draft(made.matchers, made.ends_at, id="nobody")
    for draft in (Draft(made.matchers, START, id=made.id), Draft((), made.ends_at), unknown):
        with pytest.raises(SilenceError):
            await world.silencer.put(draft)
    await world.silencer.expire(made.id)
    for missing in (made.id, "nobody"):
        with pytest.raises(SilenceError):
            await world.silencer.expire(missing)
    assert [one.id for one in world.silencer.list()] == [made.id]


async def test_a_reload_keeps_silences() -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown", job="a")
    world.at("2m").silences('job="a"', "20m")
    world.at("3m").reloads(route=replace(ROUTE, group_by=("job",)))
    world.at("4m").reloads(route=ROUTE)
    await world.run_until("1h")
    assert len(world.story) == 2
    assert world.story[1].endswith("ops: JobDown{job=a} (no longer muted)")


# Inhibition.


def down(**more: Any) -> World:
    return World(rule("JobDown"), rule("ZoneDown"), inhibit_rules=(ZONES,), **more)


async def test_an_inhibited_alert_is_told_once_its_source_has_ended() -> None:
    world = down()
    world.at("1m").fires("ZoneDown", zone="a")
    world.at("1m10s").fires("JobDown", zone="a")
    world.at("14m").resolves("ZoneDown", zone="a")
    await world.run_until("30m")
    assert world.story == [
        "1m30s ops: ZoneDown{zone=a} (first notification)",
        "16m30s ops: -ZoneDown{zone=a} (all alerts resolved)",
        "16m40s ops: JobDown{zone=a} (first notification)",
    ]
    assert muted(world) == [
        'JobDown: inhibited by {alertname="ZoneDown", zone="a"} (zones)',
        "JobDown: audible",
    ]


async def test_a_source_in_the_same_evaluation_inhibits() -> None:
    world = down(route=replace(ROUTE, group_wait=timedelta(0)))
    for name in ("JobDown", "ZoneDown"):
        world.at("1m").fires(name, zone="a")
    await world.run_until("30m")
    assert world.story == ["1m ops: ZoneDown{zone=a} (first notification)"]


async def test_another_zone_is_another_matter() -> None:
    world = down()
    world.at("1m").fires("ZoneDown", zone="a")
    world.at("1m").fires("JobDown", zone="b")
    await world.run_until("5m")
    assert sorted(world.story) == [
        "1m30s ops: JobDown{zone=b} (first notification)",
        "1m30s ops: ZoneDown{zone=a} (first notification)",
    ]


async def test_what_was_told_and_then_inhibited_is_told_again() -> None:
    world = down()
    world.at("1m").fires("JobDown", zone="a")
    world.at("3m").fires("ZoneDown", zone="a")
    world.at("13m").resolves("ZoneDown", zone="a")
    await world.run_until("30m")
    assert world.story == [
        "1m30s ops: JobDown{zone=a} (first notification)",
        "3m30s ops: ZoneDown{zone=a} (first notification)",
        "13m30s ops: -ZoneDown{zone=a} (all alerts resolved)",
        "16m30s ops: JobDown{zone=a} (no longer muted)",
    ]


async def test_the_end_of_an_inhibited_alert_waits_for_its_source() -> None:
    world = down()
    world.at("1m").fires("JobDown", zone="a")
    world.at("3m").fires("ZoneDown", zone="a")
    world.at("8m").resolves("JobDown", zone="a")
    world.at("18m").resolves("ZoneDown", zone="a")
    await world.run_until("30m")
    assert world.story[2:] == [
        "18m30s ops: -ZoneDown{zone=a} (all alerts resolved)",
        "21m30s ops: -JobDown{zone=a} (all alerts resolved)",
    ]


async def test_alerts_do_not_inhibit_themselves_or_each_other() -> None:
    world = World(rule("JobDown"), inhibit_rules=(SEVERE,))
    for zone in "ab":
        world.at("1m").fires("JobDown", severity="warning", zone=zone)
    await world.run_until("5m")
    assert len(world.heard[0].firing) == 2
    world.at("6m").fires("JobDown", severity="critical")
    world.at("12m").resolves("JobDown", severity="warning", zone="a")
    world.at("22m").resolves("JobDown", severity="critical")
    await world.run_until("40m")
    two = "JobDown{severity=warning,zone=b} -JobDown{severity=critical} -JobDown{severity=warning,zone=a}"
    assert world.story[1:] == [
        "6m30s ops: JobDown{severity=critical} (new alerts added)",
        f"26m30s ops: {two} (no longer muted)",
    ]


async def test_a_silenced_source_still_inhibits() -> None:
    world = down()
    world.at("10s").silences('alertname="ZoneDown"')
    for name in ("JobDown", "ZoneDown"):
        world.at("1m").fires(name, zone="a")
    await world.run_until("30m")
    assert world.story == []


async def test_a_source_inhibits_over_a_restart_and_is_known_at_once() -> None:
    world = down()
    for name in ("JobDown", "ZoneDown"):
        world.at("1m").fires(name, zone="a")
    world.at("1m20s").restarts()
    world.at("8m").restarts()
    await world.run_until("30m")
    assert world.story == ["1m30s ops: ZoneDown{zone=a} (first notification)"]


async def test_a_reload_brings_and_takes_inhibition() -> None:
    world = World(rule("JobDown"), rule("ZoneDown"))
    for name in ("JobDown", "ZoneDown"):
        world.at("1m").fires(name, zone="a")
    world.at("3m").reloads(inhibit_rules=(ZONES,))
    world.at("15m").reloads(inhibit_rules=())
    await world.run_until("30m")
    assert world.story[2:] == ["16m30s ops: JobDown{zone=a} (no longer muted)"]


# Time intervals.

BERLIN = ZoneInfo("Europe/Berlin")


def nightly(zone: ZoneInfo = BERLIN) -> dict[str, list[Span]]:
    return {"nights": [Span(times=((22 * 60, DAY), (0, 6 * 60)), zone=zone)]}


def below(**more: Any) -> Route:
    """A tree whose one child, which takes everything, is like this."""
    child = replace(ROUTE, key="{}/{}", **more)
    return replace(ROUTE, routes=(child,))


@pytest.mark.parametrize(
    ("day", "told"),
    [
        ("2026-03-28", "5h30s"),  # at 04:00 UTC, which is 06:00 in Berlin for the first time this year
        ("2026-03-27", "6h30s"),
        ("2026-10-24", "6h30s"),  # and 05:00 UTC again
    ],
)
async def test_a_night_is_as_long_as_the_clock_on_the_wall_has_it(day: str, told: str) -> None:
    start = datetime.fromisoformat(f"{day}T23:00:00").replace(tzinfo=UTC)
    route = below(mute_time_intervals=("nights",), group_interval=timedelta(minutes=1))
    world = World(rule("JobDown"), route=route, intervals=nightly(), start=start, interval=timedelta(minutes=10))
    world.at("0s").fires("JobDown")
    await world.run_until("8h")
    assert world.story == [f"{told} ops: JobDown (first notification)"]


async def test_what_was_told_before_the_night_is_told_after_it_and_closed_if_it_ended() -> None:
    start = datetime(2026, 1, 5, 20, tzinfo=UTC)  # 21:00 in Berlin
    world = World(
        rule("JobDown"),
        route=below(mute_time_intervals=("nights",), repeat_interval=timedelta(hours=1)),
        intervals=nightly(),
        start=start,
        interval=timedelta(minutes=10),
    )
    for job in "ab":
        world.at("0s").fires("JobDown", job=job)
    world.at("3h").resolves("JobDown", job="b")
    await world.run_until("9h30m")
    assert world.story == [
        "30s ops: JobDown{job=a} JobDown{job=b} (first notification)",
        "9h30s ops: JobDown{job=a} -JobDown{job=b} (no longer muted)",
    ]
    assert [text for text in muted(world) if "nights" not in text] == ["JobDown: audible"] * 2


async def test_outside_its_active_time_a_route_is_mute() -> None:
    office = {"office": [Span(times=((9 * 60, 17 * 60),), weekdays=((1, 5),), zone=UTC)]}
    world = World(
        rule("JobDown"),
        route=below(active_time_intervals=("office",)),
        intervals=office,
        start=datetime(2026, 1, 9, 16, tzinfo=UTC),  # a Friday
        interval=timedelta(minutes=10),
    )
    world.at("0s").fires("JobDown", job="a")
    world.at("2h").fires("JobDown", job="b")
    await world.run_until("2d18h")
    assert world.story == [
        "30s ops: JobDown{job=a} (first notification)",
        "2d17h30s ops: JobDown{job=a} JobDown{job=b} (new alerts added)",
    ]
    assert muted(world)[0] == "JobDown: outside the active time interval office"


async def test_only_the_route_that_names_an_interval_is_mute() -> None:
    always = {"always": [Span()]}
    loud = replace(ROUTE, key="{}/loud", continue_=False)
    mute = replace(ROUTE, key="{}/mute", continue_=True, mute_time_intervals=("always",))
    world = World(rule("JobDown"), route=replace(ROUTE, routes=(mute, loud)), intervals=always)
    world.at("1m").fires("JobDown")
    await world.run_until("5m")
    assert [one.group_key for one in world.heard] == ['{}/loud:{alertname="JobDown"}']


async def test_a_reload_changes_what_an_interval_means() -> None:
    world = World(rule("JobDown"), route=below(mute_time_intervals=("x",)), intervals={"x": [Span()]})
    world.at("1m").fires("JobDown")
    world.at("13m").reloads(intervals={"x": []})
    world.at("20m").reloads(intervals={"x": [Span()]})
    world.at("28m").resolves("JobDown")
    await world.run_until("50m")
    assert world.story == ["16m30s ops: JobDown (first notification)"], "its end waits"


async def test_a_message_that_waits_for_its_receiver_is_taken_back_by_a_silence() -> None:
    world = World(rule("JobDown"))
    world.at("10s").refuses("ops/webhook[0]", DeliveryError("503"))
    world.at("1m").fires("JobDown")
    world.at("3m").silences('alertname="JobDown"', "30m")
    world.at("20m").refuses("ops/webhook[0]", None)
    await world.run_until("1h")
    assert world.story == ["36m30s ops: JobDown (first notification)"]
