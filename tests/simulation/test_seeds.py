"""Whatever goes wrong at whatever moment, alertd keeps its promises: seeds without end, some of them in every run."""

import os

import pytest

from tests.simulation.judge import BrokenPromise
from tests.simulation.script import Doing, Script, write
from tests.simulation.shrink import shortest
from tests.simulation.world import live

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


WHAT = ["resolves", "fires", "clock", "dies", "arm"]
