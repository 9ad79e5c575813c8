"""Whatever happens, in whatever order: a restart is invisible, and what was told is closed, once."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertd.core.receivers import Integration
from alertd.errors import DeliveryError
from tests.stories.world import ROUTE, World, rule

pytestmark = pytest.mark.anyio

HOOK = "ops/webhook[0]"
JOBS = ("a", "b", "c")
HEALED = 40  # minutes after which everything works, and everything has ended
SLOW = timedelta(seconds=20)
END = "2h"


@dataclass(frozen=True)
class Doing:
    """Something that happens so many seconds after the start."""

    at: int
    what: str
    job: str = ""


_moments = st.integers(1, HEALED * 60)
_fires = st.builds(Doing, _moments, st.just("fires"), st.sampled_from(JOBS))
_resolves = st.builds(Doing, _moments, st.just("resolves"), st.sampled_from(JOBS))
_troubles = st.builds(Doing, _moments, st.sampled_from(["down", "up", "refuses", "accepts", "breaks"]))
_restarts = st.lists(_moments, max_size=4)
_lives = st.lists(_fires | _resolves, max_size=16)
_rules = st.builds(
    rule,
    st.just("JobDown"),
    for_=st.sampled_from(["0s", "1m", "7m"]),
    keep_firing_for=st.sampled_from(["0s", "3m"]),
    cooldown=st.sampled_from(["0s", "20m"]),
)
_routes = st.builds(
    replace,
    st.just(ROUTE),
    group_by=st.sampled_from([("alertname",), ("job",), None, ()]),
    group_wait=st.sampled_from([timedelta(0), timedelta(seconds=30)]),
    group_interval=st.sampled_from([timedelta(minutes=1), timedelta(minutes=5)]),
    repeat_interval=st.sampled_from([None, timedelta(minutes=7)]),
)


async def live(world: World, doings: list[Doing]) -> World:
    for doing in doings:
        moment = world.at(f"{doing.at}s")
        match doing.what:
            case "fires":
                moment.fires("JobDown", job=doing.job)
            case "resolves":
                moment.resolves("JobDown", job=doing.job)
            case "down" | "up":
                moment.prometheus(down=doing.what == "down")
            case "refuses":
                moment.refuses(HOOK, DeliveryError("503"))
            case "accepts":
                moment.refuses(HOOK, None)
            case "breaks":
                moment.do(lambda: world.break_disk(3))
            case "restarts":
                moment.restarts()
    healed = world.at(f"{HEALED}m")
    healed.prometheus(down=False)
    healed.refuses(HOOK, None)
    for job in JOBS:
        healed.resolves("JobDown", job=job)
    await world.run_until(END)
    return world


@settings(max_examples=25, deadline=None)
@given(_rules, _routes, _lives, _restarts)
async def test_a_restart_is_invisible(rule: object, route: object, doings: list[Doing], restarts: list[int]) -> None:
    undisturbed = await live(World(rule, interval=SLOW, route=route), doings)
    disturbed = await live(
        World(rule, interval=SLOW, route=route), [*doings, *(Doing(at, "restarts") for at in restarts)]
    )
    assert disturbed.story == undisturbed.story


@settings(max_examples=40, deadline=None)
@given(_rules, _routes, st.lists(_fires | _resolves | _troubles, max_size=24), _restarts)
async def test_every_firing_told_is_closed_once_and_nothing_is_closed_that_was_not_told(
    rule: object, route: object, doings: list[Doing], restarts: list[int]
) -> None:
    world = await live(World(rule, interval=SLOW, route=route), [*doings, *(Doing(at, "restarts") for at in restarts)])
    believed: Counter[str] = Counter()
    once = {message.id: message for message in world.heard}  # a repeated one has the same id
    for message in once.values():
        for alert in message.alerts:
            key = alert.labels.key
            if alert.firing:
                believed[key] = 1
            elif not message.belated:
                assert believed[key] == 1, f"closed, but not open: {world.story}"
                believed[key] = 0
            else:
                believed[key] = 0
    assert not +believed, f"told as firing and never closed: {world.story}"
    assert not [alert for alert in world.engine.board.all() if alert.firing or alert.resolved]


@settings(max_examples=25, deadline=None)
@given(_routes, st.lists(_fires | _resolves | _troubles, max_size=24), _restarts)
async def test_nobody_hears_of_an_alert_again_within_its_cooldown(
    route: object, doings: list[Doing], restarts: list[int]
) -> None:
    alone = replace(route, group_by=None)
    script = [*doings, *(Doing(at, "restarts") for at in restarts)]
    world = await live(World(rule("JobDown", cooldown="20m"), interval=SLOW, route=alone), script)
    last: dict[str, object] = {}
    once = {message.id: message for message in world.heard}  # a receiver drops what it has by its id
    for message in once.values():
        for alert in message.firing:
            key = alert.labels.key
            assert key not in last or message.at - last[key] >= timedelta(minutes=20), world.story
            last[key] = message.at


@settings(max_examples=25, deadline=None)
@given(_rules, _routes, st.lists(_fires | _resolves | _troubles, max_size=24), _restarts)
async def test_the_id_of_a_message_is_its_own(
    rule: object, route: object, doings: list[Doing], restarts: list[int]
) -> None:
    both = {"ops": (Integration(HOOK, "ops"), Integration("ops/email[0]", "ops"))}
    script = [*doings, *(Doing(at, "restarts") for at in restarts)]
    world = await live(World(rule, interval=SLOW, route=route, integrations=both), script)
    told: dict[str, tuple[str, ...]] = {}
    for message in world.heard:
        content = tuple(f"{alert.labels}{alert.status}" for alert in message.alerts)
        assert told.setdefault(message.id, content) == content
