"""What an expression reads: its selectors, the labels it groups by, and the numbers it compares with."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import promql_parser as promql

from tests.e2e.differential.regexes import example, fits

Matcher = tuple[str, str, str]  # label, operator, value
_OPERATORS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
_CHILDREN = ("lhs", "rhs", "expr", "param", "vector_selector")


@dataclass(frozen=True)
class Selector:
    """One selector; `ranged` ones are read over time, as counters are."""

    name: str
    matchers: tuple[Matcher, ...] = ()
    ranged: bool = False

    def value(self, label: str, default: str, variant: int) -> str | None:
        """A value of this label that the selector lets pass, if one is found; empty is no label."""
        wanted = [(operator, text) for name, operator, text in self.matchers if name == label]
        if not wanted:
            return default
        candidates = [text for operator, text in wanted if operator == "="]
        candidates += [example(text, variant) for operator, text in wanted if operator == "=~"]
        candidates += [default, f"other-{variant}", ""]
        return next((one for one in candidates if all(_passes(one, *matcher) for matcher in wanted)), None)


def _passes(value: str, operator: str, text: str) -> bool:
    if operator in ("=", "!="):
        return (value == text) is (operator == "=")
    return fits(text, value) is (operator == "=~")


@dataclass(frozen=True)
class Reading:
    """What one expression, or the query of a template, reads."""

    selectors: tuple[Selector, ...]
    labels: frozenset[str]
    numbers: tuple[float, ...]
    clock: bool


def reading(expr: str) -> Reading:
    """What this expression reads; nothing if it cannot be parsed."""
    try:
        nodes = list(_nodes(promql.parse(expr)))
    except ValueError:
        nodes = []
    ranged = {id(node.vector_selector) for node in nodes if isinstance(node, promql.MatrixSelector)}
    found = [_selector(node, id(node) in ranged) for node in nodes if isinstance(node, promql.VectorSelector)]
    return Reading(
        tuple(one for one in found if one.name),
        frozenset(label for node in nodes for label in _grouping(node)),
        tuple(node.val for node in nodes if isinstance(node, promql.NumberLiteral)),
        bool(re.search(r"\b(time|timestamp)\(", expr)),
    )


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    children = [getattr(node, name, None) for name in _CHILDREN] + list(getattr(node, "args", []))
    for child in children:
        if isinstance(child, promql.Expr):
            yield from _nodes(child)


def _selector(node: Any, ranged: bool) -> Selector:
    matchers = tuple((one.name, _OPERATORS[str(one.op).split(".")[-1]], one.value) for one in node.matchers.matchers)
    plain = Selector(node.name or "", tuple(one for one in matchers if one[0] != "__name__"), ranged)
    if plain.name:
        return plain
    name = Selector("", matchers).value("__name__", "", 0) or ""
    return Selector(name, plain.matchers, ranged)


def _grouping(node: Any) -> Iterator[str]:
    modifier = getattr(node, "modifier", None)
    if isinstance(node, promql.AggregateExpr) and modifier and modifier.type == promql.AggModifierType.By:
        yield from modifier.labels
    if isinstance(node, promql.BinaryExpr) and modifier:
        yield from modifier.group_labels or ()
        if modifier.matching and str(modifier.matching.type).endswith("Include"):
            yield from modifier.matching.labels
