"""The way from a condition to a datasource: the daemon asks, with credentials that the worker never sees."""

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlencode

import msgspec

from alertd.conditions.pinning import Endpoint, Form
from alertd.config.confidential import hide
from alertd.config.values import DatasourceConfig
from alertd.errors import QueryError, QueryFailure
from alertd.http import Client, HttpError, Reply
from alertd.ports import UNTRACED, Clock, Tracer

_HTTP = {"timeout": QueryFailure.TIMEOUT, "too_large": QueryFailure.TOO_LARGE}
_API = {
    "bad_data": QueryFailure.BAD_QUERY,
    "execution": QueryFailure.EXECUTION,
    "timeout": QueryFailure.TIMEOUT,
    "canceled": QueryFailure.TIMEOUT,
}


class Gate(Protocol):
    """A datasource as conditions see it."""

    async def ask(self, path: str, how: Endpoint, form: Form, timeout: float, most: int) -> bytes:
        """The JSON of a successful answer, at most `most` bytes in `timeout` seconds. Raises QueryError."""

    async def aclose(self) -> None: ...


class _Head(msgspec.Struct):
    status: str
    error: str = ""
    error_type: str = msgspec.field(default="", name="errorType")


_HEAD = msgspec.json.Decoder(_Head)


class HttpGate:
    """A Prometheus, or what speaks its API. It has connections of its own: a condition cannot use up those of rules."""

    def __init__(self, config: DatasourceConfig, clock: Clock, tracer: Tracer = UNTRACED) -> None:
        self._url = config.url.rstrip("/")
        self._client = Client(config.http, clock, connections=config.concurrency, tracer=tracer, shows=True)
        self._headers: Mapping[str, str] = config.headers
        self._hidden = config.hidden
        self._params, self._most = config.query_params, config.max_response_bytes
        self._timeout = config.timeout.total_seconds()

    async def ask(self, path: str, how: Endpoint, form: Form, timeout: float, most: int) -> bytes:
        """See Gate."""
        seconds = min(timeout, self._timeout)
        limit = [("timeout", f"{seconds:g}")] if path.startswith("/api/v1/query") else []
        pairs = [pair for pair in form if pair[0] not in self._params and pair[0] != "timeout"]
        encoded = urlencode([*pairs, *limit, *self._params.items()])
        url, body, headers = f"{self._url}{path}", b"", dict(self._headers)
        if how.method == "POST":
            body, headers["Content-Type"] = encoded.encode(), "application/x-www-form-urlencoded"
        else:
            url = f"{url}?{encoded}"
        try:
            reply = await self._client.request(
                how.method, url, headers=headers, body=body, timeout=seconds, most=min(most, self._most)
            )
        except HttpError as error:
            raise QueryError(str(error), _HTTP.get(error.kind, QueryFailure.UNREACHABLE)) from None
        try:
            return _checked(reply)
        except QueryError as error:
            raise QueryError(hide(self._client.hide(str(error)), self._hidden), error.failure) from None

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def _checked(reply: Reply) -> bytes:
    try:
        head = _HEAD.decode(reply.body)
    except msgspec.MsgspecError:
        raise QueryError(*_strange(reply.status)) from None
    if head.status != "success":
        failure = _API.get(head.error_type) or _strange(reply.status)[1]
        raise QueryError(f"{head.error_type or reply.status}: {head.error}"[:2000], failure)
    return reply.body


def _strange(status: int) -> tuple[str, QueryFailure]:
    if status in (401, 403):
        return f"the server answers {status}: it wants other credentials", QueryFailure.REFUSED
    if status >= 500:
        return f"the server answers {status}", QueryFailure.UNREACHABLE
    if status >= 400:
        return f"the server answers {status}", QueryFailure.BAD_QUERY
    return f"the answer ({status}) is not one of Prometheus' API", QueryFailure.MALFORMED
