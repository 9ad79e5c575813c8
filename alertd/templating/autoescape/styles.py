"""CSS as far as escaping needs it: where its literals begin and end, and its escapes."""

import re

from alertd.errors import TemplateError
from alertd.templating.autoescape.contexts import State

_LITERAL = re.compile(r"""url\([ \t\n\f\r]*(?P<quote>["']?)|//|/\*|["']""", re.IGNORECASE)
_NAME_CHARACTER = re.compile(r"[-\w\x80-\uffff]")
_ENDS = {
    State.CSS_DOUBLE: re.compile(r'[\\"]'),
    State.CSS_DOUBLE_URL: re.compile(r'[\\"]'),
    State.CSS_SINGLE: re.compile(r"[\\']"),
    State.CSS_SINGLE_URL: re.compile(r"[\\']"),
    State.CSS_URL: re.compile(r"[\\\t\n\f\r )]"),
}
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})(?:\r\n|[ \t\n\f\r])?|(.))", re.DOTALL)
_URLS = {'"': State.CSS_DOUBLE_URL, "'": State.CSS_SINGLE_URL, "": State.CSS_URL}
_STRINGS = {
    "//": State.CSS_LINE_COMMENT,
    "/*": State.CSS_BLOCK_COMMENT,
    '"': State.CSS_DOUBLE,
    "'": State.CSS_SINGLE,
}


def next_literal(text: str) -> tuple[State | None, int]:
    """The first string, URL or comment in a text, and the offset after its beginning."""
    for found in _LITERAL.finditer(text):
        quote = found["quote"]
        if quote is None:
            return _STRINGS[found[0]], found.end()
        if not found.start() or not _NAME_CHARACTER.match(text[found.start() - 1]):
            return _URLS[quote], found.end()
        if quote:
            return _STRINGS[quote], found.end()
    return None, len(text)


def end_of_literal(state: State, text: str) -> int:
    """The offset after a literal's end; -1 if it goes on. Raises TemplateError."""
    at = 0
    while found := _ENDS[state].search(text, at):
        if found[0] != "\\":
            return found.end()
        at = found.end() + 1
        if at > len(text):
            raise TemplateError("an escape in a style is cut off by an action")
    return -1


def decoded(text: str) -> str:
    """A text without its escapes."""
    return _ESCAPE.sub(_decoded, text) if "\\" in text else text


def _decoded(escape: re.Match[str]) -> str:
    if not escape[1]:
        return escape[2]
    point = int(escape[1], 16)
    return chr(point) if point <= 0x10FFFF and not 0xD800 <= point < 0xE000 else "\ufffd"
