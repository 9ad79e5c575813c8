"""JavaScript as far as escaping needs it: where its literals end, and what a slash means."""

import re

from alertd.errors import TemplateError
from alertd.templating.autoescape.contexts import Slash, State

STRINGS = {'"': State.JS_DOUBLE, "'": State.JS_SINGLE, "`": State.JS_TEMPLATE}

_SPECIALS = {
    State.JS_DOUBLE: re.compile(r'[\\"]'),
    State.JS_SINGLE: re.compile(r"[\\']"),
    State.JS_TEMPLATE: re.compile(r"[\\`]"),
    State.JS_REGEXP: re.compile(r"[\\/\[\]]"),
}
_BEFORE_REGEXP = frozenset(
    [
        "break",
        "case",
        "continue",
        "delete",
        "do",
        "else",
        "finally",
        "in",
        "instanceof",
        "return",
        "throw",
        "try",
        "typeof",
        "void",
    ]
)
_WORD = re.compile(r"[$\w]*\Z", re.ASCII)
_SIGNS = re.compile(r"(\++|-+)\Z")


def slash_after(text: str, before: Slash) -> Slash:
    """What a slash after this text would begin, if the text has no literals."""
    text = text.rstrip("\t\n\f\r \u2028\u2029")
    if not text:
        return before
    signs = _SIGNS.search(text)
    if signs:
        return Slash.REGEXP if len(signs[0]) % 2 else Slash.DIVISION
    if text[-1] == ".":
        return Slash.DIVISION if len(text) > 1 and text[-2] in "0123456789" else Slash.REGEXP
    if text[-1] in ",<>=*%&|^?!~([:;{}":
        return Slash.REGEXP
    word = _WORD.search(text)
    return Slash.REGEXP if word and word[0] in _BEFORE_REGEXP else Slash.DIVISION


def end_of_literal(state: State, text: str) -> int:
    """The offset after a text's or a regular expression's end; -1 if it goes on. Raises TemplateError."""
    at, in_set = 0, False
    while found := _SPECIALS[state].search(text, at):
        at = found.end()
        if found[0] == "\\":
            if at == len(text):
                raise TemplateError("an escape in a script is cut off by an action")
            at += 1
        elif found[0] == "[":
            in_set = True
        elif found[0] == "]":
            in_set = False
        elif not in_set:
            return at
    if in_set:
        raise TemplateError("an action stands in the character set of a regular expression")
    return -1
