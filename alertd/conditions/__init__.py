"""Conditions in Python: what their authors import. It runs in worker processes; `python.py` is the daemon's side.

from alertd.conditions import Sample, skip
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from alertd.conditions.prom import QueryFailed

__all__ = ["Alert", "QueryFailed", "Sample", "Skip", "selector", "skip", "vector"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One alert that a condition asks for. The labels tell it from the others of its rule."""

    labels: Mapping[str, str] = field(default_factory=dict)
    value: float = 1.0
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that is alive in alertd now, for conditions that take `alerts`. `state` is "pending" or "firing"."""

    name: str
    labels: Mapping[str, str]
    state: str
    value: float

    @property
    def firing(self) -> bool:
        return self.state == "firing"


class Skip(BaseException):
    """Raised by `skip`."""


def skip(reason: str) -> NoReturn:
    """Judge nothing this time: the alerts of the rule stay as they are."""
    raise Skip(reason)


def vector(result: Iterable[Mapping[str, Any]]) -> Iterator[tuple[dict[str, str], float]]:
    """Labels and value of every series that an instant query has returned, the values as numbers."""
    for series in result:
        yield dict(series["metric"]), float(series["value"][1])


def selector(metric: str, labels: Mapping[str, str] | None = None, /, **more: str) -> str:
    """A series selector in which label values cannot be mistaken for PromQL: `selector("up", job=job)`."""
    pairs = ",".join(f"{_name(name)}={quote(value)}" for name, value in {**(labels or {}), **more}.items())
    return f"{metric}{{{pairs}}}" if pairs else metric


def quote(text: str) -> str:
    """A string of PromQL."""
    escaped = str(text).replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{escaped}"'


def _name(name: str) -> str:
    return name if name.isascii() and name.isidentifier() else quote(name)  # Prometheus 3 knows quoted names


def __getattr__(name: str) -> Any:
    if name == "QueryFailed":  # its home imports `requests`, which the daemon can do without
        from alertd.conditions.prom import QueryFailed

        return QueryFailed
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
