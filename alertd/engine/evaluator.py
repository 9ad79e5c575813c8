"""The evaluator: asks for all rules of a group at one instant, and lets the core make alerts of the answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alertd.core import grid, lifecycle, posted, traces
from alertd.core.alerts import Transition
from alertd.core.board import Board
from alertd.core.instantiate import Instance
from alertd.core.judging import judge
from alertd.core.labels import Labels
from alertd.core.rules import OnTrouble, Rule, RuleGroup
from alertd.core.samples import Answer, Sample, Skipped, are_plain
from alertd.engine.asking import Reply, Sources
from alertd.engine.expansion import Expander
from alertd.errors import QueryError, StoreError
from alertd.events import AlertChanged, GroupEvaluated, Kind, RuleEvaluated, RulesEvaluated, Trouble
from alertd.ports import Attributes, Clock, Observer, Span, Store

Receive = Callable[[Sequence[Transition], datetime], None]
_MOST_EVENTS = 50  # changes of one evaluation
_NO_DATA = "no data: the expression returned series before, and returns none now"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an evaluation made of one rule. `said`: what the server, the script and the templates remarked.

    Of the samples their number is left, so that they need not be kept until all is stored.
    """

    rule: Rule
    advance: lifecycle.Advance
    samples: int = 0
    values: Mapping[Labels, float] | None = None  # of the samples, if the rule will ask for them
    said: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()  # those of `said` that are somebody's to mend
    blind: bool = False  # nobody answered, which is not the rule's fault
    texts: object = None  # who made all annotations, if nothing was wrong with any


class Evaluator:
    """Evaluates groups, one instant at a time. `receive` takes the transitions once they are stored."""

    def __init__(self, board: Board, store: Store, receive: Receive, observer: Observer, clock: Clock) -> None:
        self._board, self._store, self._receive = board, store, receive
        self._observer, self._clock = observer, clock
        self._sources = Sources()
        self._expander = Expander(self._sources, Labels(), "")
        self._rules: frozenset[str] = frozenset()
        self._has_strays = False  # the store could not be written when their rules were removed
        self._last: dict[tuple[str, str], datetime] = {}
        self._running: set[tuple[str, str]] = set()

    async def use(self, groups: Sequence[RuleGroup], sources: Sources, expander: Expander) -> None:
        """Evaluate these groups from now on; the alerts of all other rules end."""
        rules = [rule for group in groups for rule in group.rules if rule.enabled]
        self._sources, self._expander = sources, expander
        parts = [part.id for group in groups for part in group.parts]
        self._last = {part: self._last[part] for part in parts if part in self._last}
        self._rules = frozenset((posted.RULE, *(rule.key for rule in rules)))
        await self._end_strays()

    async def tick(self, group: RuleGroup) -> None:
        """Evaluate the group, or part of one, for its newest instant, once; skipped ones are counted, not caught up."""
        now = self._clock.now()
        at = grid.latest(now, group.interval, grid.offset(group.key, group.interval))
        previous = self._last.get(group.id)
        if at == previous or group.id in self._running:
            return
        self._last[group.id] = at
        self._running.add(group.id)
        begun = self._clock.elapsed()
        try:
            trace = await self.step(group, at)
        finally:
            self._running.discard(group.id)
        skipped = grid.missed(previous, at, group.interval)
        self._observer.notice(GroupEvaluated(group, at, self._clock.elapsed() - begun, now - at, skipped, trace))

    async def step(self, group: RuleGroup, at: datetime) -> str:
        """Ask, decide, store, hand over; the trace of it. If the store fails all stays, until the next instant."""
        begun = self._clock.elapsed()
        rules = [rule for rule in group.rules if rule.enabled]
        about: Attributes = {"alertd.group": group.name, "alertd.file": group.file, "alertd.rules": len(rules)}
        with self._observer.span("alertd.evaluate group", about, parent="") as span:
            verdicts = self._followed(await self._verdicts(rules, group, at), span)
            transitions = [move for verdict in verdicts for move in verdict.advance.transitions]
            if not await self._record(transitions):
                span.fail("new states were not stored", "StoreError")
                return self._observer.here()
            for verdict in verdicts:
                self._board.apply(verdict.rule.key, verdict.advance.alerts, verdict.advance.transitions)
            self._report(rules, verdicts, at, (self._clock.elapsed() - begun) / max(1, len(rules)))
            self._receive(transitions, at)
            trace = self._observer.here()
        if self._has_strays or not self._rules.issuperset(verdict.rule.key for verdict in verdicts):
            await self._end_strays()
        return trace

    async def _verdicts(self, rules: Sequence[Rule], group: RuleGroup, at: datetime) -> list[Verdict]:
        """What becomes of all but those rules that are quiet: most, most of the time."""
        replies = await self._sources.ask(rules, at - group.query_offset)
        loud = [pair for pair in zip(rules, replies, strict=True) if not self._is_quiet(*pair)]
        return [await self._judge(rule, reply, group, at) for rule, reply in loud]

    def _followed(self, verdicts: list[Verdict], span: Span) -> list[Verdict]:
        """Say what the evaluation came to; every change is caused by it."""
        if not self._observer.here():
            return verdicts
        moves = [move for verdict in verdicts for move in verdict.advance.transitions]
        if failed := [verdict for verdict in verdicts if verdict.advance.error]:
            span.fail(f"{len(failed)} rules failed: {failed[0].rule.name}: {failed[0].advance.error}", "RuleError")
        if moves:
            span.keep()
        samples = sum(verdict.samples for verdict in verdicts)
        span.note({"alertd.samples": samples, "alertd.transitions": len(moves), "alertd.failed": len(failed)})
        for move in moves[:_MOST_EVENTS]:
            span.event("alertd.transition", _moved(move))
        cause = self._observer.here()  # only now does it say whether the trace is kept
        return [replace(verdict, advance=traces.caused(verdict.advance, cause)) for verdict in verdicts]

    async def _end_strays(self) -> None:
        """End the alerts of rules that are no more, also of one that was just being evaluated as it was removed."""
        now = self._clock.now()
        for rule, alerts in self._board.strays(self._rules).items():
            with self._observer.span("alertd.end alerts", {"alertd.reason": "rule removed"}, keep=True):
                ended = lifecycle.Advance({}, lifecycle.ended(alerts, "rule removed", now))
                transitions = traces.caused(ended, self._observer.here()).transitions
                self._has_strays = not await self._record(transitions)
            if self._has_strays:
                return
            self._board.apply(rule, {}, transitions)
            self._notice_changes(transitions, now)
            self._receive(transitions, now)

    def _is_quiet(self, rule: Rule, reply: Reply) -> bool:
        """Whether there is nothing to decide: nothing was there, and nothing is."""
        if not isinstance(reply, Answer) or reply.samples or reply.warnings or reply.partial:
            return False
        status = self._board.status(rule.key)
        return not (status.alerts or (rule.when and status.had_data))

    async def _judge(self, rule: Rule, reply: Reply, group: RuleGroup, at: datetime) -> Verdict:
        if isinstance(reply, QueryError):
            return await self._judge_failure(rule, reply, group, at)
        status = self._board.status(rule.key)
        if isinstance(reply, Skipped):
            return Verdict(rule, lifecycle.Advance(status.alerts), said=(f"skipped: {reply.reason}",))
        if not (reply.samples or reply.partial) and rule.when and (status.had_data or status.alerts):
            return await self._judge_silence(rule, reply, group, at)
        if not reply.samples and not status.alerts:
            return Verdict(rule, lifecycle.Advance(status.alerts), said=reply.warnings)
        return await self._judge_samples(rule, reply, group, at)

    async def _judge_samples(self, rule: Rule, answer: Answer, group: RuleGroup, at: datetime) -> Verdict:
        status, samples = self._board.status(rule.key), answer.samples
        judged = judge(rule.when, status.alerts, status.values, at)
        texts: object = rule, self._expander
        same = status.texts == texts and not rule.when
        made = await self._expander.run(
            rule, samples, at, at - group.query_offset, judged, status.alerts, same_texts=same
        )
        if made.error:
            step = lifecycle.Advance(status.alerts, error=made.error)
            return Verdict(rule, step, len(samples), _values(rule, samples), answer.warnings)
        held = made.held.union(status.alerts.keys() - made.seen) if answer.partial else made.held
        made = replace(made, seen=())  # there may be very many
        step = lifecycle.advance(rule, status.alerts, made.found, at, group.limit, held)
        said = (*answer.warnings, *made.remarks)
        if not are_plain(samples):  # the alerts do not remember what else there is
            texts = None
        texts = None if made.remarks or held else texts
        return Verdict(rule, step, len(samples), _values(rule, samples), said, made.remarks, texts=texts)

    async def _judge_silence(self, rule: Rule, answer: Answer, group: RuleGroup, at: datetime) -> Verdict:
        stand_in = await self._stand_in(rule, rule.on_no_data, _NO_DATA, group, at)
        step = lifecycle.without_data(rule, self._board.status(rule.key).alerts, stand_in, at)
        return Verdict(rule, step, said=(*answer.warnings, _NO_DATA), remarks=(_NO_DATA,))

    async def _judge_failure(self, rule: Rule, error: QueryError, group: RuleGroup, at: datetime) -> Verdict:
        stand_in = await self._stand_in(rule, rule.on_error, str(error), group, at)
        step = lifecycle.failed(rule, self._board.status(rule.key).alerts, stand_in, at)
        return Verdict(rule, replace(step, error=str(error)), blind=error.blind)

    async def _stand_in(
        self, rule: Rule, reaction: OnTrouble, error: str, group: RuleGroup, at: datetime
    ) -> Sequence[Instance]:
        """The alert that fires in place of those nobody can tell, if the rule wants one."""
        if reaction is not OnTrouble.FIRE:
            return ()
        sample = Sample(Labels(), 0.0, annotations={"error": error})
        return (await self._expander.run(rule, (sample,), at, at - group.query_offset)).found

    async def _record(self, transitions: Sequence[Transition]) -> bool:
        if not transitions:
            return True
        try:
            await self._store.record(transitions)
        except StoreError as error:
            self._observer.notice(Trouble("new states were not stored", str(error), Kind.STATE))
            return False
        return True

    def _report(self, rules: Sequence[Rule], verdicts: Sequence[Verdict], at: datetime, share: float) -> None:
        self._board.evaluated((rule.key for rule in rules), at, share)
        for verdict in verdicts:
            self._note_status(verdict)
        self._observer.notice(RulesEvaluated(rules, at, share, tuple(map(_told, verdicts))))
        for verdict in verdicts:
            self._notice_changes(verdict.advance.transitions, at)

    def _note_status(self, verdict: Verdict) -> None:
        status = self._board.status(verdict.rule.key)
        status.texts = verdict.texts
        status.error = verdict.advance.error or "; ".join(verdict.remarks)
        if verdict.samples and verdict.rule.when:
            status.had_data = True
            status.values = verdict.values or {}

    def _notice_changes(self, transitions: Sequence[Transition], at: datetime) -> None:
        for transition in transitions:
            self._observer.notice(AlertChanged(transition, at))


def _values(rule: Rule, samples: Sequence[Sample]) -> Mapping[Labels, float] | None:
    if rule.when is None or not rule.when.uses_previous:
        return None
    return {sample.labels: sample.value for sample in samples}


def _moved(move: Transition) -> Attributes:
    before, after = move.before, move.after
    alert = after or before
    return {
        "alertd.labels": repr(alert.labels) if alert else "",
        "alertd.before": before.state if before else "inactive",
        "alertd.after": after.state if after else "inactive",
    }


def _told(verdict: Verdict) -> RuleEvaluated:
    return RuleEvaluated(verdict.rule, verdict.samples, verdict.advance.error, verdict.said, verdict.blind)
