"""Where an expression stops being PromQL, and what was probably meant there; the parser itself does not say where.

The first token after which no end of any kind makes an expression is the one that is wrong.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from alertd import spelling
from alertd.config.promqltokens import PAIRS, Token, spoken

_GROUPING = frozenset(("by", "without", "on", "ignoring"))
_KEYWORDS = frozenset((*_GROUPING, "and", "or", "unless", "bool", "offset", "group_left", "group_right"))
_OPERATORS = {"&&": "and", "||": "or", "=>": ">=", "=<": "<=", "<>": "!="}
_SYNTAX = ("invalid promql", "unexpected", "unclosed", "unterminated", "bad number", "missing")

# What may follow inside of brackets and behind them, so that all of it is an expression.
_ENDS = ("", "x", "(x)", "1m", "()", "(a)(x)", "(a) x", '"s"')
_IN_BRACKETS = {
    "(": (")", "x)", "1)", "1m)", "())", "(x))", "(a)(x))", "(a) x)", ")(x)", "a)(x)", ") x", "a) x", '"s")'),
    "[": ("]", "1m]", "1m:]", "m]"),
    "{": ("}", 'a="b"}', '="b"}', '"b"}'),
}

FUNCTIONS = frozenset(
    (
        "abs", "absent", "absent_over_time", "acos", "acosh", "asin", "asinh", "atan", "atanh", "avg_over_time", "ceil",
        "changes", "clamp", "clamp_max", "clamp_min", "cos", "cosh", "count_over_time", "day_of_month", "day_of_week",
        "day_of_year", "days_in_month", "deg", "delta", "deriv", "double_exponential_smoothing", "exp", "floor",
        "histogram_avg", "histogram_count", "histogram_fraction", "histogram_quantile", "histogram_stddev",
        "histogram_stdvar", "histogram_sum", "holt_winters", "hour", "idelta", "increase", "irate", "label_join",
        "label_replace", "last_over_time", "ln", "log10", "log2", "mad_over_time", "max_over_time", "min_over_time",
        "minute", "month", "pi", "predict_linear", "present_over_time", "quantile_over_time", "rad", "rate", "resets",
        "round", "scalar", "sgn", "sin", "sinh", "sort", "sort_by_label", "sort_by_label_desc", "sort_desc", "sqrt",
        "stddev_over_time", "stdvar_over_time", "sum_over_time", "tan", "tanh", "time", "timestamp", "vector", "year",
    )
)  # fmt: skip
_AGGREGATIONS = frozenset(
    ("avg", "bottomk", "count", "count_values", "group", "limitk", "max", "min", "quantile", "stddev", "stdvar", "sum",
     "topk")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mistake:
    """`at` is the offset in the expression."""

    at: int
    message: str
    hint: str = ""


def is_syntax(reason: str) -> bool:
    """Whether the parser refused the shape of an expression, and not what it means."""
    return reason.startswith(_SYNTAX)


def misplaced(expr: str, refusal: Callable[[str], str]) -> Mistake:
    """The token that cannot stand where it does; `refusal` is why the parser refuses an expression, empty if not."""
    found = spoken(expr)
    first = bisect_left(range(1, len(found) + 1), 1, key=lambda size: not _continues(expr, found[:size], refusal))
    if first == len(found):
        return Mistake(found[-1].at if found else 0, "not valid PromQL: it ends too early")
    token = found[first]
    return Mistake(token.at, f'unexpected "{token.text[:100]}"', _meant(expr, found, first))


def unknown_function(expr: str, name: str) -> Mistake:
    """A function that neither the parser nor the newest Prometheus has, where it is called first."""
    found = spoken(expr)
    called = (one.at for one, after in pairwise(found) if (one.text, after.text) == (name, "("))
    return Mistake(next(called, 0), "", spelling.question(name, FUNCTIONS | _AGGREGATIONS))


def _continues(expr: str, known: Sequence[Token], refusal: Callable[[str], str]) -> bool:
    """Whether something that begins so can be an expression."""
    begun = expr[: known[-1].at + len(known[-1].text)]
    return any(not is_syntax(refusal(begun + end)) for end in _endings(known))


def _endings(known: Sequence[Token]) -> Iterator[str]:
    stack: list[str] = []
    for token in known:
        if token.text in PAIRS.values():
            stack.append(token.text)
        elif token.text in PAIRS and stack:
            stack.pop()
    closing = "".join({"(": ")", "[": "]", "{": "}"}[one] for one in reversed(stack))
    for gap in (" ", ""):
        for end in _ENDS if not stack or stack[-1] == "(" else ():
            yield gap + end + closing
        for end in _IN_BRACKETS[stack[-1]] if stack else ():
            yield gap + end + closing[1:]


def _meant(expr: str, found: Sequence[Token], index: int) -> str:
    """Advice, where the token leaves no doubt."""
    token = found[index]
    for pair in (expr[token.at : token.at + 2], expr[max(0, token.at - 1) : token.at + 1]):
        if pair in _OPERATORS:
            return f"write {_OPERATORS[pair]}"
    if token.kind == "word":
        return _meant_word(token.text[:100], found[index - 1].text if index else "")
    if token.text in ("=", "==") and _in_braces(found[:index]):
        return "inside of braces one = is enough"
    return "write == to compare" if token.text == "=" and index and found[index - 1].kind != "operator" else ""


def _meant_word(word: str, before: str) -> str:
    if before.lower() in _GROUPING:
        return f"write {before} ({word})"
    known = [one for one in _KEYWORDS if one[0] == word[0].lower()]
    return "" if word.lower() in known else spelling.question(word.lower(), known)


def _in_braces(known: Sequence[Token]) -> bool:
    texts = [token.text for token in known]
    return texts.count("{") > texts.count("}")
