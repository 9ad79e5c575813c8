"""A PromQL expression as plain values, for those who want to know what is in it; parentheses are gone."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from alertd.config import promql
from alertd.core.matchers import Matcher

MAX_DEPTH = 100
COMPARISONS = frozenset(("==", "!=", ">", "<", ">=", "<="))
SETS = frozenset(("and", "or", "unless"))
_OPERATORS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
_SCALARS = frozenset(("time", "scalar", "pi"))


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Text:
    value: str


@dataclass(frozen=True, slots=True)
class Selector:
    """`name{matchers}`; with `alternatives` (`or` between matchers) nothing certain is known of its labels."""

    name: str
    matchers: tuple[Matcher, ...] = ()
    alternatives: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """`inner[range]`, or with a step a subquery."""

    inner: "Expression"
    range: timedelta
    subquery: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple["Expression", ...] = ()


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`op by (labels) (inner)`; `without` turns it round."""

    op: str
    inner: "Expression"
    param: "Expression | None" = None
    labels: frozenset[str] = frozenset()
    without: bool = False


@dataclass(frozen=True, slots=True)
class Binary:
    """`left op right`. `on` None: no `on`. `many` is the side of `group_left` or `group_right`, or empty."""

    op: str
    left: "Expression"
    right: "Expression"
    boolean: bool = False
    on: frozenset[str] | None = None
    ignoring: frozenset[str] = frozenset()
    many: str = ""
    include: frozenset[str] = frozenset()
    filled: bool = False

    @property
    def compares(self) -> bool:
        """Whether it drops what does not satisfy it."""
        return self.op in COMPARISONS and not self.boolean


@dataclass(frozen=True, slots=True)
class Negation:
    inner: "Expression"


Expression = Number | Text | Selector | Window | Call | Aggregate | Binary | Negation


class _TooDeep(Exception):  # noqa: N818 - never leaves this module
    pass


@lru_cache(maxsize=4096)
def read(text: str) -> Expression | None:
    """The expression; None if it cannot be read here, about which `promql.check` has said what there is to say."""
    tree = promql.tree(text)
    try:
        return None if tree is None else _translated(tree, 0)
    except (_TooDeep, ValueError):  # a regular expression that RE2 does not know
        return None


def children(node: Expression) -> tuple[Expression, ...]:
    """What stands directly in a node."""
    match node:
        case Window() | Negation():
            return (node.inner,)
        case Call():
            return node.arguments
        case Aggregate():
            return (node.inner,) if node.param is None else (node.param, node.inner)
        case Binary():
            return (node.left, node.right)
    return ()


def walk(node: Expression) -> Iterator[Expression]:
    """The node and all in it, from left to right, parents first."""
    left = [node]
    while left:
        one = left.pop()
        yield one
        left.extend(reversed(children(one)))


def is_scalar(node: Expression) -> bool:
    """Whether it is a number and not a vector."""
    match node:
        case Number():
            return True
        case Call():
            return node.function in _SCALARS
        case Negation():
            return is_scalar(node.inner)
        case Binary():
            return is_scalar(node.left) and is_scalar(node.right)
    return False


def _translated(node: Any, depth: int) -> Expression:
    while type(node).__name__ == "ParenExpr":
        node = node.expr
    if depth > MAX_DEPTH:
        raise _TooDeep
    return _KINDS[type(node).__name__](node, depth + 1)


def _number(node: Any, _: int) -> Expression:
    return Number(node.val)


def _text(node: Any, _: int) -> Expression:
    return Text(node.val)


def _selector(node: Any, _: int = 0) -> Expression:
    every = tuple(Matcher(one.name, _OPERATORS[str(one.op).rpartition(".")[2]], one.value)
                  for one in node.matchers.matchers)  # fmt: skip
    named = next((one.value for one in every if one.name == "__name__" and one.op == "="), "")
    rest = tuple(one for one in every if (one.name, one.op) != ("__name__", "="))
    return Selector(node.name or named, rest, bool(node.matchers.or_matchers))


def _matrix(node: Any, depth: int) -> Expression:
    return Window(_selector(node.vector_selector, depth), node.range)


def _subquery(node: Any, depth: int) -> Expression:
    return Window(_translated(node.expr, depth), node.range, subquery=True)


def _call(node: Any, depth: int) -> Expression:
    return Call(node.func.name, tuple(_translated(one, depth) for one in node.args))


def _aggregate(node: Any, depth: int) -> Expression:
    modifier = node.modifier
    return Aggregate(
        str(node.op),
        _translated(node.expr, depth),
        None if node.param is None else _translated(node.param, depth),
        frozenset(modifier.labels) if modifier else frozenset(),
        modifier is not None and _is(modifier.type, "Without"),
    )


def _binary(node: Any, depth: int) -> Expression:
    left, right = _translated(node.lhs, depth), _translated(node.rhs, depth)
    modifier = node.modifier
    if modifier is None:
        return Binary(str(node.op), left, right)
    matching = modifier.matching
    named = frozenset(matching.labels) if matching else frozenset()
    on = matching is not None and _is(matching.type, "Include")
    fill = modifier.fill_values
    many = "left" if _is(modifier.card, "ManyToOne") else "right" if _is(modifier.card, "OneToMany") else ""
    return Binary(
        str(node.op), left, right, bool(modifier.return_bool),
        on=named if on else None,
        ignoring=frozenset() if on else named,
        many=many,
        include=frozenset(modifier.group_labels or ()),
        filled=fill is not None and (fill.lhs is not None or fill.rhs is not None),
    )  # fmt: skip


def _negation(node: Any, depth: int) -> Expression:
    return Negation(_translated(node.expr, depth))


def _is(value: Any, name: str) -> bool:
    return str(value).rpartition(".")[2] == name


_KINDS: Mapping[str, Callable[[Any, int], Expression]] = {
    "NumberLiteral": _number,
    "StringLiteral": _text,
    "VectorSelector": _selector,
    "MatrixSelector": _matrix,
    "SubqueryExpr": _subquery,
    "Call": _call,
    "AggregateExpr": _aggregate,
    "BinaryExpr": _binary,
    "UnaryExpr": _negation,
}
