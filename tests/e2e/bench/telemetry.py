"""What it costs alertd to count and to trace what it does: the same rules, watched in four ways."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from statistics import median

from tests.e2e.bench.arena import DISTURBANCE, Arena, Report, undisturbed
from tests.e2e.bench.contestants import ALERTD, Contestant
from tests.e2e.bench.rules import SERVICES, scale_rules
from tests.e2e.bench.stack import Scene, Stack
from tests.e2e.bench.stats import Figures, Row
from tests.e2e.bench.world import INSTANCES

_TRACES = """\
telemetry: {{traces: {{exporter: otlp, endpoint: 'http://127.0.0.1:{target}/v1/traces', ratio: %s}}}}
"""
_OFF = "off"
_WAYS = (
    replace(ALERTD, name=_OFF, evaluations="", section="telemetry: {{metrics: {{enabled: false}}}}\n"),
    replace(ALERTD, name="metrics"),
    replace(ALERTD, name="and 1 % of traces", section=_TRACES % 0.01),
    replace(ALERTD, name="and all traces", section=_TRACES % 1),
)
_ROWS = (
    Row("cpu", "CPU s, evaluator"),
    Row("times", "CPU, times that of off", 3),
    Row("scrape", "CPU ms of a scrape, which is not among them", 1),
    Row("evaluations", "evaluations", 0),
    Row("missed", "iterations missed", 0),
    Row("rss", "RSS MiB", 0),
)


def run(arena: Arena) -> Iterator[Report]:
    plan = arena.plan
    for count in plan.rules:
        title = f"Telemetry: {count:,} rules"
        note = f"Each is evaluated every {plan.interval} s. Counted for {plan.window} s, the median of {plan.rounds}."
        found: dict[str, list[Figures]] = {way.name: [] for way in _WAYS}
        for way in _WAYS * plan.rounds:
            what, measure = f"{title}: {way.name}", partial(_measure, arena, count, way)
            found[way.name].append(undisturbed(what, measure, plan.attempts))
        middle = {name: _middle(some) for name, some in found.items()}
        yield Report(title, note, (*_ROWS, DISTURBANCE), _compared(middle))


def _measure(arena: Arena, rules: int, way: Contestant) -> Figures:
    everything = f"count(heartbeat) > {(SERVICES - 2) * INSTANCES - 1}"
    with arena.stack(way, Scene(scale_rules(rules, arena.plan.interval), "/metrics", known_by=everything)) as stack:
        stack.start()
        stack.sleep(arena.plan.warm)
        counted, cpu, began = stack.counted(), stack.cpu()["evaluator"], time.monotonic()
        stack.sleep(arena.plan.window)
        spent = (stack.cpu()["evaluator"] - cpu) * arena.plan.window / (time.monotonic() - began)
        counts = {name: after - counted[name] for name, after in stack.counted().items()}
        scrape = _scrape(stack, arena.plan.scrapes) if way.name != _OFF else None
        return {"cpu": spent, "scrape": scrape, **counts, **stack.memory()}


def _scrape(stack: Stack, times: int) -> float:
    """Milliseconds of processor time; evaluations that happen meanwhile are few, and among them."""
    before = stack.cpu()["evaluator"]
    for _ in range(times):
        stack.scrape()
    return (stack.cpu()["evaluator"] - before) * 1000 / times


def _middle(some: Sequence[Figures]) -> Figures:
    known = {key: [value for one in some if (value := one.get(key)) is not None] for key in some[0]}
    return {key: median(values) if values else None for key, values in known.items()}


def _compared(found: Mapping[str, Figures]) -> dict[str, Figures]:
    off = found[_OFF]["cpu"]
    return {name: {**one, "times": one["cpu"] / off if one["cpu"] and off else None} for name, one in found.items()}
