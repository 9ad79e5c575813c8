"""A server that understands fused queries, as a datasource; what it answers to each expression a test says."""

import re
from collections.abc import Sequence
from datetime import datetime

from alertd.core.labels import Labels
from alertd.core.samples import Answer, Sample
from alertd.datasources.fusion import CANARY, MARK
from alertd.errors import QueryError, QueryFailure
from alertd.testing import FakeDatasource

_TERM = re.compile(rf'label_replace\(\(\n(.*?)\n\), "{MARK}", "(\d+)", "", ""\)', re.DOTALL)


class FusingServer(FakeDatasource):
    """`asked` has every query as it came. With `most` it cannot compute more expressions than that at once."""

    most = 1000
    understands = True

    def __init__(self) -> None:
        super().__init__("main")
        self.queries: list[str] = []
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
            return single
        if len(terms) > self.most:
            return QueryError("execution: too many samples", QueryFailure.EXECUTION)
        return self._joined(terms, await super().query([inner for inner, _ in terms], at))

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
