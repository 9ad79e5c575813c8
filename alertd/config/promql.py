"""PromQL is parsed when it is loaded, so that a bad expression never reaches production; the home of promql_parser.

The parser's time and memory grow with the square of an expression's nesting, and far out it takes the process with it;
so the tokens are counted first. It also knows less than the newest servers. Both ways the expression is accepted with
a note: only what is certainly wrong is refused.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from alertd.config.promqlmistakes import Mistake, is_syntax, misplaced, unknown_function
from alertd.config.promqltokens import Token, count, spoken, tokens

MAX_OPERATORS = 300
MAX_LENGTH = 64 << 10

_GROUPED_NUMBER = re.compile(r"\d+(?:_\d+)+(?:\.\d+)?(?:[eE]\d+)?")
_NUMBER = re.compile(r"\d+(?:\.\d*)?[eE]\d+")
_GENERIC = "invalid promql query"
_UNKNOWN = re.compile(r"unknown function with name '(.+)'")
_CALLED = re.compile(r"function '(.+?)'")
_HINTS = (
    ("unknown function", "a function of the server's that is spelled otherwise, or of MetricsQL or LogQL"),
    ("duration", "durations are written 30s, 5m, 1h30m; a range is [5m]"),
    ("in label matching, expected string", 'what a label is matched with stands in quotes, as in {job="x"}'),
    ("expected type matrix", "give the series a range, as in rate(x[5m])"),
    ("got matrix", "a range needs a function around it, as in rate(x[5m])"),
    ("scalar and instant vector", "a range needs a function around it, as in rate(x[5m])"),
    ("empty", "name a metric, or match at least one label with a value that is not empty"),
    ("unknown escape", "write \\\\ for a backslash, or put the text between backticks"),
)

# What the newest Prometheus reads and the parser does not yet: arithmetic with durations, `anchored`, `smoothed`, `</`.
_DURATION_MATHS = re.compile(r"\[(?P<range>[^\[\]:]+)(?P<step>:[^\[\]:]*)?\]")
_MATHS = re.compile(r"(?:[\s().,+\-*/%^]|\d+|ms|[smhdwy]|step|range|min|max)+", re.ASCII)
_MATHS_SIGN = re.compile(r"[\w)]\s*[-+*/%^]\s*[\w(]|step|range|min\(|max\(", re.ASCII)
_NESTED_OFFSET = re.compile(r"(\boffset\s*-?\s*\([^()]*)\([\d\s.a-z+\-*/%^]*\)", re.ASCII)
_MASKS = {"string": '"x"', "raw": '"x"', "comment": " "}
_OFFSET_MATHS = re.compile(r"\boffset\s*-?\s*(?:\((?=[^()]*\d)[^()]*\)|(?:step|range)\(\))", re.ASCII)


@dataclass(frozen=True, slots=True)
class Finding:
    """What the check of an expression found: an error with advice, or a note about what could not be checked.

    `at` is the offset in the expression.
    """

    error: str = ""
    hint: str = ""
    note: str = ""
    at: int = 0


_FINE = Finding()


def check(expr: str, *, condition: bool = True) -> Finding:
    """Whether this expression parses and, as a `condition`, gives what an alert can stand on: a vector or a number."""
    if len(expr) >= MAX_OPERATORS:
        finding = _measure(expr)
        if finding is not None:
            return finding
    try:
        parsed = _parse(expr)
    except ValueError as problem:
        return _judge(expr, str(problem))
    kind = _kind(parsed)
    if kind in ("scalar", "vector") or not condition:
        return _too_large_a_number(expr)
    return Finding(f"the expression gives a {kind}, which is no condition", "compare a vector or a number, as in x > 5")


def tree(expr: str) -> Any:
    """The parser's own nodes, for `expressions` to translate; None if it may not have it, or cannot read it."""
    if len(expr) >= MAX_OPERATORS and _measure(expr) is not None:
        return None
    try:
        return _parse(expr)
    except ValueError:
        return None


def gives_vector(expr: str) -> bool:
    """Whether this is certain to be an instant vector."""
    parsed = tree(expr)
    return parsed is not None and _kind(parsed) == "vector"


def _parse(expr: str) -> Any:
    return _parser().parse(_normalised(expr) if "`" in expr or "_" in expr else expr)


def _measure(expr: str) -> Finding | None:
    """None if the parser may have it. What is too large for the parser is at least checked for brackets and quotes."""
    found = count(expr)
    if found.operators <= MAX_OPERATORS and len(expr) <= MAX_LENGTH:
        return None
    if found.unbalanced:
        return Finding(found.unbalanced, at=found.at)
    large = found.operators > MAX_OPERATORS
    size = f"{found.operators} operators and brackets" if large else f"{len(expr)} characters"
    return Finding(note=f"the expression is too large to be checked here ({size}); the server will judge it")


def _normalised(expr: str) -> str:
    """Strings between backticks become quoted ones, and `1_000` becomes 1000: the parser misreads both."""
    parts = []
    for token in tokens(expr):
        kind, text = token.kind, token.text
        if kind == "raw":
            inner = text[1:-1].replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            parts.append(f'"{inner}"')
        elif kind == "word" and _GROUPED_NUMBER.fullmatch(text):
            parts.append(text.replace("_", ""))
        else:
            parts.append(text)
    return "".join(parts)


def _judge(expr: str, reason: str) -> Finding:
    """What the parser refused is wrong, unless what it does not know yet is all that stands in its way."""
    relaxed, changed = _relaxed(expr)
    if changed:
        try:
            _parser().parse(relaxed)
        except ValueError:
            pass
        else:
            return Finding(note="the expression uses syntax only newest servers know and alertd cannot check")
    mistake = _mistake(expr, reason, certain=not changed)
    hint = mistake.hint or next((advice for part, advice in _HINTS if part in reason), "")
    if "{{" in expr and not hint:
        hint = "templates are not expanded in expressions"
    return Finding(f"could not parse the expression: {mistake.message}", hint, at=mistake.at)


def _mistake(expr: str, reason: str, *, certain: bool) -> Mistake:
    """What is wrong, and where. If not `certain`, newer syntax than the parser knows stands in the way of telling."""
    balance = count(expr)
    if balance.unbalanced:
        return Mistake(balance.at, balance.unbalanced)
    if function := _UNKNOWN.search(reason):
        return replace(unknown_function(expr, function[1]), message=reason)
    if not certain or not is_syntax(reason):
        return Mistake(_mentioned(expr, reason), "not valid PromQL" if reason == _GENERIC else reason)
    found = misplaced(expr, _refusal)
    return found if reason == _GENERIC else replace(found, message=reason)


def _mentioned(expr: str, reason: str) -> int:
    """Where the function is that the parser names; at the beginning if it stands there more than once."""
    named = _CALLED.search(reason)
    places = [token.at for token in spoken(expr) if named and token.text == named[1]]
    return places[0] if len(places) == 1 else 0


def _refusal(expr: str) -> str:
    try:
        _parse(expr)
    except ValueError as problem:
        return str(problem)
    return ""


def _relaxed(expr: str) -> tuple[str, bool]:
    """The expression with the newest syntax replaced by something old that has the same shape, and whether it was."""
    masked = "".join(_MASKS.get(token.kind, token.text) for token in tokens(expr))
    relaxed = _DURATION_MATHS.sub(_plain_range, masked)
    while (flatter := _NESTED_OFFSET.sub(r"\g<1>1", relaxed)) != relaxed:
        relaxed = flatter
    relaxed = _OFFSET_MATHS.sub("offset 1m", relaxed)
    relaxed = re.sub(r"(?<=[\]\w])\s+(?:anchored|smoothed)\b", "", relaxed)
    relaxed = re.sub(r"([<>])/", r"\1", relaxed)
    return relaxed, relaxed != masked


def _plain_range(match: re.Match[str]) -> str:
    parts = [match["range"], (match["step"] or "").removeprefix(":")]
    new = any(_MATHS_SIGN.search(part) for part in parts)
    if not new or not all(_MATHS.fullmatch(part) for part in parts if part.strip()):
        return match[0]
    return "[1m:1m]" if match["step"] else "[1m]"


def _too_large_a_number(expr: str) -> Finding:
    if "e" not in expr and "E" not in expr:
        return _FINE
    for match in _NUMBER.finditer(expr):
        if float(match[0]) == float("inf") and Token("word", match[0], match.start()) in tokens(expr):
            return Finding(
                f"the number {match[0]} is out of range", "write +Inf if you mean infinity", at=match.start()
            )
    return _FINE


def _kind(parsed: Any) -> str:
    """`scalar`, `vector`, `string` or `range vector`: the parser's nodes do not say it of themselves."""
    library = _parser()
    if isinstance(parsed, library.NumberLiteral):
        return "scalar"
    if isinstance(parsed, library.StringLiteral):
        return "string"
    if isinstance(parsed, (library.ParenExpr, library.UnaryExpr)):
        return _kind(parsed.expr)
    if isinstance(parsed, (library.MatrixSelector, library.SubqueryExpr)):
        return "range vector"
    if isinstance(parsed, library.BinaryExpr):
        return "scalar" if _kind(parsed.rhs) == _kind(parsed.lhs) == "scalar" else "vector"
    if isinstance(parsed, library.Call):
        return "scalar" if parsed.func.return_type == library.ValueType.Scalar else "vector"
    return "vector"


@lru_cache(maxsize=1)
def _parser() -> Any:
    """The library, taught the one function that Prometheus 2 has and 3 renamed."""
    import promql_parser

    kinds = promql_parser.ValueType
    arguments = [kinds.Matrix, kinds.Scalar, kinds.Scalar]
    promql_parser.register_extra_functions([promql_parser.Function("holt_winters", arguments, kinds.Vector)])
    return promql_parser
