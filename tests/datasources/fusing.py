"""A server that understands fused queries, as a datasource; what it answers to each expression a test says."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from alertd.core.labels import Labels
from alertd.core.samples import Answer, Sample
from alertd.datasources.fusion import CANARY, MARK
from alertd.errors import QueryError, QueryFailure
from alertd.testing import FakeDatasource

_TERM = re.compile(rf'label_replace\(\(\n(.*?)\n\), "{MARK}", "(\d+)", "", ""\)', re.DOTALL)


class FusingServer(FakeDatasource):
    """`queries` has every query as it came. With `most` it cannot compute more expressions than that at once.

    What is in `unmarked` it refuses to mark; `seconds` is how long an expression takes it.
    """

    most = 1000
    understands = True

    def __init__(self) -> None:
        super().__init__("main")
        self.queries: list[str] = []
        self.unmarked: set[str] = set()
        self.seconds: dict[str, float] = {}
        for number, expr in enumerate(CANARY, 1):
            self.set(expr, Sample(Labels(), float(number)))

    def answer(self, expr: str, answer: Answer | QueryError) -> None:
        """This expression is answered so from now on."""
        self._answers[expr] = answer

    async def query(self, exprs: Sequence[str], at: datetime) -> Sequence[Answer | QueryError]:
        self.queries += exprs
        return [await self._answer(expr, at) for expr in exprs]

    async def _answer(self, expr: str, at: datetime) -> Answer | QueryError:
        terms = _TERM.findall(expr)
        if not terms:
            (single,) = await super().query([expr], at)
            return self._timed(single, [expr])
        if len(terms) > self.most:
            return QueryError("execution: too many samples", QueryFailure.EXECUTION)
        exprs = [inner for inner, _ in terms]
        if self.unmarked.intersection(exprs):
            return QueryError("bad_data: that has no labels", QueryFailure.BAD_QUERY)
        return self._timed(self._joined(terms, await super().query(exprs, at)), exprs)

    def _timed(self, answer: Answer | QueryError, exprs: Sequence[str]) -> Answer | QueryError:
        seconds = sum(self.seconds.get(expr, 0.0) for expr in exprs)
        return replace(answer, seconds=seconds) if isinstance(answer, Answer) else answer

    def _joined(self, terms: list[tuple[str, str]], answers: Sequence[Answer | QueryError]) -> Answer | QueryError:
        samples: list[Sample] = []
        remarks: list[str] = []
        for (_, number), answer in zip(terms, answers, strict=True):
            if isinstance(answer, QueryError):
                return QueryError(f"{answer} in a fused query", answer.failure)
            mark = {MARK: number} if self.understands else {}
            samples += [Sample(one.labels.merged(mark), one.value, one.histogram) for one in answer.samples]
            remarks += answer.warnings
        return Answer(tuple(samples), tuple(remarks))
