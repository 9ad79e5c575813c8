"""Stories of conditions: `when` with hysteresis and without data, and scripts that answer late or not at all."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from anyio.lowlevel import checkpoint

from alertd.core.labels import Labels
from alertd.core.rules import OnTrouble, Rule, Script
from alertd.core.samples import Answer, Sample, Skipped
from alertd.core.when import compile_condition
from alertd.engine.asking import Reply, Sources
from alertd.errors import QueryError, QueryFailure
from tests.stories.world import World, rule

pytestmark = pytest.mark.anyio


def judged(when: str, **more: object) -> Rule:
    return rule("Disk", when=compile_condition(when), **more)


async def test_hysteresis() -> None:
    world = World(judged("value < (0.15 if firing else 0.10)"))
    for minute, value in enumerate([0.2, 0.12, 0.09, 0.12, 0.14, 0.16, 0.12]):
        world.at(f"{minute}m").fires("Disk", value, mount="/")
    seen = []
    for minute in range(1, 8):
        await world.run_until(f"{minute * 60 - 1}s")
        seen.append(world.alerts)
    firing = {"Disk{mount=/}": "firing"}
    assert seen == [{}, {}, firing, firing, firing, {}, {}]


async def test_only_some_samples_are_alerts_and_for_holds() -> None:
    world = World(judged("value > 5 and labels.mount != '/tmp'", for_="1m"))
    for mount, value in {"/": 9.0, "/tmp": 9.0, "/var": 1.0}.items():
        world.at("1m").fires("Disk", value, mount=mount)
    await world.run_until("90s")
    assert world.alerts == {"Disk{mount=/}": "pending"}
    await world.run_until("3m")
    assert world.alerts == {"Disk{mount=/}": "firing"}


async def test_the_value_before() -> None:
    world = World(judged("value - previous >= 100"))
    world.at("1m").fires("Disk", 1000.0)
    world.at("2m").fires("Disk", 1050.0)
    world.at("3m").fires("Disk", 1150.0)
    for at, alerts in {"1m55s": {}, "2m55s": {}, "3m5s": {"Disk": "firing"}, "3m15s": {}}.items():
        await world.run_until(at)
        assert world.alerts == alerts, at


async def test_pending_for_and_firing_for_are_seconds() -> None:
    world = World(judged("value > 5 and firing_for < 120 and pending_for < 3600", for_="1m"))
    world.at("1m").fires("Disk", 9.0)
    await world.run_until("2m5s")
    assert world.alerts == {"Disk": "firing"}
    await world.run_until("4m5s")
    assert world.alerts == {}


@pytest.mark.parametrize(
    ("reaction", "alerts"),
    [
        (OnTrouble.HOLD, {"Disk{mount=/}": "firing"}),
        (OnTrouble.RESOLVE, {}),
        (OnTrouble.FIRE, {"Disk": "firing", "Disk{mount=/}": "firing"}),
    ],
)
async def test_no_data_is_not_no_alert(reaction: OnTrouble, alerts: Mapping[str, str]) -> None:
    world = World(judged("value > 5", on_no_data=reaction))
    world.at("1m").fires("Disk", 9.0, mount="/")
    world.at("2m").resolves("Disk", mount="/")
    await world.run_until("5m")
    assert world.alerts == alerts
    assert "no data" in world.error("Disk")
    world.at("5m").fires("Disk", 1.0, mount="/")
    await world.run_until("6m")
    assert world.alerts == {}
    assert world.error("Disk") == ""


@pytest.mark.parametrize(
    ("reaction", "alerts"),
    [
        (OnTrouble.HOLD, {"Disk{mount=/}": "firing"}),
        (OnTrouble.RESOLVE, {}),
        (OnTrouble.FIRE, {"Disk{mount=/}": "firing", "Disk{mount=/new}": "firing"}),
    ],
)
async def test_a_value_that_is_not_a_number_is_no_data(reaction: OnTrouble, alerts: Mapping[str, str]) -> None:
    world = World(judged("value > 5", on_no_data=reaction))
    world.at("1m").fires("Disk", 9.0, mount="/")
    world.at("2m").fires("Disk", float("nan"), mount="/")
    world.at("2m").fires("Disk", float("nan"), mount="/new")
    await world.run_until("3m")
    assert world.alerts == alerts


async def test_an_expression_that_never_returned_anything_is_quiet() -> None:
    world = World(judged("value > 5", on_no_data=OnTrouble.FIRE))
    await world.run_until("5m")
    assert world.alerts == {}
    assert world.error("Disk") == ""


async def test_no_data_is_held_over_a_restart() -> None:
    world = World(judged("value > 5"))
    world.at("1m").fires("Disk", 9.0)
    world.at("2m").resolves("Disk")
    world.at("3m").restarts()
    await world.run_until("5m")
    assert world.alerts == {"Disk": "firing"}


class Scripts:
    """Conditions in Python as a test scripts them: a reply by the name of the function, or an event to wait for."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.slow: dict[str, asyncio.Event] = {}

    async def call(self, rule: Rule, at: datetime) -> Reply:
        assert rule.script is not None
        if rule.script.function in self.slow:
            await self.slow[rule.script.function].wait()
        return self.replies.get(rule.script.function, Answer(()))

    async def aclose(self) -> None:
        pass


def scripted(name: str) -> Rule:
    return Rule(name, "", "story.yml", "story", script=Script("/checks.py", name.lower()))


async def test_what_a_script_says() -> None:
    world, scripts = World(scripted("Budget")), Scripts()
    await _with(world, scripts)
    sample = Sample(Labels({"shop": "eu"}), 7.0, annotations={"message": "too much"})
    scripts.replies["budget"] = Answer((sample,))
    await world.run_until("1m")
    assert world.alerts == {"Budget{shop=eu}": "firing"}
    (alert,) = world.engine.board.alive()
    assert (alert.annotations, alert.value) == ({"message": "too much"}, 7.0)
    scripts.replies["budget"] = Skipped("a holiday")
    await world.run_until("2m")
    assert world.alerts == {"Budget{shop=eu}": "firing"}
    assert world.error("Budget") == ""
    scripts.replies["budget"] = QueryError("it raised KeyError", QueryFailure.EXECUTION)
    await world.run_until("3m")
    assert world.alerts == {"Budget{shop=eu}": "firing"}
    assert world.error("Budget") == "it raised KeyError"
    scripts.replies["budget"] = Answer(())
    await world.run_until("4m")
    assert world.alerts == {}


async def test_a_script_that_is_slow_delays_nobody_but_itself() -> None:
    """The group is evaluated in parts: at every tick all of its queries, and each script by itself."""
    world, scripts = World(rule("JobDown"), scripted("Slow"), scripted("Quick")), Scripts()
    await _with(world, scripts)
    (group,) = world.engine.board.groups
    world.clock.advance(timedelta(minutes=1))
    evaluator, board = world.engine.evaluator, world.engine.board
    world.prometheus.true["JobDown"] = {Labels(): 1.0}
    scripts.replies["quick"] = scripts.replies["slow"] = Answer((Sample(Labels(), 1.0),))
    scripts.slow["slow"] = asyncio.Event()
    assert [[one.name for one in part.rules] for part in group.parts] == [["JobDown"], ["Slow"], ["Quick"]]
    async with asyncio.TaskGroup() as tasks:
        for part in group.parts:
            tasks.create_task(evaluator.tick(part))
        await _turns()
        assert {alert.name for alert in board.alive()} == {"JobDown", "Quick"}
        world.prometheus.true.clear()
        world.clock.advance(timedelta(minutes=1))
        for part in group.parts:
            tasks.create_task(evaluator.tick(part))
        await _turns()
        assert {alert.name for alert in board.alive()} == {"Quick"}
        scripts.slow.pop("slow").set()
    assert {alert.name for alert in board.alive()} == {"Quick", "Slow"}


async def _turns() -> None:
    """Let everybody go on who can."""
    for _ in range(100):
        await checkpoint()


async def _with(world: World, scripts: Scripts) -> None:
    plan = world._plan

    def with_scripts() -> object:
        made = plan()
        sources = Sources({"": world.prometheus}, scripts)
        return type(made)(**{**vars(made), "sources": sources})

    world._plan = with_scripts
    await world.run_until("0s")
