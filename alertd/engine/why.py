"""Why: gathers what the history and the engine know of an alert, and lets the core tell it as a story."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from alertd.config.comparisons import Comparison, comparisons
from alertd.core import durations
from alertd.core.absence import Candidate, Near, account, could_make, unknown
from alertd.core.alerts import Alert
from alertd.core.history import (
    ITSELF,
    Entry,
    Seen,
    What,
    of_alert,
    of_datasource,
    of_group,
    of_rule,
    of_silence,
)
from alertd.core.labels import Labels
from alertd.core.matchers import Matcher
from alertd.core.outlook import Place, Present, farewell, foretell
from alertd.core.rules import Rule, RuleGroup
from alertd.core.samples import Answer, Sample
from alertd.core.story import Chapter, Past, Question, Sentence, Story, tell
from alertd.engine import selfrules
from alertd.engine.engine import Engine
from alertd.ports import Clock, History

_DAY = timedelta(days=1)
_ROWS = 1000  # of one subject
_ALERTS = 10  # that have a chapter each
_CANDIDATES = 100  # alerts that are looked at
_KNOWN = 20_000  # alerts among which a fingerprint or labels are looked for
_RULES = 10  # that are asked how close they came
_PATIENCE = 10.0  # seconds for that
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

Rules = Mapping[str, tuple[Rule, RuleGroup]]


@dataclass(frozen=True, slots=True)
class _Subject:
    """An alert somebody asks for: what it is now, if it is, and the rule that made it."""

    labels: Labels
    rule: str
    at: datetime
    alert: Alert | None = None


class Why:
    """Answers questions."""

    def __init__(self, engine: Engine, store: History, clock: Clock) -> None:
        self._engine, self._store, self._clock = engine, store, clock

    async def answer(self, question: Question) -> Story:
        """The story. Raises StoreError."""
        now = self._clock.now()
        at = question.at or now
        rules = {rule.key: (rule, group) for group in self._engine.board.groups for rule in group.rules}
        found = [] if question.rule else await self._subjects(question)
        chapters: list[Chapter] = []
        for subject in found[:_CANDIDATES]:
            chapter = await self._chapter(subject, rules, question, at)
            if chapter.sentences and len(chapters) < _ALERTS:
                chapters.append(chapter)
        if chapters:
            return Story(tuple(chapters), more=max(0, len(found) - len(chapters)))
        return await self._nothing(question, rules, at)

    # Alerts.

    async def _subjects(self, question: Question) -> Sequence[_Subject]:
        """Those that are asked for, the firing ones first, then those heard of last."""
        alerts = list(self._engine.board.all())
        alive = question.fingerprint and any(_fits(question, alert.labels) for alert in alerts)
        seen = () if alive else await self._store.seen(question.name, _KNOWN)
        return await asyncio.to_thread(_chosen, question, seen, alerts)

    async def _chapter(self, subject: _Subject, rules: Rules, question: Question, at: datetime) -> Chapter:
        rule = rules.get(subject.rule)
        own = await self._store.recall([of_alert(subject.labels)], _BEGINNING, at, _ROWS)
        places = self._places(subject.alert) if subject.alert else ()
        since = at - question.since
        if subject.alert and question.at is None:
            since = min(since, subject.alert.active_at)
        names = {place.group.key for place in places} | {one.facts["group"] for one in own if "group" in one.facts}
        others = await self._others(names, rule[0] if rule else None, own, since, at)
        silences = {one.id: one for one in self._engine.silencer.list()}
        entries = sorted((*own, *others), key=lambda entry: (entry.at, _ORDER[entry.what]))
        past = Past(subject.labels, entries, silences, rule[0].name if rule else "")
        sentences = tell(past, since)
        if subject.alert and question.at is None:
            sentences += self._now(subject.alert, rule, places, at)
        elif sentences and question.at is None:
            sentences += farewell(past, at)
        return Chapter(repr(subject.labels), subject.labels, sentences)

    def _places(self, alert: Alert) -> Sequence[Place]:
        standing, now = self._engine.dispatcher.standing(alert.id), self._clock.now()
        mutes = self._engine.mutes
        return [Place(group, lines, mutes.verdict(alert, group.route, now)) for group, lines in standing]

    async def _others(
        self, groups: Iterable[str], rule: Rule | None, own: Sequence[Entry], since: datetime, at: datetime
    ) -> Sequence[Entry]:
        """The rows about others that may concern an alert; of its groups also those before, as answers need them."""
        silences = {name for one in own if one.what is What.MUTED for name in one.facts["silenced"]}
        around = [ITSELF, *([of_rule(rule.key), of_datasource(self._source(rule))] if rule else [])]
        of_groups = await self._store.recall(list(map(of_group, sorted(groups))), since - _DAY, at, _ROWS)
        of_silences = await self._store.recall(list(map(of_silence, sorted(silences))), _BEGINNING, at, _ROWS)
        return [*of_groups, *of_silences, *await self._store.recall(around, since, at, _ROWS)]

    def _source(self, rule: Rule) -> str:
        known = self._engine.sources.datasources.get(rule.datasource)
        return known.name if known else rule.datasource

    def _now(
        self, alert: Alert, rule: tuple[Rule, RuleGroup] | None, places: Sequence[Place], now: datetime
    ) -> tuple[Sentence, ...]:
        status = self._engine.board.status(alert.rule) if rule else None
        silences = {one.id: one for one in self._engine.silencer.list()}
        present = Present(
            alert,
            rule[0] if rule else None,
            status.evaluated_at if status else None,
            status.error if status else "",
            places,
            silences,
        )
        return foretell(present, now)

    # No alerts.

    async def _nothing(self, question: Question, rules: Rules, at: datetime) -> Story:
        name = question.rule or question.name
        if question.fingerprint:
            return Story(answer=(f"no alert has the fingerprint {question.fingerprint}, or had it not long ago",))
        made = [pair for pair in rules.values() if _could(pair[0], question)]
        if name and not any(pair[0].name == name for pair in rules.values()):
            known = [*(pair[0].name for pair in rules.values()), *(one.name for one in self._engine.board.all())]
            return Story(answer=unknown(name, known))
        chapters = [await self._about_rule(rule, question, at) for rule, _ in made[:_RULES]]
        candidates = await asyncio.gather(*(self._candidate(*pair, question, at) for pair in made[:_RULES]))
        rest = [Candidate(rule) for rule, _ in made[_RULES:]]
        told = tuple(chapter for chapter in chapters if chapter.sentences)
        answer = account([*candidates, *rest], at - question.since, at, self._clock.now())
        alive = sum(len(self._engine.board.status(rule.key).alerts) for rule, _ in made) if question.rule else 0
        return Story(told, (f"alerts of it that are pending or firing now: {alive}",) if alive else answer)

    async def _about_rule(self, rule: Rule, question: Question, at: datetime) -> Chapter:
        subjects = [of_rule(rule.key), of_datasource(self._source(rule))]
        entries = await self._store.recall(subjects, at - question.since, at, _ROWS)
        first = Past(Labels({"alertname": rule.name}), entries, rule=rule.name, whole=True)
        return Chapter(f"rule {rule.name} ({rule.file}, group {rule.group})", None, tell(first, at - question.since))

    async def _candidate(self, rule: Rule, group: RuleGroup, question: Question, at: datetime) -> Candidate:
        status = self._engine.board.status(rule.key)
        error, seen_at = status.error, status.evaluated_at
        if rule.datasource == selfrules.NAME:
            return Candidate(rule, said=await self._of_itself(rule, at), error=error, evaluated_at=seen_at)
        compared = () if rule.when or rule.script else comparisons(rule.expr)
        if not compared or not rule.enabled:
            return Candidate(rule, (), _unasked(rule), error, seen_at)
        try:
            async with asyncio.timeout(_PATIENCE):
                exprs = [one.expr for one in compared]
                answers = await self._engine.sources.query(rule.datasource, exprs, at - group.query_offset)
        except TimeoutError:
            return Candidate(rule, (), f"no answer within {_PATIENCE:g} s", error, seen_at)
        failed = next((str(one) for one in answers if not isinstance(one, Answer)), "")
        if failed:
            return Candidate(rule, (), failed, error, seen_at)
        wanted = [one for one in question.matchers if one.name != "alertname" and one.name not in rule.labels]
        near = [
            _nearest(one, reply.samples, wanted)
            for one, reply in zip(compared, answers, strict=True)
            if isinstance(reply, Answer)
        ]
        return Candidate(rule, tuple(near), "", error, seen_at)

    async def _of_itself(self, rule: Rule, at: datetime) -> str:
        """What alertd knows of the trouble that one of its own rules is about."""
        (reply,) = await self._engine.sources.query(rule.datasource, [rule.expr], at)
        samples = reply.samples if isinstance(reply, Answer) else ()
        known = [one.annotations.get("error", "") for one in samples]
        every = durations.format(selfrules.GROUP.interval)
        seen = f"has something to tell as of now: {'; '.join(known[:_RULES])}" if known else "sees no such trouble now"
        return f"watches alertd itself, every {every}, and {seen}"


_FIRST = (What.STARTED, What.RELOADED, What.SILENCE, What.ANSWERS, What.RULE, What.STATE, What.GROUPED, What.MUTED)
_ORDER = {what: index for index, what in enumerate(dict.fromkeys((*_FIRST, What.WITHDRAWN, What.MESSAGE, *What)))}


def _chosen(question: Question, seen: Iterable[Seen], alerts: Iterable[Alert]) -> Sequence[_Subject]:
    chosen: dict[str, _Subject] = {}
    for one in seen:
        if _fits(question, one.labels):
            chosen[one.labels.key] = _Subject(one.labels, one.rule, one.at)
    for alert in sorted(alerts, key=lambda one: (one.firing, not one.resolved)):  # what is most alive counts
        if _fits(question, alert.labels):
            chosen[alert.labels.key] = _Subject(alert.labels, alert.rule, alert.active_at, alert)
    return sorted(chosen.values(), key=_urgency, reverse=True)


def _fits(question: Question, labels: Labels) -> bool:
    if question.fingerprint:
        return labels.fingerprint == question.fingerprint
    return all(one.matches(labels) for one in question.matchers)


def _urgency(subject: _Subject) -> tuple[bool, bool, datetime, Labels]:
    alert = subject.alert
    return alert is not None and alert.firing, alert is not None, subject.at, subject.labels


def _could(rule: Rule, question: Question) -> bool:
    return rule.name == question.rule if question.rule else could_make(rule, question.matchers)


def _unasked(rule: Rule) -> str:
    if rule.script:
        return f"a function in Python decides ({rule.script.function})"
    if rule.when:
        return "its `when` decides about every series"
    return f"{rule.expr} compares nothing with a number"


def _nearest(comparison: Comparison, samples: Iterable[Sample], wanted: Sequence[Matcher]) -> Near:
    against = f"{comparison.op} {comparison.threshold:.6g}"
    fitting = [one for one in samples if all(matcher.matches(one.labels) for matcher in wanted)]
    fitting = [one for one in fitting if one.value == one.value]  # a NaN is close to nothing
    if not fitting:
        return Near(comparison.expr, against, partial=comparison.partial)
    best = min(fitting, key=lambda one: (comparison.distance(one.value), one.labels))
    held = comparison.holds(best.value)
    return Near(comparison.expr, against, best.value, best.labels, held, comparison.partial)
