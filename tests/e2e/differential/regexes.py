"""A text that a regular expression matches."""

import re
import re._constants as kinds
import re._parser as parser
import warnings
from typing import Any

from alertd import regex

_CLASSES = {kinds.CATEGORY_DIGIT: "7", kinds.CATEGORY_SPACE: " ", kinds.CATEGORY_WORD: "w"}


def fits(pattern: str, text: str) -> bool:
    """Whether the whole text matches, as matchers mean it."""
    try:
        return bool(regex.compile(pattern).fullmatch(text))
    except ValueError:
        return False


def example(pattern: str, variant: int) -> str:
    """A text that probably matches; other variants take other branches."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _sequence(parser.parse(pattern), variant)
        except re.error:
            return ""


def _sequence(items: Any, variant: int) -> str:
    return "".join(_piece(kind, value, variant) for kind, value in items)


def _piece(kind: Any, value: Any, variant: int) -> str:
    if kind is kinds.LITERAL:
        return chr(value)
    if kind in (kinds.MAX_REPEAT, kinds.MIN_REPEAT):
        return _sequence(value[2], variant) * min(max(value[0], variant % 2), value[1])
    if kind is kinds.BRANCH:
        return _sequence(value[1][variant % len(value[1])], variant)
    if kind is kinds.SUBPATTERN:
        return _sequence(value[3], variant)
    if kind is kinds.IN:
        return _one_of(value)
    return "x" if kind in (kinds.ANY, kinds.NOT_LITERAL) else ""


def _one_of(choices: Any) -> str:
    kind, value = choices[0]
    if kind is kinds.NEGATE:
        return "~"
    if kind is kinds.RANGE:
        return chr(value[0])
    return _CLASSES.get(value, "x") if kind is kinds.CATEGORY else chr(value)
