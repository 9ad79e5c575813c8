"""How soon it is ready, and what it holds while there is nothing to do."""

import time
from collections.abc import Iterator
from functools import partial
from statistics import median

from tests.e2e.bench.arena import Arena, Report, compare
from tests.e2e.bench.contestants import Contestant
from tests.e2e.bench.rules import scale_rules
from tests.e2e.bench.stack import Scene
from tests.e2e.bench.stats import Figures, Row

_RULES = 1000
_ROWS = (
    Row("empty", "s until ready, no rules"),
    Row("full", f"s until ready, {_RULES:,} rules"),
    Row("cpu", f"CPU s until ready, {_RULES:,} rules, without Prometheus"),
    Row("rss", "RSS MiB idle, no rules, without Prometheus", 0),
    Row("pss", "PSS MiB idle, no rules, without Prometheus", 0),
)


def run(arena: Arena) -> Iterator[Report]:
    title = "Start, and memory when idle"
    note = f"Until everything that evaluates and tells is ready, median of {arena.plan.starts} starts."
    yield compare(title, note, _ROWS, partial(_measure, arena), arena)


def _measure(arena: Arena, contestant: Contestant) -> Figures:
    empty = [_start(arena, contestant, 0) for _ in range(arena.plan.starts)]
    full = [_start(arena, contestant, _RULES) for _ in range(arena.plan.starts)]
    return {
        "empty": median(taken for taken, _ in empty),
        "full": median(taken for taken, _ in full),
        "cpu": median(cpu for _, cpu in full),
        **_idle(arena, contestant),
    }


def _start(arena: Arena, contestant: Contestant, rules: int) -> tuple[float, float]:
    """Seconds, and seconds of processor time, of one start."""
    with arena.stack(contestant, Scene(scale_rules(rules, 60))) as stack:
        if not contestant.prometheus_evaluates:
            stack.launch("server")
            stack.ready()
        if rules:
            stack.look()
        began = time.monotonic()
        ready = stack.start_alerting()
        return ready - began, sum(seconds for name, seconds in stack.cpu().items() if name != "server")


def _idle(arena: Arena, contestant: Contestant) -> Figures:
    with arena.stack(contestant, Scene(scale_rules(0, 60))) as stack:
        stack.launch("server")
        stack.ready()
        stack.start_alerting()
        stack.sleep(arena.plan.idle)
        return stack.memory()
