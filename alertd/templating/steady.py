"""Which templates of rules say the same as long as the labels and the value are the same, so that nobody asks again."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from alertd.errors import TemplateError
from alertd.templating.lexer import Kind, Token, tokens
from alertd.templating.rulefunctions import RULE_FUNCTIONS
from alertd.templating.source import Source

_LABELS = {(Kind.VARIABLE, "$labels"), (Kind.FIELD, ".Labels")}
_VALUES = {(Kind.VARIABLE, "$value"), (Kind.FIELD, ".Value")}
_CONDITIONS = {"if", "else", "end"}
_PLAIN = {
    Kind.TEXT, Kind.LEFT, Kind.RIGHT, Kind.SPACE, Kind.STRING, Kind.CHARACTER, Kind.NUMBER, Kind.BOOL,
    Kind.PIPE, Kind.OPEN, Kind.CLOSE, Kind.END,
}  # fmt: skip


@lru_cache(maxsize=8192)
def steady_labels(text: str) -> frozenset[str] | None:
    """The labels on which, with the value, alone depends what this template says; None if it may depend on more.

    Only plain templates are looked into: fields of the labels, the value, constants, conditions, and functions that
    know nothing else.
    """
    if "{{" not in text:
        return frozenset()
    try:
        return frozenset(_read(tokens(Source(text))))
    except (TemplateError, ValueError):
        return None


def _read(found: Sequence[Token]) -> Iterator[str]:
    """The labels that are read. Raises ValueError at the first token that may read something else."""
    previous: Token | None = None
    for token, following in pairwise([*found, Token(Kind.END, "", 0)]):
        if previous is not None and (previous.kind, previous.value) in _LABELS:
            yield token.value.removeprefix(".")
        elif not _is_steady(token, following):
            raise ValueError(token)
        previous = token


def _is_steady(token: Token, following: Token) -> bool:
    if (token.kind, token.value) in _LABELS:
        return following.kind is Kind.FIELD
    if (token.kind, token.value) in _VALUES:
        return following.kind is not Kind.FIELD
    if token.kind is Kind.WORD:
        function = RULE_FUNCTIONS.get(token.value)
        return function is not None and not function.hosted
    if token.kind is Kind.KEYWORD:
        return token.value in _CONDITIONS
    return token.kind in _PLAIN
