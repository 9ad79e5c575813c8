"""What an expression compares: `errors / requests > 0.9` is the value of `errors / requests` against `> 0.9`."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from alertd.config import promql

_MIRRORED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}
_OPERATIONS: Mapping[str, Callable[[float, float], object]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
_BESIDE = ("and", "unless")


@dataclass(frozen=True, slots=True)
class Comparison:
    """`expr op threshold`. `partial`: another condition must hold too (`and`, `unless`)."""

    expr: str
    op: str
    threshold: float
    partial: bool = False

    def holds(self, value: float) -> bool:
        """Whether a value satisfies it."""
        return bool(_OPERATIONS[self.op](value, self.threshold))

    def distance(self, value: float) -> float:
        """How far a value is from satisfying it; 0 for one that does."""
        off = value - self.threshold
        if self.op in (">", ">="):
            return max(0.0, -off)
        if self.op in ("<", "<="):
            return max(0.0, off)
        return abs(off) if self.op == "==" else 0.0


def comparisons(expr: str) -> tuple[Comparison, ...]:
    """The comparisons with a number that decide, one for each side of an `or`; none if there are no such, or it is
    not certain.
    """
    tree = promql.tree(expr)
    return () if tree is None else tuple(_found(tree))


def _found(node: Any) -> list[Comparison]:
    while type(node).__name__ == "ParenExpr":
        node = node.expr
    if type(node).__name__ != "BinaryExpr":
        return []
    op = str(node.op)
    if op == "or":
        return [*_found(node.lhs), *_found(node.rhs)]
    if op in _BESIDE:
        return [replace(one, partial=True) for one in _found(node.lhs)]
    if op not in _MIRRORED or (node.modifier is not None and node.modifier.return_bool):
        return []
    return _compared(node, op)


def _compared(node: Any, op: str) -> list[Comparison]:
    left, right = _number(node.lhs), _number(node.rhs)
    if right is not None and left is None:
        return [Comparison(node.lhs.prettify(), op, right)]
    if left is not None and right is None:
        return [Comparison(node.rhs.prettify(), _MIRRORED[op], left)]
    return []


def _number(node: Any) -> float | None:
    """The value of a constant."""
    match type(node).__name__:
        case "NumberLiteral":
            return float(node.val)
        case "ParenExpr":
            return _number(node.expr)
        case "UnaryExpr":
            inner = _number(node.expr)
            return None if inner is None else -inner
        case "BinaryExpr":
            return _calculated(str(node.op), _number(node.lhs), _number(node.rhs))
    return None


def _calculated(op: str, left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return None
    match op:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/" if right:
            return left / right
    return None
