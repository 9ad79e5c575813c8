"""Prometheus, and whatever speaks its query API: all expressions of a group for one instant, in one call."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode

from alertd.config.http import HttpConfig
from alertd.core.samples import Answer
from alertd.datasources.decoding import decode
from alertd.errors import QueryError, QueryFailure
from alertd.http import Client, HttpError
from alertd.ports import Clock

_FAILURES = {
    "timeout": QueryFailure.TIMEOUT,
    "too_large": QueryFailure.TOO_LARGE,
}


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
    ) -> None:
        self.name = name
        self._client = Client(http, clock, connections=concurrency, compressed=compressed)
        self._url = url.rstrip("/") + "/api/v1/query"
        self._params = dict(query_params or {})
        self._headers = {**(headers or {}), "Content-Type": "application/x-www-form-urlencoded"}
        self._timeout, self._most = timeout.total_seconds(), max_response_bytes

    async def query(self, exprs: Sequence[str], at: datetime) -> Sequence[Answer | QueryError]:
        """One answer an expression, in order. The first that finds the server unreachable spares it the others."""
        if not exprs:
            return []
        first = await self._query(exprs[0], at)
        if isinstance(first, QueryError) and first.failure is QueryFailure.UNREACHABLE:
            return [first] * len(exprs)
        rest = await asyncio.gather(*(self._query(expr, at) for expr in exprs[1:]))
        return [first, *rest]

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _query(self, expr: str, at: datetime) -> Answer | QueryError:
        form = {"query": expr, "time": f"{at.timestamp():.3f}", "timeout": f"{self._timeout:g}", **self._params}
        body = urlencode(form).encode()
        try:
            reply = await self._client.request(
                "POST", self._url, headers=self._headers, body=body, timeout=self._timeout, most=self._most
            )
            return decode(reply.status, reply.body)
        except HttpError as error:
            return QueryError(str(error), _FAILURES.get(error.kind, QueryFailure.UNREACHABLE))
        except QueryError as error:
            return error
