"""Matchers: `name="value"`, with `=`, `!=`, `=~` and `!~`, in Alertmanager's two grammars."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from alertd import regex

_RESERVED = "{}!=~,\\\"'`"
_OPS = ("=~", "!~", "!=", "=")
_CLASSIC = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*(.*?)\s*", re.DOTALL)
_ADVICE = 'write name="value"; the operators are = != =~ !~'
_SIMPLE_ESCAPES = {
    "a": b"\a", "b": b"\b", "f": b"\f", "n": b"\n", "r": b"\r", "t": b"\t", "v": b"\v", "\\": b"\\", '"': b'"',
}  # fmt: skip
_ESCAPE = re.compile(
    r'\\(?:(?P<one>[abfnrtv\\"])|x(?P<x>[0-9a-fA-F]{2})|(?P<o>[0-7]{3})|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8}))'
)


class Grammar(StrEnum):
    """Which of Alertmanager's two grammars reads a matcher; FALLBACK tries both, as Alertmanager does by default."""

    FALLBACK = "fallback"
    UTF8 = "utf8"
    CLASSIC = "classic"


@dataclass(frozen=True)
class Matcher:
    """One condition on one label; a label that is not set equals the empty string.

    Regular expressions are RE2 and match the whole value. Raises ValueError on an unknown operator or a bad expression.
    """

    name: str
    op: str
    value: str

    def __post_init__(self) -> None:
        if self.op not in _OPS:
            raise ValueError(f"unknown operator {self.op!r}: use = != =~ or !~")
        if not self.name:
            raise ValueError(f"a matcher needs a label name: {_ADVICE}")
        if self.op in ("=~", "!~"):
            regex.compile(self.value)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels satisfy the condition."""
        value = labels.get(self.name, "")
        if self.op == "=":
            return value == self.value
        if self.op == "!=":
            return value != self.value
        return (self._pattern.fullmatch(value) is not None) == (self.op == "=~")

    def __str__(self) -> str:
        """Alertmanager's notation, which `parse` reads back."""
        if any(_reserved(character) for character in self.name):
            return f"{_quote(self.name)}{self.op}{_quote(self.value)}"
        escaped = self.value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
        return f'{self.name}{self.op}"{escaped}"'

    @cached_property
    def _pattern(self) -> Any:
        return regex.compile(self.value)


def parse(text: str, grammar: Grammar = Grammar.FALLBACK) -> tuple[Matcher, ...]:
    """`{a="b", c=~"d|e"}` → matchers; braces and a trailing comma may be left out. Raises ValueError with advice.

    With FALLBACK, text that both grammars read differently is read as the classic one does. Source: Alertmanager's
    `matcher/compat`, https://prometheus.io/docs/alertmanager/latest/configuration/#label-matchers
    """
    if grammar is Grammar.UTF8:
        return _parse_utf8(text)
    if grammar is Grammar.CLASSIC:
        return _parse_classic(text)
    try:
        classic = _parse_classic(text)
    except ValueError:
        return _parse_utf8(text)
    return classic


def _parse_classic(text: str) -> tuple[Matcher, ...]:
    return tuple(_one_classic(token) for token in _split(text.strip().removeprefix("{").removesuffix("}")))


def _split(text: str) -> Iterator[str]:
    """The parts between commas that stand outside double quotes; the last may be empty."""
    start, quoted, escaped = 0, False, False
    for index, character in enumerate(text):
        if character == "," and not quoted:
            yield text[start:index]
            start = index + 1
        elif character == '"' and not escaped:
            quoted = not quoted
        escaped = character == "\\" and not escaped
    if text[start:].strip():
        yield text[start:]


def _one_classic(token: str) -> Matcher:
    match = _CLASSIC.fullmatch(token)
    if match is None:
        raise ValueError(f"bad matcher {token[:100]!r}: {_ADVICE}")
    name, op, raw = match.groups()
    quoted = raw.startswith('"')
    value, closed = _unescape_classic(raw[1:] if quoted else raw, token, quoted=quoted)
    if quoted and not closed:
        raise ValueError(f"bad matcher {token[:100]!r}: the quotes are not closed")
    return Matcher(name, op, value)


def _unescape_classic(raw: str, token: str, *, quoted: bool) -> tuple[str, bool]:
    r"""The value, and whether it ended with a quote. Only `\n`, `\"` and `\\` are escapes; others stay as they are."""
    value: list[str] = []
    index, end = 0, len(raw)
    while index < end:
        character = raw[index]
        if character == "\\" and index + 1 < end:
            following = raw[index + 1]
            value.append({"n": "\n", '"': '"', "\\": "\\"}.get(following, "\\" + following))
            index += 2
            continue
        if character == '"':
            if quoted and index == end - 1:
                return "".join(value), True
            raise ValueError(f'bad matcher {token[:100]!r}: a quote inside the value is written \\"')
        value.append(character)
        index += 1
    return "".join(value), False


def _parse_utf8(text: str) -> tuple[Matcher, ...]:
    tokens = list(_tokens(text))
    if tokens and tokens[0] == ("{", "{"):
        if tokens[-1] != ("}", "}"):
            raise ValueError(f"bad matchers {text[:100]!r}: the closing brace is missing")
        tokens = tokens[1:-1]
    found: list[Matcher] = []
    while tokens:
        if len(tokens) < 3 or [kind for kind, _ in tokens[:3]] != ["text", "op", "text"]:
            raise ValueError(f"bad matcher in {text[:100]!r}: {_ADVICE}")
        (_, name), (_, op), (_, value) = tokens[:3]
        found.append(Matcher(name, op, value))
        tokens = tokens[3:]
        if tokens and tokens.pop(0) != (",", ","):
            raise ValueError(f"bad matchers {text[:100]!r}: put a comma between matchers, and quotes around odd values")
    return tuple(found)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Pairs of kind (`text`, `op` or the punctuation itself) and value."""
    index, end = 0, len(text)
    while index < end:
        character = text[index]
        if character.isspace():
            index += 1
        elif character in "{},":
            yield character, character
            index += 1
        elif operator := next((op for op in _OPS if text.startswith(op, index)), ""):
            yield "op", operator
            index += len(operator)
        elif character == '"':
            stop = _closing_quote(text, index)
            yield "text", _unquote(text[index + 1 : stop])
            index = stop + 1
        elif _reserved(character):
            raise ValueError(f"bad matcher {text[:100]!r}: {character!r} must stand in double quotes")
        else:
            stop = next((at for at in range(index, end) if _reserved(text[at])), end)
            yield "text", text[index:stop]
            index = stop


def _reserved(character: str) -> bool:
    return character.isspace() or character in _RESERVED


def _closing_quote(text: str, opening: int) -> int:
    index = opening + 1
    while index < len(text):
        if text[index] == '"':
            return index
        index += 2 if text[index] == "\\" else 1
    raise ValueError(f"bad matcher {text[:100]!r}: the quotes are not closed")


def _unquote(text: str) -> str:
    r"""What stands between double quotes, with Go's escapes (`\n`, `\x41`, `\u00e9`, …) replaced."""
    if "\n" in text:
        raise ValueError(f"a line break in {text[:100]!r} is written \\n")
    if "\\" not in text:
        return text
    parts, position = [], 0
    while (at := text.find("\\", position)) >= 0:
        match = _ESCAPE.match(text, at)
        if match is None:
            raise ValueError(f"unknown escape {text[at : at + 2]!r} in {text[:100]!r}: write \\\\ for a backslash")
        parts += [text[position:at].encode(), _escaped(match)]
        position = match.end()
    try:
        return b"".join([*parts, text[position:].encode()]).decode()
    except UnicodeDecodeError:
        raise ValueError(f"the escapes in {text[:100]!r} do not make valid UTF-8") from None


def _escaped(match: re.Match[str]) -> bytes:
    if one := match["one"]:
        return _SIMPLE_ESCAPES[one]
    if wide := match["u"] or match["U"]:
        code = int(wide, 16)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise ValueError(f"{match[0]} is no character")
        return chr(code).encode()
    number = int(match["x"], 16) if match["x"] else int(match["o"], 8)
    if number > 0xFF:
        raise ValueError(f"{match[0]} is more than a byte")
    return bytes([number])


def _quote(text: str) -> str:
    """Text in double quotes with Go's escapes."""
    short = {ord(value): f"\\{name}" for name, value in _SIMPLE_ESCAPES.items()}
    return '"' + "".join(short.get(ord(one)) or (one if one.isprintable() else _wide(one)) for one in text) + '"'


def _wide(character: str) -> str:
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
