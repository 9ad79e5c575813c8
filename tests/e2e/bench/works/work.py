"""A work, and what most of them are done with."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from alertd.core.labels import Labels
from alertd.core.rules import Rule
from alertd.core.samples import Sample

Do = Callable[[], object]

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
ALERTS, MANY = 100, 1000
RULE = Rule(
    "JobDown", "up == 0", labels={"severity": "critical"}, annotations={"summary": "{{ $labels.instance }} is down"}
)


@dataclass(frozen=True)
class Work:
    """`ready` makes it ready, and clears up after it. Doing it once does `count` times what `unit` says."""

    ready: Callable[[], AbstractContextManager[Do]]
    count: int
    unit: str


def plain(make: Callable[[], Do], count: int, unit: str) -> Work:
    """A work that leaves nothing behind."""

    @contextmanager
    def ready() -> Iterator[Do]:
        yield make()

    return Work(ready, count, unit)


def labels(number: int) -> dict[str, str]:
    return {"__name__": "up", "instance": f"host-{number:04}:9100", "job": "node", "zone": f"eu-{number % 3}"}


def samples(count: int) -> list[Sample]:
    return [Sample(Labels(labels(number)), 0.0) for number in range(count)]
