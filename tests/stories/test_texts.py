"""Texts of alerts are made once, and again whenever what they say may be another."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from alertd.core.labels import Labels
from alertd.core.rules import Rule
from alertd.core.samples import Answer, Sample
from tests.stories.world import Prometheus, World, rule

pytestmark = pytest.mark.anyio

TEXT = "{{ $labels.disk }}: {{ $value }}"


def disks(text: str, **more: object) -> Rule:
    return replace(rule("Disk", **more), annotations={"summary": text})


def summary(world: World) -> str:
    assert world.engine
    (alert,) = world.engine.board.alive()
    return alert.annotations["summary"]


async def test_a_value_that_changes() -> None:
    world = World(disks(TEXT))
    for at, value in {"1m": 1.0, "2m": 2.0, "3m": -0.0, "4m": 0.0}.items():
        world.at(at).fires("Disk", value, disk="sda")
    for until, text in {"1m50s": "sda: 1", "2m50s": "sda: 2", "3m50s": "sda: -0", "4m50s": "sda: 0"}.items():
        await world.run_until(until)
        assert summary(world) == text


async def test_another_text_after_a_reload() -> None:
    world = World(disks(TEXT))
    world.at("1m").fires("Disk", 1.0, disk="sda")
    world.at("2m").reloads(rules=(disks("new: {{ $value }}"),))
    await world.run_until("1m50s")
    assert summary(world) == "sda: 1"
    await world.run_until("3m")
    assert summary(world) == "new: 1"


async def test_another_text_after_a_reload_while_the_disk_is_full() -> None:
    world = World(disks(TEXT))
    world.at("1m").fires("Disk", 1.0, disk="sda")
    world.at("2m").reloads(rules=(disks("new: {{ $value }}"),))
    world.at("2m").fires("Disk", 1.0, disk="sdb")
    world.at("2m").do(lambda: world.break_disk(2))
    await world.run_until("4m")
    assert world.engine
    assert [alert.annotations["summary"] for alert in world.engine.board.alive()] == ["new: 1", "new: 1"]


async def test_the_time_goes_on() -> None:
    world = World(disks("{{ now | toTime }}"))
    world.at("1m").fires("Disk", 1.0, disk="sda")
    await world.run_until("1m50s")
    before = summary(world)
    await world.run_until("2m50s")
    assert summary(world) != before


async def test_after_a_restart() -> None:
    world = World(disks(TEXT))
    world.at("1m").fires("Disk", 1.0, disk="sda")
    world.at("2m").restarts()
    await world.run_until("3m")
    assert summary(world) == "sda: 1"


async def test_what_a_sample_says_for_itself_is_not_kept_when_it_says_it_no_more() -> None:
    world = World(disks("{{ $value }}"))
    world.prometheus = Telling()
    await world.run_until("1m")
    assert details(world) == {"summary": "1", "detail": "full"}
    world.prometheus.detail = ""
    await world.run_until("2m")
    assert details(world) == {"summary": "1"}


def details(world: World) -> Mapping[str, str]:
    assert world.engine
    (alert,) = world.engine.board.alive()
    return alert.annotations


class Telling(Prometheus):
    """Says more of its samples than labels and values."""

    detail = "full"

    async def query(self, exprs: Sequence[str], at: datetime) -> Sequence[Answer]:
        annotations = {"detail": self.detail} if self.detail else {}
        return [Answer((Sample(Labels({"disk": "sda"}), 1.0, annotations=annotations),)) for _ in exprs]
