"""Stories of what must not change what people are told: outages, restarts, reloads."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alertd.core.labels import Labels
from alertd.core.matchers import Matcher
from alertd.core.receivers import Integration
from alertd.core.routes import Route
from alertd.core.rules import OnTrouble
from alertd.core.when import compile_condition
from alertd.errors import DeliveryError
from tests.stories.world import OPS, ROUTE, World, rule

pytestmark = pytest.mark.anyio
HOOK = "ops/webhook[0]"
BOTH = {**OPS, "db": (Integration("db/webhook[0]", "db"),)}


async def test_a_prometheus_that_is_down_resolves_nothing() -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown")
    world.at("2m").prometheus(down=True)
    await world.run_until("3h")
    assert world.alerts == {"JobDown": "firing"}
    assert world.error("JobDown") == "connection refused"
    world.at("3h1m").prometheus(down=False)
    await world.run_until("3h30m")
    assert world.story == ["1m30s ops: JobDown (first notification)"]
    assert world.error("JobDown") == ""


async def test_pending_time_goes_on_while_prometheus_is_down_but_nothing_begins_to_fire() -> None:
    world = World(rule("JobDown", for_="5m"))
    world.at("1m").fires("JobDown")
    world.at("2m").prometheus(down=True)
    world.at("10m").prometheus(down=False)
    await world.run_until("9m")
    assert world.alerts == {"JobDown": "pending"}
    await world.run_until("11m")
    assert world.alerts == {"JobDown": "firing"}


async def test_what_a_partial_answer_does_not_have_stays_as_it_is() -> None:
    world = World(rule("JobDown"))
    for job in "abc":
        world.at("1m").fires("JobDown", job=job)
    world.at("3m").misses(Labels({"job": "a"}), Labels({"job": "b"}))
    world.at("5m").resolves("JobDown", job="c")
    await world.run_until("20m")
    assert world.alerts == {f"JobDown{{job={job}}}": "firing" for job in "abc"}
    world.at("20m").misses()
    await world.run_until("21m")
    assert world.alerts == {f"JobDown{{job={job}}}": "firing" for job in "ab"}


async def test_what_a_partial_answer_has_is_judged() -> None:
    world = World(rule("JobDown", when=compile_condition("value > 0.5")))
    for job in "abc":
        world.at("1m").fires("JobDown", job=job)
    world.at("3m").misses(Labels({"job": "a"}))
    world.at("5m").fires("JobDown", 0.1, job="c")
    await world.run_until("6m")
    assert world.alerts == {f"JobDown{{job={job}}}": "firing" for job in "ab"}
    world.at("6m").misses(*(Labels({"job": job}) for job in "abc"))
    await world.run_until("7m")
    assert world.alerts == {f"JobDown{{job={job}}}": "firing" for job in "ab"}
    assert world.error("JobDown") == ""


async def test_on_error_resolve_and_fire() -> None:
    world = World(rule("A", on_error=OnTrouble.RESOLVE), rule("B", on_error=OnTrouble.FIRE, for_="1m"))
    world.at("1m").fires("A")
    world.at("1m").fires("B", job="x")
    world.at("5m").prometheus(down=True)
    await world.run_until("5m30s")
    assert world.alerts == {"B{job=x}": "firing", "B": "pending"}
    await world.run_until("7m")
    assert world.alerts == {"B{job=x}": "firing", "B": "firing"}
    world.at("8m").prometheus(down=False)
    world.at("8m").resolves("A")
    await world.run_until("9m")
    assert world.alerts == {"B{job=x}": "firing"}


async def test_a_limit_keeps_what_it_has_and_lets_nothing_new_in() -> None:
    world = World(rule("JobDown"), limit=2)
    world.at("1m").fires("JobDown", job="a")
    world.at("2m").fires("JobDown", job="b")
    world.at("3m").fires("JobDown", job="c")
    world.at("4m").resolves("JobDown", job="a")
    await world.run_until("3m30s")
    assert world.alerts == {"JobDown{job=a}": "firing", "JobDown{job=b}": "firing"}
    assert "limit of 2" in world.error("JobDown")
    await world.run_until("5m")
    assert world.alerts == {"JobDown{job=b}": "firing", "JobDown{job=c}": "firing"}
    assert world.error("JobDown") == ""


async def test_keep_firing_for_bridges_a_gap() -> None:
    world = World(rule("JobDown", keep_firing_for="3m"))
    world.at("1m").fires("JobDown")
    world.at("2m").resolves("JobDown")
    world.at("4m").fires("JobDown")
    world.at("10m").resolves("JobDown")
    await world.run_until("30m")
    assert world.story == [
        "1m30s ops: JobDown (first notification)",
        "16m30s ops: -JobDown (all alerts resolved)",
    ]


@pytest.mark.parametrize("restart", ["1m20s", "1m30s", "3m", "6m31s", "10m"])
async def test_nobody_is_told_again_after_a_restart(restart: str) -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown", job="a")
    world.at("5m").fires("JobDown", job="b")
    world.at(restart).restarts()
    world.at("12m").resolves("JobDown", job="a")
    world.at("12m").resolves("JobDown", job="b")
    await world.run_until("30m")
    assert world.story == [
        "1m30s ops: JobDown{job=a} (first notification)",
        "6m30s ops: JobDown{job=a} JobDown{job=b} (new alerts added)",
        "16m30s ops: -JobDown{job=a} -JobDown{job=b} (all alerts resolved)",
    ]


async def test_what_resolved_while_alertd_was_down_is_told() -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown")
    world.at("3m").resolves("JobDown")
    world.at("3m").restarts()
    await world.run_until("30m")
    assert world.story[1:] == ["6m30s ops: -JobDown (all alerts resolved)"]


async def test_an_end_is_told_even_if_the_alert_is_pending_again_after_a_restart() -> None:
    world = World(rule("JobDown", for_="20m"))
    world.at("1m").fires("JobDown")
    world.at("22m").resolves("JobDown")
    world.at("23m").fires("JobDown")
    world.at("24m").restarts()
    await world.run_until("40m")
    assert world.story == [
        "21m30s ops: JobDown (first notification)",
        "26m30s ops: -JobDown (all alerts resolved)",
    ]


async def test_a_cooldown_survives_a_restart() -> None:
    world = World(rule("JobDown", cooldown="30m"), route=replace(ROUTE, repeat_interval=timedelta(hours=4)))
    world.at("1m").fires("JobDown")
    world.at("2m").resolves("JobDown")
    world.at("8m").restarts()
    world.at("10m").fires("JobDown")
    world.at("12m").restarts()
    await world.run_until("1h")
    assert world.story[2:] == ["31m30s ops: JobDown (cooldown over)"]


async def test_a_delivery_waiting_for_its_receiver_survives_a_restart_with_its_id() -> None:
    world = World(rule("JobDown"))
    world.at("0s").refuses(HOOK, DeliveryError("503"))
    world.at("1m").fires("JobDown")
    world.at("2m").restarts()
    world.at("3m").refuses(HOOK, None)
    await world.run_until("20m")
    assert world.story == ["1m30s ops: JobDown (first notification)"]
    assert len(set(world.receivers[HOOK].attempts)) == 1


async def test_a_receiver_that_is_down_for_an_hour_hears_everything_once_within_a_quarter_of_one() -> None:
    world = World(rule("JobDown"), rule("DiskFull"), integrations=BOTH)
    world.at("0s").refuses(HOOK, DeliveryError("503"))
    world.at("1m").fires("JobDown")
    world.at("20m").fires("DiskFull")
    world.at("40m").resolves("JobDown")
    world.at("60m").refuses(HOOK, None)
    await world.run_until("80m")
    assert sorted(line.partition("ops: ")[2] for line in world.story) == [
        "-JobDown (all alerts resolved)",
        "DiskFull (first notification)",
    ]
    assert len({message.id for message in world.heard}) == len(world.heard)
    assert next(message for message in world.heard if message.resolved).belated


async def test_a_reload_that_changes_nothing_tells_nothing() -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown")
    world.at("2m").reloads(rules=(rule("JobDown", for_="0s"),))
    world.at("3m").reloads(route=replace(ROUTE))
    await world.run_until("1h")
    assert world.story == ["1m30s ops: JobDown (first notification)"]


@pytest.mark.parametrize("what", ["restarts", "reloads"])
async def test_a_repeat_stays_on_time(what: str) -> None:
    route = replace(ROUTE, repeat_interval=timedelta(minutes=7))
    world = World(rule("JobDown"), route=route)
    world.at("1m").fires("JobDown")
    if what == "restarts":
        world.at("7m").restarts()
    else:
        world.at("7m").reloads(route=replace(route))
    await world.run_until("10m")
    assert world.story[1:] == ["8m30s ops: JobDown (repeat interval elapsed)"]


async def test_a_removed_rule_closes_its_alerts_and_says_so() -> None:
    world = World(rule("JobDown"), rule("Other"))
    world.at("1m").fires("JobDown")
    world.at("2m").reloads(rules=(rule("Other"),))
    await world.run_until("30m")
    assert world.story[1:] == ["6m30s ops: -JobDown (all alerts resolved)"]
    assert world.heard[1].alerts[0].because == "rule removed"


async def test_another_group_by_tells_nobody_again_and_still_closes() -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown", job="a")
    world.at("1m").fires("JobDown", job="b")
    world.at("3m").reloads(route=replace(ROUTE, group_by=("alertname", "job")))
    world.at("10m").resolves("JobDown", job="a")
    await world.run_until("30m")
    assert len(world.story) == 2
    assert "-JobDown{job=a} (all alerts resolved)" in world.story[1]


async def test_a_removed_route_closes_what_its_receiver_was_told() -> None:
    tree = replace(ROUTE, routes=(_route_to_db(),))
    world = World(rule("JobDown"), route=tree, integrations=BOTH)
    world.at("1m").fires("JobDown", job="db")
    world.at("3m").reloads(route=ROUTE)
    await world.run_until("30m")
    assert sorted(line.split(" ", 1)[1] for line in world.story) == [
        "db: -JobDown{job=db} (all alerts resolved)",
        "db: JobDown{job=db} (first notification)",
        "ops: JobDown{job=db} (first notification)",
    ]
    (last,) = (message for message in world.heard if message.resolved)
    assert last.alerts[0].because == "route removed"


async def test_a_receiver_that_keeps_an_alert_by_another_route_is_not_told_again() -> None:
    tree = replace(ROUTE, routes=(replace(_route_to_db(), receiver="ops"),))
    world = World(rule("JobDown"), route=tree)
    world.at("1m").fires("JobDown", job="db")
    world.at("3m").reloads(route=ROUTE)
    world.at("20m").resolves("JobDown", job="db")
    await world.run_until("40m")
    assert [line.split(" ", 1)[1] for line in world.story] == [
        "ops: JobDown{job=db} (first notification)",
        "ops: -JobDown{job=db} (all alerts resolved)",
    ]


def _route_to_db() -> Route:
    return replace(ROUTE, key='{}/{job="db"}', receiver="db", matchers=(Matcher("job", "=", "db"),))


@pytest.mark.parametrize("downtime", ["30m", "3h"])
async def test_for_goes_on_after_a_short_downtime_and_begins_anew_after_a_long_one(downtime: str) -> None:
    world = World(rule("JobDown", for_="10m"))
    world.at("1m").fires("JobDown")
    await world.run_until("7m")
    await world.sleeps(downtime)
    (alert,) = world.engine.board.alive()
    waited = world.clock.now() - alert.active_at
    assert waited == (timedelta(minutes=6) if downtime == "30m" else timedelta(0))


async def test_a_disk_that_cannot_be_written_loses_nothing() -> None:
    world = World(rule("JobDown"))
    world.at("1m").fires("JobDown")
    world.at("50s").do(lambda: world.break_disk(writes=12))
    await world.run_until("20m")
    assert len(world.story) == 1
    assert world.alerts == {"JobDown": "firing"}
