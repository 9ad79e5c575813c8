"""What is watched: every call becomes an event, and a blind datasource is told from a bad expression."""

from collections.abc import Sequence
from datetime import datetime

from alertd.core.samples import Answer
from alertd.errors import QueryError
from alertd.events import DatasourceAnswered, Queried
from alertd.ports import Attributes, Clock, Datasource, Observer


class Watched:
    """Passes everything on. It is blind if it answered nothing at all and itself is at fault."""

    def __init__(self, datasource: Datasource, observer: Observer, clock: Clock) -> None:
        self.name = datasource.name
        self._datasource, self._observer, self._clock = datasource, observer, clock

    async def query(self, exprs: Sequence[str], at: datetime) -> Sequence[Answer | QueryError]:
        begun = self._clock.elapsed()
        about: Attributes = {"alertd.datasource": self.name, "alertd.queries": len(exprs)}
        with self._observer.span("alertd.query", about) as span:
            answers = await self._datasource.query(exprs, at)
            blind = [answer for answer in answers if isinstance(answer, QueryError) and answer.blind]
            error = str(blind[0]) if blind and len(blind) == len(answers) else ""
            if error:
                span.fail(error, "QueryError")
        self._observer.notice(DatasourceAnswered(self.name, self._clock.elapsed() - begun, len(exprs), error))
        return answers

    async def aclose(self) -> None:
        await self._datasource.aclose()


class Counted:
    """Passes everything on, and tells of the queries that are really sent."""

    def __init__(self, datasource: Datasource, observer: Observer) -> None:
        self.name = datasource.name
        self._datasource, self._observer = datasource, observer

    async def query(self, exprs: Sequence[str], at: datetime) -> Sequence[Answer | QueryError]:
        answers = await self._datasource.query(exprs, at)
        failures = tuple(answer.failure for answer in answers if isinstance(answer, QueryError))
        self._observer.notice(Queried(self.name, len(exprs), failures))
        return answers

    async def aclose(self) -> None:
        await self._datasource.aclose()
