"""Where the contestants meet: one world, one receiver, and a folder for each of them that is gone afterwards."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.e2e.bench.contestants import CONTESTANTS, Contestant
from tests.e2e.bench.http import Served
from tests.e2e.bench.plan import Plan
from tests.e2e.bench.process import others
from tests.e2e.bench.sink import Sink
from tests.e2e.bench.stack import Scene, Stack
from tests.e2e.bench.stats import Figures, Row, plot, table
from tests.e2e.bench.waiting import say
from tests.e2e.bench.world import World

DISTURBANCE = Row("disturbance", "processors that something else kept busy")
_QUIET = 0.1


@dataclass(frozen=True)
class Report:
    """What came out, and how to show it."""

    title: str
    note: str
    rows: Sequence[Row]
    results: dict[str, Figures]

    def __str__(self) -> str:
        picture = plot(self.rows[:-1], self.results)
        drawn = f"\n```\n{picture}\n```\n" if picture else ""
        return f"## {self.title}\n\n{self.note}\n\n{table(self.rows, self.results)}\n{drawn}"


class Arena:
    def __init__(self, plan: Plan) -> None:
        self.plan, self.sink, self.world = plan, Sink(), World(plan.alerts)
        self.contestants = [one for one in CONTESTANTS if not plan.only or one.name in plan.only]
        self._target, self._hook = Served(self.world.answer), Served(self.sink.answer)
        self._folder = Path(tempfile.mkdtemp(prefix="alertd-bench-"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._target.close()
        self._hook.close()
        shutil.rmtree(self._folder)

    @contextmanager
    def stack(self, contestant: Contestant, scene: Scene) -> Iterator[Stack]:
        """A contestant in a scene of which nothing is left afterwards; the receiver has heard of nothing yet."""
        self.sink.forget()
        folder = self._folder / contestant.name
        folder.mkdir()
        try:
            with Stack(contestant, scene, folder, self._target.port, self._hook.port) as stack:
                yield stack
        finally:
            shutil.rmtree(folder)


def compare(
    title: str, note: str, rows: Sequence[Row], measure: Callable[[Contestant], Figures], arena: Arena
) -> Report:
    """Measure everybody, one after the other."""
    results = {}
    for contestant in arena.contestants:
        results[contestant.name] = undisturbed(
            f"{title}: {contestant.name}", partial(measure, contestant), arena.plan.attempts
        )
    return Report(title, note, (*rows, DISTURBANCE), results)


def undisturbed(what: str, measure: Callable[[], Figures], attempts: int) -> Figures:
    """Measure, and again while something else kept the machine busy; the attempt that was disturbed least."""
    found: list[dict[str, float | None]] = []
    for attempt in range(attempts):
        say(what if not attempt else f"{what}, again: the machine was busy with something else")
        began, before = time.monotonic(), others()
        figures = measure()
        disturbance = max(0.0, others() - before) / (time.monotonic() - began)
        found.append({**figures, DISTURBANCE.key: disturbance})
        if disturbance < _QUIET:
            break
    return min(found, key=lambda figures: figures[DISTURBANCE.key] or 0)
