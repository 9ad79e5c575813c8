"""What happens when very many alerts fire at once, and when they are over."""

import time
from collections.abc import Iterator
from functools import partial

from tests.e2e.bench.arena import Arena, Report, compare
from tests.e2e.bench.contestants import Contestant
from tests.e2e.bench.rules import storm_rules
from tests.e2e.bench.stack import Scene, Stack
from tests.e2e.bench.stats import Figures, Row, total
from tests.e2e.bench.world import STORM_GROUPS

_ROWS = (
    *(
        row
        for status in ("firing", "resolved")
        for row in (
            Row(f"{status} first", f"{status}, first message, s after the scrape"),
            Row(f"{status} last", f"{status}, last alert told, s after the scrape"),
            Row(f"{status} spread", f"{status}, from first to last, s"),
            Row(f"{status} lost", f"{status}, alerts lost", 0),
            Row(f"{status} repeated", f"{status}, alerts repeated", 0),
            Row(f"{status} messages", f"{status}, messages", 0),
            Row(f"{status} cpu own", f"{status}, CPU s, evaluator and Alertmanager"),
            Row(f"{status} cpu server", f"{status}, CPU s, Prometheus"),
            Row(f"{status} cpu all", f"{status}, CPU s, sum of these"),
        )
    ),
    Row("peak", "peak RSS MiB, evaluator and Alertmanager", 0),
    Row("server rss", "RSS MiB, Prometheus", 0),
)


def run(arena: Arena) -> Iterator[Report]:
    plan = arena.plan
    groups = f"in {STORM_GROUPS} groups" if plan.group_by == "grp" else f"grouped by {plan.group_by}"
    title = f"Storm: {plan.alerts:,} alerts at once, {groups}"
    note = (
        f"Scrapes, evaluations, group_wait and group_interval: {plan.storm_pace} s. When the first message comes "
        f"depends on where between two evaluations the scrape lies. CPU in the {plan.storm_window} s after the change. "
        f"Mean of {plan.storms}."
    )
    yield compare(title, note, _ROWS, partial(_measure, arena), arena)


def _measure(arena: Arena, contestant: Contestant) -> Figures:
    pace = arena.plan.storm_pace
    scene = Scene(storm_rules(pace), "/storm", pace, "storm_gauge", arena.plan.group_by, pace, pace)
    found: list[dict[str, float | None]] = []
    with arena.stack(contestant, scene) as stack:
        stack.start()
        stack.sleep(2 * pace)
        stack.look()
        for _ in range(arena.plan.storms):
            found.append({**_phase(arena, stack, "firing", 1), **_phase(arena, stack, "resolved", 0)})
        memory = stack.memory()
    return {**{key: _mean([figures[key] for figures in found]) for key in found[0]}, **memory}


def _phase(arena: Arena, stack: Stack, status: str, value: int) -> dict[str, float | None]:
    """Switch all of them, and watch until everything has arrived that will."""
    plan, sink = arena.plan, arena.sink
    sink.forget()
    cpu = stack.cpu()
    change = arena.world.storm.switch(value)
    stack.sleep(plan.storm_window)
    spent = {name: after - cpu[name] for name, after in stack.cpu().items()}
    while len(sink.arrivals(status)) < plan.alerts and time.monotonic() < change.at + plan.patience:
        stack.sleep(0.5)
    arrived = [when - (change.scraped or 0) for when in sink.arrivals(status).values()]
    own = sum(seconds for name, seconds in spent.items() if name != "server")
    figures = {
        "first": min(arrived, default=None),
        "last": max(arrived, default=None),
        "spread": max(arrived) - min(arrived) if arrived else None,
        "lost": plan.alerts - len(arrived),
        "repeated": sink.repeats(status),
        "messages": sink.messages,
        "cpu own": own,
        "cpu server": spent["server"],
        "cpu all": own + spent["server"],
    }
    return {f"{status} {key}": figure for key, figure in figures.items()}


def _mean(values: list[float | None]) -> float | None:
    whole = total(*values)
    return None if whole is None else whole / len(values)
