"""What it costs to evaluate many rules, of which few fire."""

import time
from collections.abc import Iterator
from functools import partial

from tests.e2e.bench.arena import Arena, Report, compare, undisturbed
from tests.e2e.bench.contestants import NOBODY, Contestant
from tests.e2e.bench.rules import SERVICES, scale_rules
from tests.e2e.bench.stack import Scene
from tests.e2e.bench.stats import Figures, Row, total
from tests.e2e.bench.world import INSTANCES

_ROWS = (
    Row("evaluations", "evaluations", 0),
    Row("missed", "iterations missed", 0),
    Row("failures", "evaluations failed", 0),
    Row("cpu evaluator", "CPU s, evaluator"),
    Row("cpu alertmanager", "CPU s, Alertmanager"),
    Row("cpu server", "CPU s, Prometheus, more than with no rules"),
    Row("cpu all", "CPU s, sum of these"),
    Row("cpu each", "CPU ms, sum, per evaluation", 3),
    Row("rss", "RSS MiB, evaluator and Alertmanager", 0),
    Row("pss", "PSS MiB, evaluator and Alertmanager", 0),
    Row("server rss", "RSS MiB, Prometheus", 0),
)


def run(arena: Arena) -> Iterator[Report]:
    plan = arena.plan
    alone = undisturbed("Scale: Prometheus that only scrapes", partial(_measure, arena, NOBODY, 0), plan.attempts)
    idle = alone["cpu server"] or 0
    for count in plan.rules:
        title = f"Scale: {count:,} rules"
        note = f"Each is evaluated every {plan.interval} s; one in a hundred fires. Counted for {plan.window} s."
        yield compare(title, note, _ROWS, partial(_net, arena, idle, count), arena)


def _measure(arena: Arena, contestant: Contestant, rules: int) -> Figures:
    everything = f"count(heartbeat) > {(SERVICES - 2) * INSTANCES - 1}"
    scene = Scene(scale_rules(rules, arena.plan.interval), "/metrics", known_by=everything)
    with arena.stack(contestant, scene) as stack:
        stack.start()
        stack.sleep(arena.plan.warm)
        stack.look()
        counted, cpu, began = stack.counted(), stack.cpu(), time.monotonic()
        stack.sleep(arena.plan.window)
        per_window = arena.plan.window / (time.monotonic() - began)
        spent = {f"cpu {name}": (after - cpu[name]) * per_window for name, after in stack.cpu().items()}
        counts = {name: after - counted[name] for name, after in stack.counted().items()}
        return {**spent, **counts, **stack.memory()}


def _net(arena: Arena, idle: float, rules: int, contestant: Contestant) -> Figures:
    """Without what Prometheus spends on scraping."""
    figures = _measure(arena, contestant, rules)
    server = max(0.0, (figures["cpu server"] or 0) - idle)
    whole = total(server, figures.get("cpu evaluator", 0), figures.get("cpu alertmanager", 0))
    evaluations = figures["evaluations"]
    each = whole * 1000 / evaluations if whole is not None and evaluations else None
    return {**figures, "cpu server": server, "cpu all": whole, "cpu each": each}
