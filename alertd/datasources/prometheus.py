"""Prometheus, and whatever speaks its query API: all expressions of a group for one instant, in one call."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from alertd.config.confidential import hide, shapes
from alertd.config.http import HttpConfig
from alertd.core.samples import Answer
from alertd.datasources.decoding import decode
from alertd.datasources.pulse import Pulse
from alertd.errors import QueryError, QueryFailure
from alertd.http import Client, HttpError, form
from alertd.ports import UNTRACED, Clock, Tracer

_FAILURES = {
    "timeout": QueryFailure.TIMEOUT,
    "too_large": QueryFailure.TOO_LARGE,
}
_LARGE = 1 << 20  # bytes from which an answer is decoded beside the loop, which has others to serve


class PrometheusDatasource:
    """One server. At most `concurrency` requests are under way at once."""

    def __init__(
        self,
        *,
        name: str,
        url: str,
        clock: Clock,
        http: HttpConfig,
        timeout: timedelta = timedelta(seconds=30),
        headers: Mapping[str, str] | None = None,
        query_params: Mapping[str, str] | None = None,
        concurrency: int = 8,
        max_response_bytes: int = 64 << 20,
        compressed: bool = False,
        tracer: Tracer = UNTRACED,
        hidden: Iterable[str] = (),
    ) -> None:
        self.name, self._clock = name, clock
        self._client = Client(http, clock, connections=concurrency, compressed=compressed, tracer=tracer, shows=True)
        self._hidden = (*shapes((headers or {}).values()), *hidden)
        self._url = url.rstrip("/") + "/api/v1/query"
        self._params = dict(query_params or {})
        self._headers = {**(headers or {}), "Content-Type": "application/x-www-form-urlencoded"}
        self._room, self._decoding, self._pulse = asyncio.Semaphore(concurrency), asyncio.Lock(), Pulse()
        self._timeout, self._most = timeout.total_seconds(), max_response_bytes

    async def query(self, exprs: Sequence[str], at: datetime) -> Sequence[Answer | QueryError]:
        """One answer an expression, in order; takes twice the timeout at most once the server has failed to answer.

        Expressions that still wait when the server is found dead get the same error without asking it.
        """
        if len(exprs) == 1:  # many in one, as a rule
            return [await self._in_turn(exprs[0], at)]
        return await asyncio.gather(*(self._in_turn(expr, at) for expr in exprs))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _in_turn(self, expr: str, at: datetime) -> Answer | QueryError:
        came = self._pulse.turn
        async with self._room:
            return self._pulse.stopped(since=came) or await self._query(expr, at)

    async def _query(self, expr: str, at: datetime) -> Answer | QueryError:
        asked = self._pulse.turn
        begun = self._clock.elapsed()
        try:
            answer = await self._ask(expr, at)
            warnings = tuple(map(self._hide, answer.warnings))
            return self._noted(replace(answer, warnings=warnings, seconds=self._clock.elapsed() - begun), asked)
        except HttpError as problem:
            error = QueryError(str(problem), _FAILURES.get(problem.kind, QueryFailure.UNREACHABLE))
            return self._noted(error, asked, silent=problem.kind == "timeout")
        except QueryError as error:
            return self._noted(QueryError(self._hide(str(error)), error.failure), asked)

    async def _ask(self, expr: str, at: datetime) -> Answer:
        fields = {
            "timeout": f"{self._timeout - min(1.0, self._timeout / 10):g}",  # so that it can say so in time
            **self._params,
            "query": expr,
            "time": f"{at.timestamp():.3f}",
        }
        reply = await self._client.request(
            "POST", self._url, headers=self._headers, body=form(fields), timeout=self._timeout, most=self._most
        )
        location = reply.headers.get("location", "")
        if len(reply.body) < _LARGE:
            return decode(reply.status, reply.body, location)
        async with self._decoding:  # seconds of work, and many times the memory of the bytes
            return await asyncio.to_thread(decode, reply.status, reply.body, location)

    def _hide(self, text: str) -> str:
        return hide(self._client.hide(text), self._hidden)

    def _noted(self, answer: Answer | QueryError, asked: int, *, silent: bool = False) -> Answer | QueryError:
        if isinstance(answer, QueryError) and (silent or (answer.blind and answer.failure is not QueryFailure.TIMEOUT)):
            self._pulse.failed(answer, asked, silent=silent)
        else:  # a timeout that the server itself tells is about one expression
            self._pulse.answered()
        return answer
