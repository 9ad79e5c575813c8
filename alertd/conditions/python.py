"""PythonConditions: the daemon's way to the functions in Python that decide in place of a query."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from alertd.conditions import wire
from alertd.conditions.errand import Errand, Living
from alertd.conditions.gate import Gate
from alertd.conditions.lane import Lane, Verdict
from alertd.conditions.limits import Limits
from alertd.conditions.output import Output
from alertd.core.labels import Labels
from alertd.core.rules import Rule
from alertd.core.samples import Answer, Sample, Skipped
from alertd.errors import Problem, QueryError, QueryFailure
from alertd.ports import UNTRACED, Clock, Tracer

_STARTS = 4  # workers that are started at the same time, where nobody waits for them


class PythonConditions:
    """A warm worker process for every file; files never wait for each other. Implements ports.Conditions.

    `gates` are the datasources by name, the first one also by none. `alive` gives the alerts that are pending or
    firing, `output` takes what conditions print.
    """

    def __init__(
        self,
        *,
        gates: Mapping[str, Gate],
        clock: Clock,
        output: Output,
        alive: Living = tuple,
        limits: Limits | None = None,
        tracer: Tracer = UNTRACED,
    ) -> None:
        self.gates, self._tracer = gates, tracer
        self._clock, self._output, self._alive = clock, output, alive
        self._limits = limits or Limits()
        self._lanes: dict[str, Lane] = {}  # the one used last stands last
        self._abandoned: list[Lane] = []
        self._starts = asyncio.Semaphore(_STARTS)
        self._closed = False

    async def call(self, rule: Rule, at: datetime) -> Answer | Skipped | QueryError:
        """What the rule's function says of this instant. Errors are returned, not raised."""
        with self._tracer.span("alertd.condition", {"alertd.rule": rule.name}) as span:
            answer = await self._call(rule, at)
            if isinstance(answer, QueryError):
                span.fail(str(answer), "QueryError")
            return answer

    async def _call(self, rule: Rule, at: datetime) -> Answer | Skipped | QueryError:
        script = rule.script
        if script is None:
            return QueryError("the rule names no function", QueryFailure.BAD_QUERY)
        if self._closed:
            return QueryError("conditions are not called any more", QueryFailure.EXECUTION)
        lane = self._lane(script.path)
        gate = self.gates.get(rule.datasource)
        try:
            verdict = await lane.call(rule, script, at, lambda left: Errand(gate, self._alive, at, left, self._limits))
        except QueryError as error:
            return error
        finally:
            self._thin()
        return _read(verdict)

    async def inspect(self, rules: Iterable[Rule]) -> Sequence[Problem]:
        """What only running the files can tell: that they can be imported, and take the parameters."""
        found: dict[int, list[Problem]] = {}
        async with asyncio.TaskGroup() as tasks:
            for index, rule in enumerate(rules):
                tasks.create_task(self._inspect(rule, found.setdefault(index, [])))
        return [problem for index in sorted(found) for problem in found[index]]

    async def warm(self, rules: Iterable[Rule]) -> None:
        """Have a worker for every file of these rules, and for no other. What cannot be started says so when called."""
        paths = {rule.script.path for rule in rules if rule.script}
        for path in self._lanes.keys() - paths:
            lane = self._lanes.pop(path)
            lane.abandon()
            self._abandoned.append(lane)
        self._abandoned = [lane for lane in self._abandoned if not lane.ended]
        async with asyncio.TaskGroup() as tasks:
            for path in sorted(paths)[: self._limits.workers]:
                tasks.create_task(self._warm(path))

    async def aclose(self) -> None:
        """End every process. The gates stay open: who made them closes them."""
        self._closed = True
        lanes = [*self._lanes.values(), *self._abandoned]
        await asyncio.gather(*(lane.aclose() for lane in lanes))

    async def _warm(self, path: str) -> None:
        async with self._starts:
            try:
                await self._lane(path).warm_up()
            except QueryError:
                return

    async def _inspect(self, rule: Rule, found: list[Problem]) -> None:
        if rule.script is None:
            return
        try:
            async with self._starts:
                problems = await self._lane(rule.script.path).inspect(rule.script)
        except QueryError as error:
            problems = [(str(error), "")]
        for text, hint in problems:
            found.append(Problem(f"python: {text}", rule.file, rule.line, 0, rule.group, rule.name, hint))

    def _lane(self, path: str) -> Lane:
        lane = self._lanes.pop(path, None) or Lane(path, self._limits, self._clock, self._output)
        self._lanes[path] = lane
        return lane

    def _thin(self) -> None:
        """Not more warm workers than are worth their memory; those not called for longest go."""
        warm = [lane for lane in self._lanes.values() if lane.warm]
        for lane in warm[: max(len(warm) - self._limits.workers, 0)]:
            if not lane.busy:
                lane.retire()


def _read(verdict: Verdict) -> Answer | Skipped | QueryError:
    if isinstance(verdict, wire.Passed):
        return Skipped(verdict.reason)
    if isinstance(verdict, wire.Failed):
        return QueryError(verdict.message, _failure(verdict.failure))
    try:
        samples = [Sample(Labels(labels), float(value), "", notes) for labels, value, notes in verdict.samples]
    except ValueError as error:  # only a worker that is not ours any more says so
        return QueryError(f"a sample has no number for a value: {error}", QueryFailure.EXECUTION)
    return Answer(tuple(samples), tuple(verdict.warnings))


def _failure(name: str) -> QueryFailure:
    try:
        return QueryFailure(name)
    except ValueError:
        return QueryFailure.EXECUTION
