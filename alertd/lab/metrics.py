"""The metrics an expression needs, each with the labels that it, and what stands around it, expect."""

from collections.abc import Iterator
from dataclasses import dataclass

from alertd.config.expressions import Aggregate, Binary, Call, Expression, Selector, children

_ABSENT = frozenset(("absent", "absent_over_time"))
_MADE = frozenset(("label_replace", "label_join", "info"))  # they add labels
_BUILT_IN = frozenset(("ALERTS", "ALERTS_FOR_STATE"))


@dataclass(frozen=True, slots=True)
class Need:
    """One metric by its name. `labels` are those without which nothing comes of it, `grouped` those it is summed by."""

    name: str
    labels: frozenset[str] = frozenset()
    grouped: frozenset[str] = frozenset()


def needs(node: Expression, grouped: frozenset[str] = frozenset()) -> Iterator[Need]:
    """The metrics an expression cannot do without, in the order in which they stand.

    `or` can do with one of its sides, `unless` without its right one, and `absent` asks for what is missing.
    """
    match node:
        case Selector():
            yield from _of_selector(node, grouped)
        case Call() if node.function in _ABSENT:
            return
        case Call() if node.function in _MADE:
            for one in node.arguments:
                yield from needs(one)
        case Aggregate():
            yield from needs(node.inner, frozenset() if node.without else node.labels)
        case Binary():
            yield from _of_binary(node)
        case _:
            for one in children(node):
                yield from needs(one, grouped)


def _of_selector(node: Selector, grouped: frozenset[str]) -> Iterator[Need]:
    if node.name and node.name not in _BUILT_IN and not node.alternatives:
        required = (one.name for one in node.matchers if not one.matches({}))
        yield Need(node.name, frozenset(required), grouped)


def _of_binary(node: Binary) -> Iterator[Need]:
    if node.op == "or":
        return
    yield from needs(node.left)
    if node.op != "unless":
        yield from needs(node.right)
