"""What a condition may ask of Prometheus, and as of when: nothing that is later than the evaluation instant."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from alertd.errors import QueryError, QueryFailure

Form = Sequence[tuple[str, str]]
API = "/api/v1/"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How a path is asked. `times` are the parameters that may not be later than the instant; `ends` are set to it."""

    method: str
    times: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()


_RANGE = ("start", "end")
_ENDPOINTS = {
    "query": Endpoint("POST", ("time",), ("time",)),
    "query_range": Endpoint("POST", _RANGE, ("end",)),
    "series": Endpoint("POST", _RANGE, ("end",)),
    "labels": Endpoint("POST", _RANGE, ("end",)),
    "query_exemplars": Endpoint("POST", _RANGE, ("end",)),
    "metadata": Endpoint("GET"),
    "targets": Endpoint("GET"),
    "targets/metadata": Endpoint("GET"),
}
_LABEL_VALUES = re.compile(r"label/[^/?#%]+/values")


def endpoint(path: str) -> Endpoint:
    """How to ask this path. Raises QueryError for one that conditions may not ask."""
    name = path.removeprefix(API) if path.startswith(API) else ""
    if name in _ENDPOINTS:
        return _ENDPOINTS[name]
    if _LABEL_VALUES.fullmatch(name) and ".." not in name:
        return Endpoint("GET", _RANGE, ("end",))
    raise QueryError(f"a condition may not ask {path[:100]}", QueryFailure.BAD_QUERY)


def pin(asked: Endpoint, form: Form, at: datetime) -> list[tuple[str, str]]:
    """The parameters with no time later than `at`. Raises QueryError for a time that is none."""
    pinned = [(name, _earlier(name, value, at) if name in asked.times else value) for name, value in form]
    given = {name for name, _ in pinned}
    return [*pinned, *((name, f"{at.timestamp():.3f}") for name in asked.ends if name not in given)]


def _earlier(name: str, value: str, at: datetime) -> str:
    seconds = _seconds(value)
    if seconds is None or not math.isfinite(seconds):
        raise QueryError(f'"{name}" is no time: {value[:100]!r}', QueryFailure.BAD_QUERY)
    return value if seconds <= at.timestamp() else f"{at.timestamp():.3f}"


def _seconds(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
