"""The functions on text that rules and notifications share: regular expressions, and letters of either case."""

import re
from collections.abc import Callable
from typing import Any

from alertd import regex
from alertd.errors import TemplateError
from alertd.templating.bytestrings import clean
from alertd.templating.limits import LONGEST_TEXT, bounded

_REFERENCE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})|\$", re.ASCII)
_LONGEST_PATTERN = 1000
_WORD = re.compile("[\\w\u0300-\u036f]+(?:['\u2019.:\u00b7][\\w\u0300-\u036f]+)*")


def match(pattern: str, text: str) -> bool:
    """Whether an expression of RE2 matches anywhere. Raises TemplateError."""
    return _compiled(pattern).search(clean(text)) is not None


def replace_all(pattern: str, replacement: str, text: str) -> str:
    """Every match replaced; `$1`, `${1}` and `${name}` stand for its groups. Raises TemplateError."""
    expression, text = _compiled(pattern), clean(text)
    parts: list[str] = []
    last, room = 0, LONGEST_TEXT
    pieces = _pieces(clean(replacement))
    for found in expression.finditer(text):
        if found.end() == found.start() == last and parts:  # nothing, right after a match: Go leaves it out
            continue
        parts += [text[last : found.start()], *(_piece(found, piece) for piece in pieces)]
        last = found.end()
        room -= sum(map(len, parts[-len(pieces) - 1 :]))
        if room < 0:
            raise TemplateError(f"a text of more than {LONGEST_TEXT} characters")
    return bounded("".join([*parts, text[last:]]))


def title(text: str) -> str:
    """The first letter of every word in upper case, the others as they are."""
    letters = []
    before = " "
    for letter in text:
        letters.append(letter if _inside_word(before) else _single(letter, letter.title()))
        before = letter
    return "".join(letters)


def title_lower(text: str) -> str:
    """The first letter of every word in upper case, the others in lower case: Alertmanager's title."""
    return _WORD.sub(lambda word: _titled(word[0]), text)


def upper(text: str) -> str:
    """Letter by letter: none becomes two, as in Go."""
    return _mapped(text, str.upper)


def lower(text: str) -> str:
    return _mapped(text, str.lower)


def _mapped(text: str, case: Callable[[str], str]) -> str:
    changed = case(text)
    if text.isascii():
        return changed
    return "".join(_single(letter, case(letter)) for letter in text)


def _single(letter: str, changed: str) -> str:
    """One letter for one: where Unicode has several, Go takes the simple mapping, if there is any."""
    if len(changed) == 1:
        return changed
    if letter == "\u0130":
        return "i"
    return letter.title() if len(letter.title()) == 1 else letter


def _titled(word: str) -> str:
    """Digits before the first letter do not count as one."""
    start = next((place for place, letter in enumerate(word) if letter.upper() != letter.lower()), len(word))
    first, lowered = word[start : start + 1], word[start:].lower()
    return word[:start] + first.title() + lowered[len(first.lower()) :]


def _inside_word(before: str) -> bool:
    """Whether a letter after this one is inside of a word."""
    if before.isascii():
        return before.isalnum() or before == "_"
    return before.isalpha() or before.isdecimal() or not before.isspace()


def _pieces(replacement: str) -> list[str | int]:
    """Plain text, and what stands for a group: its number, or its name after a dollar sign."""
    pieces: list[str | int] = []
    last = 0
    for found in _REFERENCE.finditer(replacement):
        pieces.append(replacement[last : found.start()])
        name = found[1] or found[2]
        if name:
            pieces.append(int(name) if name.isdecimal() and len(name) < 6 else f"${name}")
        else:
            pieces.append("$")
        last = found.end()
    return [piece for piece in (*pieces, replacement[last:]) if piece != ""]


def _piece(found: Any, piece: str | int) -> str:
    """What a piece of the replacement is for one match; an unknown group is empty."""
    if isinstance(piece, str) and (piece == "$" or not piece.startswith("$")):
        return piece
    key = piece if isinstance(piece, int) else piece[1:]
    try:
        return found.group(key) or ""
    except (IndexError, KeyError):
        return ""


def _compiled(pattern: str) -> Any:
    if len(pattern) > _LONGEST_PATTERN:
        raise TemplateError(f"a regular expression of more than {_LONGEST_PATTERN} characters")
    try:
        return regex.compile(clean(pattern))
    except ValueError as problem:
        raise TemplateError(str(problem)) from None
