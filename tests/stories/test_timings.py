"""What Alertmanager promises about time, at group intervals of a second: windows, batches, repeats, ends, restarts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.stories.world import ROUTE, World, rule

pytestmark = pytest.mark.anyio

MOMENT, SECOND = timedelta(milliseconds=100), timedelta(seconds=1)
FAST = replace(ROUTE, group_wait=SECOND, group_interval=SECOND)


def fast(**route: object) -> World:
    """Alerts are looked at ten times a second, so that everything happens at its own instant."""
    return World(rule("JobDown"), route=replace(FAST, **route), interval=MOMENT)  # type: ignore[arg-type]


def heard(world: World) -> list[tuple[float, str, str]]:
    """Seconds after the start, and the jobs that fire and that have ended."""
    return [
        (
            (one.at - world.start) / SECOND,
            "".join(alert.labels["job"] for alert in one.firing),
            "".join(alert.labels["job"] for alert in one.resolved),
        )
        for one in world.heard
    ]


async def test_what_begins_within_group_wait_is_one_batch() -> None:
    world = fast()
    world.at("1s").fires("JobDown", job="a")
    world.at("1s500ms").fires("JobDown", job="b")
    world.at("1s900ms").fires("JobDown", job="c")
    await world.run_until("10s")
    assert heard(world) == [(2.0, "abc", "")]


async def test_what_begins_later_is_in_the_next_window_and_windows_do_not_drift() -> None:
    world = fast()
    for at, job in (("1s", "a"), ("2s100ms", "b"), ("3s900ms", "c"), ("7s500ms", "d")):
        world.at(at).fires("JobDown", job=job)
    await world.run_until("10s")
    assert heard(world) == [(2.0, "a", ""), (3.0, "ab", ""), (4.0, "abc", ""), (8.0, "abcd", "")]


async def test_what_ends_is_closed_in_the_next_window_together_with_what_begins() -> None:
    world = fast()
    world.at("1s").fires("JobDown", job="a")
    world.at("2s300ms").resolves("JobDown", job="a")
    world.at("2s600ms").fires("JobDown", job="b")
    world.at("4s400ms").resolves("JobDown", job="b")
    await world.run_until("10s")
    assert heard(world) == [(2.0, "a", ""), (3.0, "b", "a"), (5.0, "", "b")]


async def test_what_came_and_went_within_group_wait_is_not_told() -> None:
    world = fast()
    world.at("1s").fires("JobDown", job="a")
    world.at("1s500ms").resolves("JobDown", job="a")
    await world.run_until("10s")
    assert heard(world) == []


async def test_a_group_that_has_ended_waits_anew() -> None:
    world = fast(group_wait=2 * SECOND)
    world.at("1s").fires("JobDown", job="a")
    world.at("3s500ms").resolves("JobDown", job="a")
    world.at("5s200ms").fires("JobDown", job="b")
    await world.run_until("10s")
    assert heard(world) == [(3.0, "a", ""), (4.0, "", "a"), (7.2, "b", "")]


async def test_nothing_is_repeated_early_and_each_repeat_is_on_time() -> None:
    world = fast(repeat_interval=3 * SECOND)
    world.at("1s").fires("JobDown", job="a")
    await world.run_until("12s")
    assert heard(world) == [(2.0, "a", ""), (5.0, "a", ""), (8.0, "a", ""), (11.0, "a", "")]


async def test_a_message_about_others_puts_the_repeat_off() -> None:
    world = fast(repeat_interval=3 * SECOND)
    world.at("1s").fires("JobDown", job="a")
    world.at("3s500ms").fires("JobDown", job="b")
    await world.run_until("8s")
    assert heard(world) == [(2.0, "a", ""), (4.0, "ab", ""), (7.0, "ab", "")]


@pytest.mark.parametrize("what", ["restarts", "reloads"])
async def test_windows_repeats_and_what_was_told_outlive_a(what: str) -> None:
    world = fast(repeat_interval=3 * SECOND)
    world.at("1s").fires("JobDown", job="a")
    getattr(world.at("2s400ms"), what)()
    world.at("2s500ms").fires("JobDown", job="b")
    getattr(world.at("4s400ms"), what)()
    world.at("4s500ms").resolves("JobDown", job="b")
    await world.run_until("9s")
    assert heard(world) == [(2.0, "a", ""), (3.0, "ab", ""), (5.0, "a", "b"), (8.0, "a", "")]


@pytest.mark.parametrize("what", ["restarts", "reloads"])
async def test_group_wait_goes_on_over_a(what: str) -> None:
    world = fast(group_wait=3 * SECOND)
    world.at("1s").fires("JobDown", job="a")
    getattr(world.at("2s500ms"), what)()
    world.at("3s").fires("JobDown", job="b")
    await world.run_until("9s")
    assert heard(world) == [(4.0, "ab", "")]


async def test_a_cold_start_tells_what_its_group_wait_owes_at_once() -> None:
    world = fast(group_wait=3 * SECOND)
    world.at("1s").fires("JobDown", job="a")
    await world.run_until("2s")
    await world.sleeps("10s")
    await world.run_until("20s")
    assert heard(world) == [(12.0, "a", "")]


async def test_a_silence_holds_from_the_next_window_and_its_end_is_told_in_the_one_after_it() -> None:
    world = fast()
    world.at("500ms").silences('job="a"', "5s")
    for job in "ab":
        world.at("1s").fires("JobDown", job=job)
    await world.run_until("10s")
    assert heard(world) == [(2.0, "b", ""), (6.0, "ab", "")]


async def test_nothing_is_told_before_the_start_delay_is_over() -> None:
    world = World(rule("JobDown"), rule("DiskFull"))
    world.at("0s").do(lambda: world.hold("3m"))
    world.at("10s").fires("JobDown")
    world.at("2m50s").fires("DiskFull")
    await world.run_until("10m")
    assert world.story == [
        "3m ops: JobDown (first notification)",
        "3m20s ops: DiskFull (first notification)",
    ]


@pytest.mark.parametrize("job", ["b", "a"])
@pytest.mark.parametrize("moment", ["3s100ms", "3s500ms", "3s900ms"])
async def test_what_begins_after_the_last_word_is_a_new_batch(moment: str, job: str) -> None:
    world = fast()
    world.at("1s").fires("JobDown", job="a")
    world.at("2s500ms").resolves("JobDown", job="a")
    world.at(moment).fires("JobDown", job=job)
    world.at("4s").fires("JobDown", job="c")
    await world.run_until("10s")
    begun = float(moment[0]) + float(moment[2]) / 10
    assert heard(world) == [(2.0, "a", ""), (3.0, "", "a"), (pytest.approx(begun + 1), "".join(sorted(job + "c")), "")]
