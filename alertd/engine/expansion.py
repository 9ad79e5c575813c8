"""Expansion of a rule's templates, with the queries that some templates ask for while they are being expanded."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from alertd.core.instantiate import Instances, instantiate
from alertd.core.judging import Judge, always
from alertd.core.labels import Labels
from alertd.core.rules import Rule
from alertd.core.samples import Sample
from alertd.engine.asking import Sources
from alertd.errors import QueryError, TemplateError
from alertd.templating.rules import QueryNeeded, RuleData, expand

_MOST_QUERIES = 50  # that the templates of one rule may ask for at one instant
_Found = Sequence[tuple[Mapping[str, str], float]]


class Expander:
    """Makes instances of samples. A template that queries is expanded again once the answer is there."""

    def __init__(self, sources: Sources, external_labels: Labels, external_url: str) -> None:
        self._sources, self._labels, self._url = sources, external_labels, external_url

    async def run(
        self, rule: Rule, samples: Sequence[Sample], now: datetime, at: datetime, judge: Judge = always
    ) -> Instances:
        """The instances of these samples; templates see `now` as the time and query for `at`."""
        answers: dict[str, _Found | QueryError] = {}
        while True:
            try:
                return instantiate(rule, samples, lambda text, sample: self._expand(text, sample, now, answers), judge)
            except QueryNeeded as needed:
                if len(answers) >= _MOST_QUERIES:
                    return Instances(error=f"its templates ask for more than {_MOST_QUERIES} queries")
                answers[needed.expr] = await self._query(rule.datasource, needed.expr, at)

    def _expand(self, text: str, sample: Sample, now: datetime, answers: Mapping[str, _Found | QueryError]) -> str:
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
        except QueryNeeded as needed:
            failed = answers.get(needed.expr)
            if isinstance(failed, QueryError):
                raise TemplateError(f"query {needed.expr!r}: {failed}") from None
            raise

    async def _query(self, datasource: str, expr: str, at: datetime) -> _Found | QueryError:
        (answer,) = await self._sources.query(datasource, [expr], at)
        if isinstance(answer, QueryError):
            return answer
        return [(sample.labels, sample.value) for sample in answer.samples]
