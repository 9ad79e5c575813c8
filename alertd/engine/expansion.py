"""Expansion of a rule's templates, with the queries that some templates ask for while they are being expanded."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from alertd.core.instantiate import NOBODY, Alerts, Expand, Instances, instantiate
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
        *,
        same_texts: bool = True,
    ) -> Instances:
        """The instances of these samples; templates see `now` as the time and query for `at`. See `instantiate`."""
        asked = _Asked()
        while True:
            expand_one = partial(self._expand, now=now, asked=asked)
            made = await _instantiate(rule, samples, expand_one, judge, known, same_texts=same_texts)
            if not asked.needed:
                return made
            await self._answer(rule.datasource, asked, at)

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


async def _instantiate(
    rule: Rule, samples: Sequence[Sample], expand_one: Expand, judge: Judge, known: Alerts, *, same_texts: bool
) -> Instances:
    act = partial(instantiate, rule, samples, expand_one, judge, known, same_texts=same_texts)
    return act() if len(samples) < _MANY else await asyncio.to_thread(act)  # others go on meanwhile


def _found(answer: Answer) -> _Found:
    return [(sample.labels, sample.value) for sample in answer.samples]
