"""Whether the result of an expression can be empty although its metrics have series: what else should be an alert?

Only what is certain counts. What a recording rule made may have been compared there. Series that are chosen by a label
like `state="down"`, and `…_info`, may come and go with what they say.
"""

from collections.abc import Set

from alertd.config.expressions import Aggregate, Binary, Call, Expression, Negation, Selector, Window

_WHEN_TRUE = frozenset(("ALERTS", "ALERTS_FOR_STATE"))
_ABSENT = frozenset(("absent", "absent_over_time"))
_COUNTED = ("_total", "_count", "_sum", "_bucket", "_created")
_OF_COUNTERS = frozenset(("rate", "irate", "increase", "changes", "resets"))
_PLACES = frozenset(
    ("__name__", "job", "instance", "namespace", "cluster", "service", "pod", "container", "node", "env", "environment",
     "region")
)  # fmt: skip


def may_be_empty(node: Expression, recorded: Set[str]) -> bool:
    """True if something in it compares, asks what is missing, or chooses series that may come and go."""
    match node:
        case Selector():
            return _comes_and_goes(node, recorded)
        case Window() | Negation() | Aggregate():
            return may_be_empty(node.inner, recorded)
        case Call():
            return _of_call(node, recorded)
        case Binary():
            return _of_binary(node, recorded)
    return False


def _comes_and_goes(node: Selector, recorded: Set[str]) -> bool:
    if not node.name or ":" in node.name or node.name in _WHEN_TRUE or node.name in recorded:
        return True
    return not node.name.endswith(_COUNTED) and any(one.name not in _PLACES for one in node.matchers)


def _of_call(node: Call, recorded: Set[str]) -> bool:
    if node.function in _ABSENT:
        return True
    if node.function in _OF_COUNTERS and (counted := _counted(node.arguments)) is not None:
        return ":" in counted.name or counted.name in recorded
    return node.function != "scalar" and any(may_be_empty(one, recorded) for one in node.arguments)


def _counted(arguments: tuple[Expression, ...]) -> Selector | None:
    """The series whose changes are counted: however they are chosen, they stay."""
    match arguments:
        case (Window(inner=Selector() as selector),):
            return selector
    return None


def _of_binary(node: Binary, recorded: Set[str]) -> bool:
    if node.compares or node.op in ("and", "unless"):
        return True
    sides = may_be_empty(node.left, recorded), may_be_empty(node.right, recorded)
    return all(sides) if node.op == "or" else any(sides)
