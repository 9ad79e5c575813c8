"""Stopped and started again while very many alerts fire: how soon it is back, what it costs, and who is told again."""

import time
from collections.abc import Iterator
from functools import partial

from tests.e2e.bench.arena import Arena, Report, compare
from tests.e2e.bench.contestants import Contestant
from tests.e2e.bench.rules import storm_rules
from tests.e2e.bench.stack import Scene
from tests.e2e.bench.stats import Figures, Row, total
from tests.e2e.bench.world import STORM_GROUPS

_ROWS = (
    Row("stopping", "s until stopped"),
    Row("ready", "s until ready again"),
    Row("lost", "alerts lost before the restart", 0),
    Row("repeated", "alerts told again after it", 0),
    Row("resolved", "alerts told as resolved that fire", 0),
    Row("cpu own", "CPU s since, evaluator and Alertmanager"),
    Row("peak", "peak RSS MiB since, evaluator and Alertmanager", 0),
    Row("rss", "RSS MiB at the end, evaluator and Alertmanager", 0),
)


def run(arena: Arena) -> Iterator[Report]:
    plan = arena.plan
    title = f"Restart: {plan.alerts:,} alerts fire, in {STORM_GROUPS} groups"
    note = f"Stopped with SIGTERM, started again, and watched for {plan.storm_window} s after it was ready."
    yield compare(title, note, _ROWS, partial(_measure, arena), arena)


def _measure(arena: Arena, contestant: Contestant) -> Figures:
    plan, sink, pace = arena.plan, arena.sink, arena.plan.storm_pace
    scene = Scene(storm_rules(pace), "/storm", pace, "storm_gauge", "grp", pace, pace)
    with arena.stack(contestant, scene) as stack:
        stack.start()
        stack.sleep(2 * pace)
        change = arena.world.storm.switch(1)
        while len(sink.arrivals("firing")) < plan.alerts and time.monotonic() < change.at + plan.patience:
            stack.sleep(0.5)
        lost = plan.alerts - len(sink.arrivals("firing"))
        stack.sleep(pace)
        sink.forget()
        stopping = stack.stop_alerting()
        stack.look()
        began = time.monotonic()
        ready = stack.start_alerting() - began
        stack.sleep(plan.storm_window)
        repeated = len(sink.arrivals("firing")) + sink.repeats("firing")
        resolved = len(sink.arrivals("resolved"))
        arena.world.storm.switch(0)
        own = total(*(seconds for name, seconds in stack.cpu().items() if name != "server"))
        return {
            "stopping": stopping,
            "ready": ready,
            "lost": lost,
            "repeated": repeated,
            "resolved": resolved,
            "cpu own": own,
            **stack.memory(),
        }
