"""Days in which alerts with ever new labels come and go leave nothing behind in memory."""

import gc
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import BuiltinFunctionType, FrameType, FunctionType, ModuleType
from weakref import ref

import pytest

from alertd.engine.history import Recorder
from alertd.events import Event
from alertd.telemetry.traces import Nothing
from alertd.testing import RecordingObserver
from tests.stories.world import ROUTE, World, rule

pytestmark = pytest.mark.anyio

_PASSED_OVER = (type, ModuleType, FunctionType, BuiltinFunctionType, FrameType, ref)  # sqlite3 tidies its own refs


class History(RecordingObserver):
    """Writes what it hears into the history, and keeps nothing."""

    recorder: Recorder | None = None

    def notice(self, event: Event) -> None:
        if self.recorder is not None:
            self.recorder.notice(event)


def kept(*roots: object) -> Counter[str]:
    """How many objects of each type can be reached from there."""
    gc.collect()
    seen = {id(root): root for root in roots}
    found = list(roots)
    while found:
        for one in gc.get_referents(found.pop()):
            if id(one) not in seen and not isinstance(one, _PASSED_OVER):
                seen[id(one)] = one
                found.append(one)
    return Counter(type(one).__qualname__ for one in seen.values())


def outages(day: int) -> Iterator[tuple[int, int, str, dict[str, str]]]:
    """Of a day: from which minute to which, of which rule, and with labels that never come again."""
    for number in range(12):
        pod = f"pod-{day}-{number}"
        begin = number * 100
        yield begin, begin + 35, "PodDown", {"pod": pod, f"only_{day}_{number}": "x"}
        yield begin + 5, begin + 25, "PodSlow", {"pod": pod, "severity": "warning"}


async def live(world: World, history: History, day: int) -> Counter[str]:
    """A day, and what is kept at its end, when all is well."""
    for begin, end, name, labels in outages(day):
        world.at(f"{day}d{begin}m").fires(name, **labels)
        world.at(f"{day}d{end}m").resolves(name, **labels)
    await world.run_until(f"{day + 1}d")
    assert world.engine is not None
    assert history.recorder is not None
    await world.engine.touch(prune=True)
    await history.recorder.backlog.step()
    assert len(world.heard) > 24
    world.heard.clear()
    world.receivers["ops/webhook[0]"].attempts.clear()
    return kept(world.engine, history.recorder)


async def test_nothing_accumulates(tmp_path: Path) -> None:
    world = World(
        rule("PodDown", cooldown="30m", annotations={"summary": "{{ $labels.pod }} is down"}),
        rule("PodSlow", for_="5m", keep_firing_for="5m"),
        route=replace(ROUTE, group_by=("alertname", "pod")),
        interval=timedelta(minutes=5),
        path=tmp_path / "alertd.db",
    )
    world.observer, world.tracer = History(), Nothing()
    await world.run_until("0s")
    world.observer.recorder = Recorder(world.store, world.clock)
    days = [await live(world, world.observer, day) for day in range(3)]
    await world.store.close()
    assert days[2] - days[1] == Counter()
