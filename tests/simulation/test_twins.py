"""A restart changes nothing: the same story with and without deaths tells everybody the same."""

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from alertd.core.flapping import FlapBounds
from alertd.core.storms import StormBounds
from tests.simulation.script import TROUBLE, Doing, Script, write
from tests.simulation.world import witnessed

SEEDS, BLOCK = 100, 20
UNEVENTFUL = {"fires", "resolves", "silences", "unsilences", "posts", "reloads", "rules"}
PLACES = ("disk.record", "disk.commit", "disk.claim", "disk.settle", "ops/webhook[0]")
Course = Mapping[tuple[str, str], tuple[str, str]]


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_a_restart_changes_nothing(first: int) -> None:
    for seed in range(first, first + BLOCK):
        story = uneventful(seed)
        deadly = replace(story, doings=sorted([*story.doings, *deaths(seed)], key=lambda doing: doing.at))
        assert course(deadly) == course(story), f"{deadly}"


def uneventful(seed: int) -> Script:
    """Where nothing fails; nor does anything depend on what the last minute was like, as storms do."""
    story = write(seed)
    setting = replace(story.setting, flapping=FlapBounds(timedelta(0)), storms=StormBounds())
    return replace(story, setting=setting, doings=[one for one in story.doings if one.what in UNEVENTFUL])


def deaths(seed: int) -> list[Doing]:
    """Between two calls, or when one has just had its effect."""
    dice = random.Random(seed)
    moments = [round(dice.uniform(1, TROUBLE), 3) for _ in range(3)]
    if seed % 2:
        return [Doing(at, "dies", (0,)) for at in moments]
    return [Doing(at, "arm", (dice.choice(PLACES), "dies", True, 1, 0.0)) for at in moments]


def course(story: Script) -> Course:
    """What everybody heard of every alert, first and last. What was said together may differ, and whether what came and
    went between two looks at its group was seen at all.
    """
    heard: dict[tuple[str, str], list[str]] = {}
    for _, integration, _, alerts in witnessed(story).judge.said:
        for labels, status in alerts:
            heard.setdefault((integration, labels), []).append(status)
    return {who: (words[0], words[-1]) for who, words in heard.items()}
