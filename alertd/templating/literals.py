"""Constants of a template: numbers, characters and quoted text, as Go reads them."""

import re
from dataclasses import dataclass

from alertd.templating.bytestrings import decode, encode

_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_UNDERSCORES = re.compile(r"[+-]?(?:0[xXbBoO]_?)?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*")
_INTEGER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_HEX_FLOAT = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+")


@dataclass(frozen=True, slots=True)
class Constant:
    """An untyped number: what it is by itself, and what a function may take it as."""

    text: str
    value: int | float | complex
    integer: int | None
    real: float | None

    @property
    def default(self) -> int | float | complex | None:
        """What it is where nothing tells its type; None if that is an int, and it is too large for one."""
        return self.integer if isinstance(self.value, int) else self.value


def unquote(literal: str) -> str:
    """The text of a quoted or raw string. Raises ValueError."""
    body = literal[1:-1]
    if literal[0] == "`":
        return body.replace("\r", "")
    return _unescape(body, '"')


def character(literal: str) -> Constant:
    """A character constant, which is a number. Raises ValueError."""
    text = _unescape(literal[1:-1], "'")
    if len(text) != 1:
        raise ValueError(f"bad character constant {literal}")
    value = encode(text)[0] if "\udc80" <= text <= "\udcff" else ord(text)
    return Constant(literal, value, value, float(value))


def number(text: str) -> Constant:
    """A number. Raises ValueError."""
    if text.endswith("i"):
        return Constant(text, _imaginary(text), None, None)
    digits = _plain(text)
    if _INTEGER.fullmatch(digits):
        return _integer(text, digits)
    value = _real(digits)
    whole = int(value) if value.is_integer() and abs(value) < 2**63 else None
    return Constant(text, value, whole, value)


def _unescape(body: str, quote: str) -> str:
    if "\\" not in body:
        return body
    parts, last = [], 0
    for match in _ESCAPE.finditer(body):
        parts += [encode(body[last : match.start()]), _escaped(match, quote)]
        last = match.end()
    return decode(b"".join([*parts, encode(body[last:])]))


def _escaped(match: re.Match[str], quote: str) -> bytes:
    hexadecimal, octal, short, long, simple = match.groups()
    if hexadecimal or octal:
        value = int(hexadecimal, 16) if hexadecimal else int(octal, 8)
        if value > 255:
            raise ValueError(f"bad escape {match[0]} in a quoted text")
        return bytes([value])
    if short or long:
        point = int(short or long, 16)
        if point > 0x10FFFF or 0xD800 <= point < 0xE000:
            raise ValueError(f"bad escape {match[0]} in a quoted text")
        return chr(point).encode()
    if simple != quote and simple not in _SIMPLE:
        raise ValueError(f"unknown escape {match[0]} in a quoted text")
    return _SIMPLE.get(simple, simple).encode()


def _plain(text: str) -> str:
    """Without the underscores that separate digits."""
    if "_" not in text:
        return text
    for part in re.split(r"[.]|(?<![xX])[eEpP][+-]?", text) if not text.lower().startswith("0x") else [text]:
        if part and not _UNDERSCORES.fullmatch(part):
            raise ValueError(f"misplaced underscore in {text!r}")
    return text.replace("_", "")


def _integer(text: str, digits: str) -> Constant:
    sign, body = (-1, digits[1:]) if digits[0] == "-" else (1, digits.lstrip("+"))
    octal = len(body) > 1 and body[0] == "0" and body[1].isdigit()
    value = sign * (int(body, 8) if octal else int(body, 0))
    if not -(2**63) <= value < 2**64:
        raise ValueError(f"{text} is too large for an integer")
    return Constant(text, value, value if value < 2**63 else None, float(value))


def _real(text: str) -> float:
    if _HEX_FLOAT.fullmatch(text):
        try:
            return float.fromhex(text)
        except OverflowError:
            raise ValueError(f"{text} is too large") from None
    if not _FLOAT.fullmatch(text) or not any(mark in text for mark in ".eE"):
        raise ValueError(f"bad number {text!r}")
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is too large")
    return value


def _imaginary(text: str) -> complex:
    split = max(text.rfind("+"), text.rfind("-"))
    if split > 0 and text[split - 1] in "eEpP":
        split = max(text.rfind("+", 0, split), text.rfind("-", 0, split))
    real = number(text[:split]) if split > 0 else None
    imaginary = _plain(text[max(split, 0) : -1])
    if not _FLOAT.fullmatch(imaginary):
        raise ValueError(f"bad number {text!r}")
    return complex((real.real or 0.0) if real else 0.0, float(imaginary))
