"""Expansion of a rule's templates, with the queries that some templates ask for while they are being expanded."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alertd.core.instantiate import NOBODY, Alerts, Instances, instantiate
from alertd.core.judging import Judge, always
from alertd.core.labels import Labels
from alertd.core.rules import Rule
from alertd.core.samples import Answer, Sample
from alertd.engine.asking import Sources
from alertd.errors import QueryError, TemplateError
from alertd.templating.rules import QueryNeeded, RuleData, expand

_MOST_QUERIES = 1000  # that the templates of one rule may ask for at one instant
_MANY = 1000  # samples, whose expansion would keep everybody else waiting
_Found = Sequence[tuple[Mapping[str, str], float]]


@dataclass
class _Asked:
    """The queries of a rule's templates: those answered, and those that are needed next, in order."""

    answers: dict[str, _Found | QueryError] = field(default_factory=dict)
    needed: dict[str, None] = field(default_factory=dict)

    def note(self, expr: str) -> None:
        if expr not in self.needed and len(self.answers) + len(self.needed) >= _MOST_QUERIES:
            raise TemplateError(f"the templates of this rule ask for more than {_MOST_QUERIES} queries")
        self.needed[expr] = None


class Expander:
    """Makes instances of samples. A template that queries is expanded again once the answer is there."""

    def __init__(self, sources: Sources, external_labels: Labels, external_url: str) -> None:
        self._sources, self._labels, self._url = sources, external_labels, external_url

    async def run(
        self,
        rule: Rule,
        samples: Sequence[Sample],
        now: datetime,
        at: datetime,
        judge: Judge = always,
        known: Alerts = NOBODY,
    ) -> Instances:
        """The instances of these samples; templates see `now` as the time and query for `at`. See `instantiate`."""
        asked = _Asked()
        while True:
            made = await self._instantiate(rule, samples, now, judge, known, asked)
            if not asked.needed:
                return made
            await self._answer(rule.datasource, asked, at)

    async def _instantiate(
        self, rule: Rule, samples: Sequence[Sample], now: datetime, judge: Judge, known: Alerts, asked: _Asked
    ) -> Instances:
        def expand_one(text: str, sample: Sample) -> str:
            return self._expand(text, sample, now, asked)

        if len(samples) < _MANY:
            return instantiate(rule, samples, expand_one, judge, known)
        return await asyncio.to_thread(instantiate, rule, samples, expand_one, judge, known)  # others go on meanwhile

    def _expand(self, text: str, sample: Sample, now: datetime, asked: _Asked) -> str:
        answers = asked.answers
        data = RuleData(
            labels=sample.labels,
            value=sample.value,
            external_labels=self._labels,
            external_url=self._url,
            now=now,
            answers={expr: answer for expr, answer in answers.items() if not isinstance(answer, QueryError)},
            value_text=sample.histogram,
        )
        try:
            return expand(text, data)
        except QueryNeeded as query:
            failed = answers.get(query.expr)
            if isinstance(failed, QueryError):
                raise TemplateError(f"query {query.expr!r}: {failed}") from None
            asked.note(query.expr)
            return ""  # for now: it is expanded again once the answer is there

    async def _answer(self, datasource: str, asked: _Asked, at: datetime) -> None:
        exprs = list(asked.needed)
        asked.needed.clear()
        for expr, answer in zip(exprs, await self._sources.query(datasource, exprs, at), strict=True):
            asked.answers[expr] = answer if isinstance(answer, QueryError) else _found(answer)


def _found(answer: Answer) -> _Found:
    return [(sample.labels, sample.value) for sample in answer.samples]
