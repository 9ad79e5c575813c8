"""What a check is: a name, how bad its findings are, and a function that looks at the world."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from alertd.lab.findings import Found, Severity
from alertd.lab.subjects import Subject, World


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `optional` ones run only when they are asked for, `online` ones only when a Prometheus is named."""

    name: str
    severity: Severity
    summary: str
    find: Callable[[World], Iterable[Found]]
    optional: bool = False
    online: bool = False


def each_rule(find: Callable[[Subject, World], Iterator[Found]]) -> Callable[[World], Iterator[Found]]:
    """A check that looks at one rule after the other."""

    def find_all(world: World) -> Iterator[Found]:
        for subject in world.subjects:
            yield from find(subject, world)

    return find_all
