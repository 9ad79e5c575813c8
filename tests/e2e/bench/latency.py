"""How long it takes from a value that changes at the target to the message about it."""

import random
import time
from collections.abc import Iterator, Mapping
from functools import partial

from tests.e2e.bench.arena import Arena, Report, compare
from tests.e2e.bench.contestants import Contestant
from tests.e2e.bench.rules import flip_rules
from tests.e2e.bench.stack import Scene
from tests.e2e.bench.stats import Figures, Row, quantile
from tests.e2e.bench.waiting import pause
from tests.e2e.bench.world import Change, flip

_PAUSE = (0.3, 0.7)  # seconds between flips, so that they fall anywhere between two scrapes
_ROWS = tuple(
    row
    for status in ("firing", "resolved")
    for row in (
        Row(f"{status} p50", f"{status}, p50 s"),
        Row(f"{status} p99", f"{status}, p99 s"),
        Row(f"{status} scraped p50", f"{status}, after the scrape, p50 s"),
        Row(f"{status} scraped p99", f"{status}, after the scrape, p99 s"),
        Row(f"{status} lost", f"{status}, lost", 0),
        Row(f"{status} repeated", f"{status}, repeated", 0),
    )
)


def run(arena: Arena) -> Iterator[Report]:
    title = "Latency: from a value that changes at the target to the message"
    note = f"{arena.plan.flips} values, scraped and evaluated every second; every alert is a group, with no group_wait."
    yield compare(title, note, _ROWS, partial(_measure, arena), arena)


def _measure(arena: Arena, contestant: Contestant) -> Figures:
    scene = Scene(flip_rules(), "/flip", 1, "flip_gauge", group_by="'...'", group_wait=0, group_interval=1)
    with arena.stack(contestant, scene) as stack:
        stack.start()
        stack.sleep(3)
        stack.look()
        changes = _flip(arena)
        deadline = time.monotonic() + arena.plan.patience
        while len(arena.sink.arrivals("resolved")) < arena.plan.flips and time.monotonic() < deadline:
            stack.sleep(0.5)
        stack.sleep(2)
    figures: dict[str, float | None] = {}
    for status, of in changes.items():
        figures |= {f"{status} {key}": value for key, value in _figures(arena, status, of).items()}
    return figures


def _flip(arena: Arena) -> dict[str, dict[str, Change]]:
    """Let every value flip once and, later, back, while others flip."""
    flips, length, chance = arena.world.flips, arena.plan.flip_length, random.Random(7)
    changes: dict[str, dict[str, Change]] = {"firing": {}, "resolved": {}}
    begun: list[tuple[float, int]] = []
    for number in range(arena.plan.flips):
        changes["firing"][str(number)] = flips.switch(1, flip(number))
        begun.append((time.monotonic(), number))
        pause(chance.uniform(*_PAUSE))
        if begun[0][0] + length < time.monotonic():
            _, back = begun.pop(0)
            changes["resolved"][str(back)] = flips.switch(0, flip(back))
    for at, back in begun:
        pause(at + length - time.monotonic())
        changes["resolved"][str(back)] = flips.switch(0, flip(back))
    return changes


def _figures(arena: Arena, status: str, changes: Mapping[str, Change]) -> Figures:
    arrived = arena.sink.arrivals(status)
    whole = [arrived[name] - change.at for name, change in changes.items() if name in arrived]
    scraped = [arrived[name] - (change.scraped or 0) for name, change in changes.items() if name in arrived]
    return {
        "p50": quantile(whole, 0.5),
        "p99": quantile(whole, 0.99),
        "scraped p50": quantile(scraped, 0.5),
        "scraped p99": quantile(scraped, 0.99),
        "lost": len(changes) - len(whole),
        "repeated": arena.sink.repeats(status),
    }
