"""`prom`: prometheus_api_client's PrometheusConnect, pinned to an instant, that asks through the daemon.

What is repaired of version 0.7.2: a POST has its query in the body; nothing is retried; the default range of
get_metric_range_data ends at the instant and not when the library was imported; label values are escaped; an answer
without data is a QueryFailed and no KeyError; a scalar is a series without labels; warnings are kept.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from prometheus_api_client.exceptions import PrometheusApiClientException
from prometheus_api_client.prometheus_connect import PrometheusConnect
from urllib3.util.retry import Retry

from alertd.conditions import quote, selector, wire

URL = "http://prometheus"  # a name only: the daemon knows where it is
Relay = Callable[[str, list[tuple[str, str]]], bytes]
_RANGE = timedelta(minutes=10)


class QueryFailed(PrometheusApiClientException):
    """A query without an answer.

    `failure` is one of timeout, unreachable, refused, bad_query, execution, malformed, too_large.
    """

    def __init__(self, message: str, failure: str) -> None:
        self.failure = failure
        super().__init__(message)


class Answer(requests.Response):
    """An answer that came through the daemon."""

    def __init__(self, url: str, body: bytes) -> None:
        super().__init__()
        self.url, self.status_code, self.encoding = url, 200, "utf-8"
        self._content = body

    @cached_property
    def parsed(self) -> Any:
        return _as_vector(wire.decode(self.content))

    def json(self, **_: Any) -> Any:
        return self.parsed


def _as_vector(reply: Any) -> Any:
    data = reply.get("data")
    if isinstance(data, dict) and data.get("resultType") in ("scalar", "string"):
        data["result"] = [{"metric": {}, "value": data["result"]}]
    return reply


class Session(requests.Session):
    """A session without a network: every request is the daemon's."""

    def __init__(self, relay: Relay) -> None:
        super().__init__()
        self._relay = relay
        self.warnings: list[str] = []

    def request(  # type: ignore[override]  # what else there is says how to reach a server
        self,
        method: str,  # noqa: ARG002 - the daemon knows the one that suits the path
        url: str,
        params: Any = None,
        data: Any = None,
        **_: Any,
    ) -> Answer:
        """Ask the daemon."""
        parts = urlsplit(url)
        form = [*parse_qsl(parts.query), *_pairs(params), *_pairs(data)]
        answer = Answer(url, self._relay(parts.path, form))
        if isinstance(answer.parsed, dict):
            self.warnings += [*answer.parsed.get("warnings", ()), *answer.parsed.get("infos", ())]
        return answer


def _pairs(params: Any) -> Iterator[tuple[str, str]]:
    for name, value in dict(params or {}).items():
        for one in value if isinstance(value, (list, tuple, set)) else [value]:
            if one is not None:
                yield str(name), str(one.timestamp() if isinstance(one, datetime) else one)


class PinnedPrometheus(PrometheusConnect):
    """The library's client; `at` is its now."""

    def __init__(self, at: datetime, relay: Relay) -> None:
        self._asks = Session(relay)
        super().__init__(URL, session=self._asks, retry=Retry(0), method="POST")
        self.at = at

    @property
    def warnings(self) -> list[str]:
        """What the server has remarked on its answers so far."""
        return self._asks.warnings

    def check_prometheus_connection(self, params: Mapping[str, Any] | None = None) -> bool:
        """True if it answers a query."""
        return bool(self.custom_query("1", dict(params or {})))

    def get_series(self, start: datetime, end: datetime, params: Mapping[str, Any] | None = None) -> Any:
        """As the library's, which would change the caller's parameters."""
        return super().get_series(start, end, dict(params or {}))

    def get_current_metric_value(
        self, metric_name: str, label_config: Mapping[str, str] | None = None, params: Mapping[str, Any] | None = None
    ) -> Any:
        """As the library's, with label values that may hold quotes."""
        return super().get_current_metric_value(selector(metric_name, label_config), {}, dict(params or {}))

    def get_metric_range_data(
        self,
        metric_name: str,
        label_config: Mapping[str, str] | None = None,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        chunk_size: timedelta | None = None,
        store_locally: bool = False,  # noqa: FBT001, FBT002 - the library's signature
        params: Mapping[str, Any] | None = None,
    ) -> Any:
        """As the library's; the ten minutes until the instant if nothing else is said, and nothing later."""
        if store_locally:
            raise ValueError("store_locally: a condition keeps nothing on the disk")
        end = min(_aware(end_time or self.at), self.at)
        start = min(_aware(start_time or end - _RANGE), end)
        chunk = min(chunk_size, end - start) if chunk_size else timedelta(0)  # which is all at once
        query = selector(metric_name, label_config)
        return super().get_metric_range_data(query, {}, start, end, chunk, False, dict(params or {}))  # noqa: FBT003

    def get_target_metadata(self, target: Mapping[str, str], metric: str | None = None) -> Any:
        """As the library's, with label values that may hold quotes."""
        return super().get_target_metadata({name: quote(value)[1:-1] for name, value in target.items()}, metric or "")


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
