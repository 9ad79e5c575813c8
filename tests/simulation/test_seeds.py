"""Whatever goes wrong at whatever moment, alertd keeps its promises: seeds without end, some of them in every run."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import pytest

from alertd.engine.engine import Engine
from alertd.events import Trouble
from tests.simulation.judge import BrokenPromise
from tests.simulation.script import Doing, Script, write
from tests.simulation.shrink import shortest
from tests.simulation.virtual import VirtualLoop
from tests.simulation.world import World, live

SEEDS = int(os.environ.get("ALERTD_SEEDS", "2000"))
BLOCK = 50


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_every_promise_is_kept(first: int) -> None:
    for seed in range(first, min(first + BLOCK, SEEDS)):
        try:
            live(write(seed))
        except AssertionError as broken:
            raise AssertionError(f"`python -m tests.simulation --seed {seed}` says why: {broken}") from broken


def test_a_seed_is_the_same_story_each_time() -> None:
    assert str(write(17)) == str(write(17)) != str(write(18))


def test_the_stories_are_rich() -> None:
    told = {doing.what for seed in range(100) for doing in write(seed).doings}
    assert told == {
        *("fires", "resolves", "arm", "dies", "prometheus", "receiver"),
        *("silences", "unsilences", "posts", "reloads", "rules", "another", "clock"),
    }


def test_what_fails_is_made_short() -> None:
    def needs_two(script: Script) -> BaseException | None:
        wanted = {"fires", "dies"}
        found = wanted <= {doing.what for doing in script.doings}
        return BrokenPromise("two things: together") if found else None

    long = Script(1, write(1).setting, [Doing(float(at), what) for at, what in enumerate(WHAT * 7)])
    assert [doing.what for doing in shortest(long, needs_two).doings] in (["fires", "dies"], ["dies", "fires"])


def test_the_judge_is_heard_though_others_swallow_what_it_says(tmp_path: Path) -> None:
    told = pytest.raises(BrokenPromise, match="no bugs: a group: it has a bug")
    with told, asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(Buggy(write(1), tmp_path / "lock").run())


class Buggy(World):
    """Tells of a bug once, and takes no notice of the answer, as all do who tell an observer."""

    async def _pulse(self, engine: Engine) -> None:
        with suppress(BrokenPromise):
            self.judge.noticed(Trouble("a group", "it has a bug"))
        await super()._pulse(engine)


WHAT = ["resolves", "fires", "clock", "dies", "arm"]
