"""The grammar of conditions: an allow-listed syntax tree becomes closures; what is not listed is refused at load."""

import ast
import math
import operator
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from alertd.core.when.words import FUNCTIONS, NAMES, UNKNOWN, Facts, Function, Kind, Run, divide, numeric
from alertd.spelling import suggest

_LONGEST = 2000  # characters
_MOST_NODES = 300
_MOST_ITEMS = 100


class ConditionError(ValueError):
    """A condition that is refused. `column` counts from 1; 0 means unknown."""

    def __init__(self, message: str, column: int = 0, hint: str = "") -> None:
        self.column, self.hint = column, hint
        super().__init__(message)


@dataclass(frozen=True)
class Condition:
    """A compiled condition; equal to another of the same text. `uses_previous`: it looks at the value before."""

    text: str
    uses_previous: bool
    _run: Run

    def judge(self, facts: Facts) -> bool | None:
        """True: this sample is an alert. None: it cannot be told."""
        result: bool | None = self._run(facts)
        return result

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)


@dataclass(frozen=True, slots=True)
class _Term:
    """A part of an expression; `constant` is its value if it was written out."""

    kind: Kind
    run: Run
    constant: Any = None


def compile_condition(text: str) -> Condition:
    """The condition in this text. Raises ConditionError."""
    tree = _parsed(text)
    nodes = list(ast.walk(tree))
    if len(nodes) > _MOST_NODES:
        raise ConditionError(f"the condition has {len(nodes)} parts; {_MOST_NODES} are allowed")
    term = _term(tree)
    if term.kind is not Kind.TRUTH:
        raise ConditionError(f"the condition is {term.kind}, it must be true or false", hint="compare it: value > 5")
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return Condition(text, "previous" in names, term.run)


def _parsed(text: str) -> ast.expr:
    if len(text) > _LONGEST:
        raise ConditionError(f"the condition has {len(text)} characters; {_LONGEST} are allowed")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python's parser, about escapes in texts
            tree = ast.parse(f"({text}\n)", mode="eval").body  # in brackets, so that it may have several lines
    except SyntaxError as error:
        column = max((error.offset or 1) - 1, 0) if error.lineno == 1 else 0
        raise ConditionError(f"not an expression: {error.msg}", column) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ConditionError(f"not an expression: {error}") from None
    if (tree.lineno, tree.col_offset) == (1, 0):  # text closed the bracket we opened
        raise ConditionError("not an expression: unmatched ')'")
    return tree


def _refuse(node: ast.AST, message: str, hint: str = "") -> ConditionError:
    line, offset = getattr(node, "lineno", 1), getattr(node, "col_offset", -1)
    return ConditionError(message, offset if line == 1 else 0, hint)


def _term(node: ast.AST) -> _Term:
    compiler = _GRAMMAR.get(type(node))
    if compiler is None:
        what = type(node).__name__
        raise _refuse(node, f"{_SPOKEN.get(type(node), what)} cannot stand in a condition", _HINTS.get(type(node), ""))
    return compiler(node)


def _of_kind(node: ast.AST, *kinds: Kind) -> _Term:
    term = _term(node)
    if term.kind not in kinds:
        wanted = " or ".join(kinds)
        hint = "number(…) makes a number of a label" if (term.kind, kinds) == (Kind.TEXT, (Kind.NUMBER,)) else ""
        raise _refuse(node, f"expected {wanted}, found {term.kind}", hint)
    return term


# Values and names.


def _constant(node: ast.Constant) -> _Term:
    value = node.value
    if isinstance(value, bool):
        return _Term(Kind.TRUTH, lambda _: value)
    if isinstance(value, str):
        return _Term(Kind.TEXT, lambda _: value, value)
    if isinstance(value, (int, float)):
        return _written_number(node, value)
    raise _refuse(node, f"{value!r:.40} cannot stand in a condition")


def _written_number(node: ast.AST, value: float) -> _Term:
    try:
        number = float(value)
    except OverflowError:
        raise _refuse(node, "the number is too large") from None
    return _Term(Kind.NUMBER, lambda _: number, number)


def _name(node: ast.Name) -> _Term:
    if node.id in NAMES:
        kind, run = NAMES[node.id]
        return _Term(kind, run)
    if node.id == "labels":
        raise _refuse(node, "labels cannot stand alone", 'write labels.instance or labels["instance"]')
    if node.id in FUNCTIONS:
        raise _refuse(node, f"{node.id} is a function", f"write {node.id}(…)")
    raise _refuse(node, f'unknown name "{node.id}"', suggest(node.id, (*NAMES, "labels")))


def _attribute(node: ast.Attribute) -> _Term:
    if not isinstance(node.value, ast.Name) or node.value.id != "labels":
        raise _refuse(node, "only labels have parts", "write labels.instance")
    return _label(node.attr)


def _subscript(node: ast.Subscript) -> _Term:
    if not isinstance(node.value, ast.Name) or node.value.id != "labels":
        raise _refuse(node, "only labels have parts", 'write labels["instance"]')
    if not isinstance(node.slice, ast.Constant) or not isinstance(node.slice.value, str):
        raise _refuse(node, "the name of a label is written out", 'write labels["instance"]')
    return _label(node.slice.value)


def _label(name: str) -> _Term:
    return _Term(Kind.TEXT, lambda facts: facts.labels.get(name, ""))


def _list(node: ast.Tuple | ast.List | ast.Set) -> _Term:
    if not 0 < len(node.elts) <= _MOST_ITEMS:
        raise _refuse(node, f"a list has 1 to {_MOST_ITEMS} items")
    first = _of_kind(node.elts[0], Kind.NUMBER, Kind.TEXT)
    runs = [_of_kind(item, first.kind).run for item in node.elts]
    kind = Kind.NUMBERS if first.kind is Kind.NUMBER else Kind.TEXTS
    return _Term(kind, lambda facts: [run(facts) for run in runs])


# Arithmetic and logic.

_ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: divide,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: math.fmod,
    ast.Pow: math.pow,
}


def _arithmetic(node: ast.BinOp) -> _Term:
    if type(node.op) not in _ARITHMETIC:
        raise _refuse(node, "of operators between numbers there are + - * / // % **")
    compute = numeric(_ARITHMETIC[type(node.op)])
    left, right = _of_kind(node.left, Kind.NUMBER).run, _of_kind(node.right, Kind.NUMBER).run
    return _Term(Kind.NUMBER, lambda facts: compute(left(facts), right(facts)))


def _unary(node: ast.UnaryOp) -> _Term:
    if isinstance(node.op, ast.Not):
        truth = _of_kind(node.operand, Kind.TRUTH).run
        return _Term(Kind.TRUTH, partial(_not, truth))
    if isinstance(node.op, ast.Invert):
        raise _refuse(node, "~ cannot stand in a condition", "write not")
    number = _of_kind(node.operand, Kind.NUMBER).run
    if isinstance(node.op, ast.UAdd):
        return _Term(Kind.NUMBER, number)
    return _Term(Kind.NUMBER, lambda facts: -number(facts))


def _not(run: Run, facts: Facts) -> bool | None:
    truth = run(facts)
    return None if truth is None else not truth


def _logic(node: ast.BoolOp) -> _Term:
    runs = [_of_kind(value, Kind.TRUTH).run for value in node.values]
    return _Term(Kind.TRUTH, partial(_any if isinstance(node.op, ast.Or) else _all, runs))


def _all(runs: Sequence[Run], facts: Facts) -> bool | None:
    """Kleene's `and`: one that is false decides, else one that is unknown does."""
    known = True
    for run in runs:
        truth = run(facts)
        if truth is False:
            return False
        known = known and truth is not None
    return True if known else None


def _any(runs: Sequence[Run], facts: Facts) -> bool | None:
    """Kleene's `or`: one that is true decides, else one that is unknown does."""
    known = True
    for run in runs:
        truth = run(facts)
        if truth is True:
            return True
        known = known and truth is not None
    return False if known else None


def _choice(node: ast.IfExp) -> _Term:
    test, then = _of_kind(node.test, Kind.TRUTH).run, _term(node.body)
    otherwise = _of_kind(node.orelse, then.kind).run
    unknown = UNKNOWN if then.kind is Kind.NUMBER else None

    def run(facts: Facts) -> Any:
        truth = test(facts)
        if truth is None:
            return unknown
        return then.run(facts) if truth else otherwise(facts)

    return _Term(then.kind, run)


# Comparisons.

_ORDER: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_HAYSTACKS = {Kind.TEXT: (Kind.TEXT, Kind.TEXTS), Kind.NUMBER: (Kind.NUMBERS,)}


def _comparison(node: ast.Compare) -> _Term:
    nodes = [node.left, *node.comparators]
    pairs = [_pair(op, left, right) for op, left, right in zip(node.ops, nodes, node.comparators, strict=False)]
    return pairs[0] if len(pairs) == 1 else _Term(Kind.TRUTH, partial(_all, [pair.run for pair in pairs]))


def _pair(op: ast.cmpop, left: ast.expr, right: ast.expr) -> _Term:
    if isinstance(op, (ast.Is, ast.IsNot)):
        raise _refuse(right, '"is" cannot stand in a condition', "write == or !=")
    needle = _of_kind(left, Kind.NUMBER, Kind.TEXT)
    if isinstance(op, (ast.In, ast.NotIn)):
        hay = _of_kind(right, *_HAYSTACKS[needle.kind])
        return _Term(Kind.TRUTH, _membership(op, needle.run, hay.run))
    if needle.kind is Kind.TEXT and not isinstance(op, (ast.Eq, ast.NotEq)):
        raise _refuse(left, "texts are equal or not, but not larger", "number(…) makes a number of a label")
    return _Term(Kind.TRUTH, partial(_compared, _ORDER[type(op)], needle.run, _of_kind(right, needle.kind).run))


def _compared(compare: Callable[[Any, Any], bool], left: Run, right: Run, facts: Facts) -> bool | None:
    one, other = left(facts), right(facts)
    return None if _unknown(one) or _unknown(other) else bool(compare(one, other))


def _membership(op: ast.cmpop, needle: Run, hay: Run) -> Run:
    contained = partial(_contained, needle, hay)
    return contained if isinstance(op, ast.In) else partial(_not, contained)


def _contained(needle: Run, hay: Run, facts: Facts) -> bool | None:
    one, many = needle(facts), hay(facts)
    if _unknown(one) or many is None:
        return None
    if one in many:
        return True
    return None if isinstance(many, list) and any(map(_unknown, many)) else False


def _unknown(value: Any) -> bool:
    return value is None or value != value  # NaN is the one value that differs from itself


# Functions.


def _call(node: ast.Call) -> _Term:
    if not isinstance(node.func, ast.Name):
        raise _refuse(node, "only the functions of the table can be called", _known_functions())
    name = node.func.id
    function = FUNCTIONS.get(name)
    if function is None:
        raise _refuse(node, f'unknown function "{name}"', suggest(name, FUNCTIONS))
    if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
        raise _refuse(node, f"{name} takes its arguments in order, without names")
    kinds = _kinds(node, name, function)
    runs = [_argument(function, i, arg, kind) for i, (arg, kind) in enumerate(zip(node.args, kinds, strict=True))]
    return _Term(function.gives, partial(_called, function.run, runs))


def _kinds(node: ast.Call, name: str, function: Function) -> Sequence[Kind]:
    given, most, least = len(node.args), len(function.takes), len(function.takes) - function.optional
    if function.repeats and least <= given <= _MOST_ITEMS:
        return [*function.takes, *[function.takes[-1]] * (given - most)]
    if not least <= given <= most:
        wanted = f"{least} or more" if function.repeats else " or ".join(map(str, sorted({least, most})))
        raise _refuse(node, f"{name} takes {wanted} arguments, found {given}")
    return function.takes[:given]


def _argument(function: Function, index: int, node: ast.expr, kind: Kind) -> Run:
    term = _of_kind(node, kind)
    prepare = (function.constant or {}).get(index)
    if prepare is None:
        return term.run
    if term.constant is None:
        raise _refuse(node, "this argument has to be written out, as a text in quotes")
    try:
        prepared = prepare(term.constant)
    except ValueError as problem:
        raise _refuse(node, str(problem)) from None
    return lambda _: prepared


def _called(function: Callable[..., Any], runs: Sequence[Run], facts: Facts) -> Any:
    return function(*[run(facts) for run in runs])


def _known_functions() -> str:
    return f"there is: {', '.join(sorted(FUNCTIONS))}"


_GRAMMAR: dict[type[ast.AST], Callable[[Any], _Term]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Tuple: _list,
    ast.List: _list,
    ast.Set: _list,
    ast.BinOp: _arithmetic,
    ast.UnaryOp: _unary,
    ast.BoolOp: _logic,
    ast.IfExp: _choice,
    ast.Compare: _comparison,
    ast.Call: _call,
}
_SPOKEN: dict[type[ast.AST], str] = {
    ast.Lambda: "a function",
    ast.NamedExpr: "an assignment",
    ast.JoinedStr: "a formatted text",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.Dict: "a mapping",
    ast.Starred: "*",
    ast.Await: "await",
    ast.Yield: "yield",
    ast.YieldFrom: "yield",
    ast.Slice: "a slice",
}
_HINTS: dict[type[ast.AST], str] = {ast.NamedExpr: "write == to compare"}
