"""The evaluator: asks for all rules of a group at one instant, and lets the core make alerts of the answers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alertd.core import grid, lifecycle
from alertd.core.alerts import Transition
from alertd.core.board import Board
from alertd.core.labels import Labels
from alertd.core.rules import OnTrouble, Rule, RuleGroup
from alertd.core.samples import Answer, Sample
from alertd.engine.expansion import Expander
from alertd.errors import QueryError, QueryFailure, StoreError
from alertd.events import AlertChanged, GroupEvaluated, RuleEvaluated, Trouble
from alertd.ports import Clock, Datasource, Observer, Store

Receive = Callable[[Sequence[Transition], datetime], None]
_NO_SUCH = "no datasource is called {!r}; the configuration has {}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an evaluation made of one rule."""

    rule: Rule
    advance: lifecycle.Advance
    samples: int
    warnings: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def said(self) -> tuple[str, ...]:
        """What the server and the templates remarked."""
        return (*self.warnings, *self.remarks)


class Evaluator:
    """Evaluates groups, one instant at a time. `receive` takes the transitions once they are stored."""

    def __init__(self, board: Board, store: Store, receive: Receive, observer: Observer, clock: Clock) -> None:
        self._board, self._store, self._receive = board, store, receive
        self._observer, self._clock = observer, clock
        self._datasources: Mapping[str, Datasource] = {}
        self._expander = Expander({}, Labels(), "")
        self._rules: frozenset[str] = frozenset()
        self._has_strays = False  # the store could not be written when their rules were removed
        self._last: dict[str, datetime] = {}
        self._running: set[str] = set()

    async def use(self, groups: Sequence[RuleGroup], datasources: Mapping[str, Datasource], expander: Expander) -> None:
        """Evaluate these groups from now on; the alerts of all other rules end."""
        rules = [rule for group in groups for rule in group.rules if rule.enabled]
        self._datasources, self._expander = datasources, expander
        self._last = {group.key: self._last[group.key] for group in groups if group.key in self._last}
        self._rules = frozenset(rule.key for rule in rules)
        await self._end_strays()

    async def tick(self, group: RuleGroup) -> None:
        """Evaluate the group for its newest instant, once; skipped instants are counted, not caught up."""
        now = self._clock.now()
        at = grid.latest(now, group.interval, grid.offset(group.key, group.interval))
        previous = self._last.get(group.key)
        if at == previous or group.key in self._running:
            return
        self._last[group.key] = at
        self._running.add(group.key)
        begun = self._clock.elapsed()
        try:
            await self.step(group, at)
        finally:
            self._running.discard(group.key)
        skipped = grid.missed(previous, at, group.interval)
        self._observer.notice(GroupEvaluated(group, at, self._clock.elapsed() - begun, now - at, skipped))

    async def step(self, group: RuleGroup, at: datetime) -> None:
        """Ask, decide, store, hand over. If the store fails all stays as it was, and the next instant tries again."""
        begun = self._clock.elapsed()
        with self._observer.span("evaluate", group=group.name):
            rules = [rule for rule in group.rules if rule.enabled]
            answers = await self._ask(rules, at - group.query_offset)
            verdicts = [await self._judge(rule, answer, group, at) for rule, answer in zip(rules, answers, strict=True)]
            transitions = [move for verdict in verdicts for move in verdict.advance.transitions]
            if not await self._record(transitions):
                return
            for verdict in verdicts:
                self._board.apply(verdict.rule.key, verdict.advance.alerts, verdict.advance.transitions)
            self._report(verdicts, at, (self._clock.elapsed() - begun) / max(1, len(rules)))
            self._receive(transitions, at)
        if self._has_strays or not self._rules.issuperset(rule.key for rule in rules):
            await self._end_strays()

    async def _end_strays(self) -> None:
        """End the alerts of rules that are no more, also of one that was just being evaluated as it was removed."""
        now = self._clock.now()
        for rule, alerts in self._board.strays(self._rules).items():
            transitions = lifecycle.ended(alerts, "rule removed", now)
            self._has_strays = not await self._record(transitions)
            if self._has_strays:
                return
            self._board.apply(rule, {}, transitions)
            self._notice_changes(transitions, now)
            self._receive(transitions, now)

    async def _ask(self, rules: Sequence[Rule], at: datetime) -> list[Answer | QueryError]:
        """The answers in the order of the rules; every datasource is asked once, for all its rules."""
        wanted: dict[str, list[int]] = {}
        for index, rule in enumerate(rules):
            wanted.setdefault(rule.datasource, []).append(index)
        answers: list[Answer | QueryError] = [QueryError("not asked", QueryFailure.EXECUTION)] * len(rules)
        asked = [self._query(name, [rules[index].expr for index in indexes], at) for name, indexes in wanted.items()]
        for indexes, found in zip(wanted.values(), await _together(asked), strict=True):
            for index, answer in zip(indexes, found, strict=True):
                answers[index] = answer
        return answers

    async def _query(self, name: str, exprs: Sequence[str], at: datetime) -> Sequence[Answer | QueryError]:
        datasource = self._datasources.get(name)
        if datasource is None:
            unknown = QueryError(_NO_SUCH.format(name, ", ".join(self._datasources)), QueryFailure.BAD_QUERY)
            return [unknown] * len(exprs)
        return await datasource.query(exprs, at)

    async def _judge(self, rule: Rule, answer: Answer | QueryError, group: RuleGroup, at: datetime) -> Verdict:
        before = self._board.status(rule.key).alerts
        if isinstance(answer, QueryError):
            return await self._judge_failure(rule, answer, group, at)
        if not answer.samples and not before:
            return Verdict(rule, lifecycle.Advance(before), 0, answer.warnings)
        made = await self._expander.run(rule, answer.samples, at, at - group.query_offset)
        if made.error:
            return Verdict(rule, lifecycle.Advance(before, error=made.error), len(answer.samples), answer.warnings)
        step = lifecycle.advance(rule, before, made.found, at, group.limit)
        return Verdict(rule, step, len(answer.samples), answer.warnings, made.remarks)

    async def _judge_failure(self, rule: Rule, error: QueryError, group: RuleGroup, at: datetime) -> Verdict:
        before = self._board.status(rule.key).alerts
        if rule.on_error is not OnTrouble.FIRE:
            return Verdict(rule, replace(lifecycle.failed(rule, before, (), at), error=str(error)), 0)
        made = await self._expander.run(rule, (Sample(Labels(), 0.0),), at, at - group.query_offset)
        stand_in = [replace(one, annotations={**one.annotations, "error": str(error)}) for one in made.found]
        return Verdict(rule, replace(lifecycle.failed(rule, before, stand_in, at), error=str(error)), 0)

    async def _record(self, transitions: Sequence[Transition]) -> bool:
        if not transitions:
            return True
        try:
            await self._store.record(transitions)
        except StoreError as error:
            self._observer.notice(Trouble("new states were not stored", str(error)))
            return False
        return True

    def _report(self, verdicts: Sequence[Verdict], at: datetime, share: float) -> None:
        for verdict in verdicts:
            status, error = self._board.status(verdict.rule.key), verdict.advance.error
            status.evaluated_at, status.seconds = at, share
            status.error = error or "; ".join(verdict.remarks)
            self._observer.notice(RuleEvaluated(verdict.rule, at, share, verdict.samples, error, verdict.said))
            self._notice_changes(verdict.advance.transitions, at)

    def _notice_changes(self, transitions: Sequence[Transition], at: datetime) -> None:
        for transition in transitions:
            self._observer.notice(AlertChanged(transition, at))


async def _together(asked: Sequence[Awaitable[Sequence[Answer | QueryError]]]) -> list[Sequence[Answer | QueryError]]:
    if len(asked) == 1:
        return [await asked[0]]
    return list(await asyncio.gather(*asked))
