"""Works of the evaluator: groups of quiet rules, counted or not, but for that as in the daemon."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial

from alertd.config.http import HttpConfig
from alertd.core.board import Board
from alertd.core.labels import Labels
from alertd.core.rules import Rule, RuleGroup
from alertd.core.samples import Answer
from alertd.datasources.fused import FusedDatasource
from alertd.datasources.prometheus import PrometheusDatasource
from alertd.engine.asking import Sources
from alertd.engine.evaluator import Evaluator
from alertd.engine.expansion import Expander
from alertd.engine.history import Recorder
from alertd.engine.selfwatch import Selfwatch
from alertd.engine.watched import Counted, Watched
from alertd.ports import Datasource, Observer
from alertd.store import open_store
from alertd.telemetry.logs import Logs
from alertd.telemetry.metrics import Metrics
from alertd.telemetry.observers import Observers
from alertd.telemetry.readings import Readings
from alertd.telemetry.vitals import Vitals
from alertd.testing import ManualClock
from tests.e2e.bench.works.answering import Answering
from tests.e2e.bench.works.work import NOW, RULE, Do, Work

_SOME, _TICKS, _FUSED = 20, 10, 50


class _Quiet:
    """A datasource whose answers are empty, with nothing on the wire."""

    name = "main"

    async def query(self, exprs: Sequence[str], _: datetime) -> list[Answer]:
        return [Answer(()) for _ in exprs]

    async def aclose(self) -> None:
        """Nothing is open."""


@contextmanager
def evaluating(rules: int, *, asked: bool, counted: bool) -> Iterator[Do]:
    """`asked`: over HTTP, of a server in this process, whose share is among what is counted."""
    clock, store = ManualClock(NOW), open_store("memory")
    metrics = [Metrics(Readings(dict, dict, int))] if counted else []
    observer = Observers(Logs(), *metrics, Selfwatch(), Vitals(clock), Recorder(store, clock))
    evaluator = Evaluator(Board(), store, lambda *_: None, observer, clock)
    group = RuleGroup("g", rules=tuple(_rule(number) for number in range(rules)))

    async def evaluate() -> None:
        for _ in range(_TICKS):
            clock.advance(group.interval)
            await evaluator.tick(group)

    with asyncio.Runner() as runner:
        server = runner.run(_serving())
        url = "http://127.0.0.1:{1}".format(*server.sockets[0].getsockname())
        source: Datasource = Counted(_prometheus(url, observer, clock) if asked else _Quiet(), observer)
        source = Watched(FusedDatasource(source, _FUSED, clock) if asked else source, observer, clock)
        sources = Sources({"": source})
        runner.run(evaluator.use([group], sources, Expander(sources, Labels(), "")))
        yield lambda: runner.run(evaluate())
        runner.run(source.aclose())
        server.close()


async def _serving() -> asyncio.Server:
    return await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)


def _prometheus(url: str, observer: Observer, clock: ManualClock) -> Datasource:
    return PrometheusDatasource(name="main", url=url, clock=clock, http=HttpConfig(), tracer=observer)


def _rule(number: int) -> Rule:
    return replace(RULE, name=f"Rule{number}", group="g", expr=f'up{{instance="host-{number:04}:9100"}} == 0')


def _name(rules: int, *, asked: bool, counted: bool) -> str:
    return (
        f"evaluate {rules} quiet rule{'s' if rules > 1 else ''}{', HTTP included' if asked else ''}, "
        f"{'all' if counted else 'nothing'} counted"
    )


WORKS: Mapping[str, Work] = {
    _name(rules, asked=asked, counted=counted): Work(
        partial(evaluating, rules, asked=asked, counted=counted), _TICKS, "evaluation of the group"
    )
    for rules in (1, _SOME)
    for asked in (False, True)
    for counted in (False, True)
}
