"""Which labels the result of an expression can have."""

from dataclasses import dataclass

from alertd.config.expressions import (
    Aggregate,
    Binary,
    Call,
    Expression,
    Negation,
    Selector,
    Window,
    is_scalar,
)

_LABELLESS = frozenset(("scalar", "vector", "time", "pi"))
_OF_TIME = frozenset(("day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month", "year"))
_ABSENT = frozenset(("absent", "absent_over_time"))
_HISTOGRAMS = frozenset(("histogram_quantile", "histogram_fraction"))
_WHOLE = frozenset(("topk", "bottomk", "limitk", "limit_ratio"))  # they choose series and leave them as they are


@dataclass(frozen=True, slots=True)
class Names:
    """A set of label names: these, or with `but` all others."""

    names: frozenset[str] = frozenset()
    but: bool = False

    def __contains__(self, name: str) -> bool:
        return (name in self.names) != self.but

    def __and__(self, other: "Names") -> "Names":
        if self.but and other.but:
            return Names(self.names | other.names, but=True)
        if self.but:
            return Names(other.names - self.names)
        return Names(self.names - other.names) if other.but else Names(self.names & other.names)

    def __or__(self, other: "Names") -> "Names":
        if self.but and other.but:
            return Names(self.names & other.names, but=True)
        if self.but:
            return Names(self.names - other.names, but=True)
        return Names(other.names - self.names, but=True) if other.but else Names(self.names | other.names)

    def without(self, names: frozenset[str]) -> "Names":
        """These but for some."""
        return self & Names(names, but=True)


ALL = Names(but=True)
NONE = Names()


def labels_of(node: Expression) -> Names:
    """All labels that a series of the result can have; `__name__` is not looked at."""
    match node:
        case Selector():
            empty = frozenset(one.name for one in node.matchers if (one.op, one.value) == ("=", ""))
            return ALL if node.alternatives else Names(empty, but=True)
        case Window() | Negation():
            return labels_of(node.inner)
        case Aggregate():
            return _of_aggregate(node)
        case Call():
            return _of_call(node)
        case Binary():
            return _of_binary(node)
    return NONE


def _of_aggregate(node: Aggregate) -> Names:
    inner = labels_of(node.inner)
    if node.op in _WHOLE:
        return inner
    kept = inner.without(node.labels) if node.without else inner & Names(node.labels)
    if node.op == "count_values":
        return kept | Names(frozenset((getattr(node.param, "value", ""),)))
    return kept


def _of_call(node: Call) -> Names:
    if node.function in _ABSENT:
        return _of_absent(node.arguments[0])
    if node.function in _LABELLESS or (node.function in _OF_TIME and not node.arguments):
        return NONE
    if node.function == "info":
        return ALL
    vectors = [one for one in node.arguments if not is_scalar(one)]
    inner = labels_of(vectors[0]) if vectors else NONE
    if node.function in ("label_replace", "label_join"):
        return inner | Names(frozenset((getattr(node.arguments[1], "value", ""),)))
    return inner.without(frozenset(("le",))) if node.function in _HISTOGRAMS else inner


def _of_absent(inner: Expression) -> Names:
    inner = inner.inner if isinstance(inner, Window) and not inner.subquery else inner
    if not isinstance(inner, Selector):
        return NONE
    return ALL if inner.alternatives else Names(frozenset(one.name for one in inner.matchers if one.op == "="))


def _of_binary(node: Binary) -> Names:
    left, right = labels_of(node.left), labels_of(node.right)
    if node.op == "or":
        return left | right
    if node.op in ("and", "unless") or is_scalar(node.right):
        return left
    if is_scalar(node.left):
        return right
    if node.filled:
        return ALL
    if node.many:
        many, one = (left, right) if node.many == "left" else (right, left)
        return many.without(node.include) | (one & Names(node.include))
    return left & right & Names(node.on) if node.on is not None else (left & right).without(node.ignoring)
