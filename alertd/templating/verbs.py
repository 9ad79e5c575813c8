"""One value under one printf verb: numbers, texts, and what is made of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from alertd.templating.bytestrings import encode
from alertd.templating.floats import formatted
from alertd.templating.functions import type_name
from alertd.templating.limits import joined
from alertd.templating.quoting import ascii_quoted, quoted, quoted_rune, raw_quotable
from alertd.templating.values import Map, Slice, Struct

_BASES = {"d": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}
_PREFIXES = {"b": "0b", "o": "0", "O": "0", "x": "0x", "X": "0X"}
_TEXT_VERBS = frozenset("vsxXq")
_POINTER = "0xc000000000"  # an address means nothing to a reader; Go prints one, so we print one


@dataclass(frozen=True, slots=True)
class Form:
    """The flags of a verb. `names` and `syntax` are what plus and sharp mean to `%v`: field names, and Go's syntax."""

    names: bool = False
    syntax: bool = False
    plus: bool = False
    minus: bool = False
    sharp: bool = False
    space: bool = False
    zero: bool = False
    width: int | None = None
    precision: int | None = None


PLAIN = Form()


def form(value: Any, verb: str, wanted: Form, *, pointers: bool = True) -> str:
    """A value under a verb. `pointers`: print what is handed around as a pointer as one."""
    if verb == "T":
        return _padded("<nil>" if value is None else _cut(type_name(value), wanted), wanted)
    if value is None:
        return _padded("<nil>", wanted) if verb == "v" else f"%!{verb}(<nil>)"
    if verb == "p" and isinstance(value, (Map, Slice)):
        return _padded(_POINTER, wanted)
    if verb in "pw":
        return _bad(value, verb, wanted)
    return _formed(value, verb, wanted, 0 if pointers else -1)


def _formed(value: Any, verb: str, wanted: Form, depth: int) -> str:
    """`depth` 0 is an argument of its own, deeper is inside another value."""
    if value is None:
        return "interface {}(nil)" if verb == "v" and wanted.syntax else "<nil>"
    go_string = getattr(value, "go_string", None)
    if go_string and verb in _TEXT_VERBS and not (verb == "v" and wanted.syntax):
        return _text(go_string(), verb, wanted, value)
    write = _WRITERS.get(value.__class__) or next(writer for kind, writer in _FAMILIES if isinstance(value, kind))
    return write(value, verb, wanted, depth)


def _padded(text: str, wanted: Form) -> str:
    missing = (wanted.width or 0) - len(text)
    if missing <= 0:
        return text
    if wanted.minus:
        return text + " " * missing
    return ("0" if wanted.zero else " ") * missing + text


def _bad(value: Any, verb: str, wanted: Form) -> str:
    """The verb does not fit. The flags still hold for the value, as they do in Go."""
    return f"%!{verb}({type_name(value)}={_formed(value, 'v', wanted, 0)})"


def _bool(value: Any, verb: str, wanted: Form, _: int) -> str:
    return _padded("true" if value else "false", wanted) if verb in "tv" else _bad(value, verb, wanted)


def _int(value: Any, verb: str, wanted: Form, _: int) -> str:
    number = int(value)
    if verb == "v":
        if wanted.syntax and type_name(value).startswith("uint"):
            return _integer(number, "x", replace(wanted, sharp=True))
        return _integer(number, "d", wanted)
    if verb in _BASES:
        return _integer(number, verb, wanted)
    if verb == "c":
        return _padded(_rune(number), wanted)
    if verb == "q":
        return _padded(quoted_rune(_rune(number), ascii_only=wanted.plus), wanted)
    if verb == "U":
        return _unicode(number, wanted)
    return _bad(value, verb, wanted)


def _rune(number: int) -> str:
    return chr(number) if 0 <= number <= 0x10FFFF and not 0xD800 <= number < 0xE000 else "\ufffd"


def _integer(number: int, verb: str, wanted: Form) -> str:
    """Digits in a base: padded with zeros to the precision, or to the width if that is asked for."""
    if wanted.precision == 0 and number == 0:
        return " " * (wanted.width or 0)
    sign = "-" if number < 0 else "+" if wanted.plus else " " if wanted.space else ""
    digits = format(abs(number), _BASES[verb])
    least = wanted.precision or 0
    if wanted.precision is None and wanted.zero and wanted.width is not None:
        least = wanted.width - len(sign)
    digits = digits.rjust(least, "0")
    if wanted.sharp and verb != "d" and not (verb in "oO" and digits[0] == "0"):
        digits = _PREFIXES[verb] + digits
    if verb == "O":
        digits = "0o" + digits
    return _padded(sign + digits, replace(wanted, zero=False))


def _unicode(number: int, wanted: Form) -> str:
    """`U+0078`, with `#` also the character."""
    text = f"U+{number & 0xFFFFFFFFFFFFFFFF:0{max(wanted.precision or 0, 4)}X}"
    if wanted.sharp and 0 <= number <= 0x10FFFF and _rune(number).isprintable():
        text += f" '{_rune(number)}'"
    return _padded(text, replace(wanted, zero=False))


def _float(value: Any, verb: str, wanted: Form, _: int) -> str:
    if verb == "v":
        return _real(value, "g", wanted, None)
    if verb in "bgGxX":
        return _real(value, verb, wanted, None)
    if verb in "eEfF":
        return _real(value, "f" if verb == "F" else verb, wanted, 6)
    return _bad(value, verb, wanted)


def _real(value: float, verb: str, wanted: Form, default: int | None) -> str:
    precision = default if wanted.precision is None else wanted.precision
    text = formatted(value, verb, precision)
    if not isfinite(value):
        return _special(text, wanted)
    if wanted.sharp and verb != "b":
        text = _with_point(text, verb, precision)
    sign = "-" if text[0] == "-" else "+" if wanted.plus else " " if wanted.space else ""
    digits = text.lstrip("-")
    if wanted.zero and wanted.width is not None:
        return sign + digits.rjust(wanted.width - len(sign), "0")
    return _padded(sign + digits, wanted)


def _special(text: str, wanted: Form) -> str:
    """An infinity, or no number: never padded with zeros."""
    if text == "NaN":
        text = ("+" if wanted.plus else " " if wanted.space else "") + text
    elif wanted.space and not wanted.plus:
        text = text.replace("+", " ")
    return _padded(text, replace(wanted, zero=False))


def _with_point(text: str, verb: str, precision: int | None) -> str:
    """`#`: always a decimal point, and for `%g` its trailing zeros."""
    mantissa, mark, exponent = text.partition({"x": "p", "X": "P", "G": "E", "E": "E"}.get(verb, "e"))
    point = "" if "." in mantissa else "."
    zeros = 0
    if verb in "gGx":
        digits = mantissa.lstrip("-").replace(".", "")
        significant = digits[1:] if verb == "x" else digits.lstrip("0")
        zeros = (6 if precision is None else precision) - (len(significant) or 1)
    return mantissa + point + "0" * zeros + mark + exponent


def _complex(value: complex, verb: str, wanted: Form, depth: int) -> str:
    if verb not in "vbgGxXfFeE":
        return _bad(value, verb, wanted)
    real = _float(value.real, verb, wanted, depth)
    imaginary = _float(value.imag, verb, replace(wanted, plus=True), depth)
    return f"({real}{imaginary}i)"


def _str(value: Any, verb: str, wanted: Form, _: int) -> str:
    return _text(str(value), verb, wanted, value)


def _text(text: str, verb: str, wanted: Form, value: Any) -> str:
    """A text, or what a Stringer says."""
    if verb == "v" and wanted.syntax:
        return _padded(quoted(text), wanted)
    if verb in "vs":
        return _padded(_cut(text, wanted), wanted)
    if verb == "q":
        return _padded(_quoted(_cut(text, wanted), wanted), wanted)
    if verb in "xX":
        return _padded(_hexadecimal(encode(text), verb, wanted), wanted)
    return _bad(value, verb, wanted)


def _cut(text: str, wanted: Form) -> str:
    return text if wanted.precision is None else text[: wanted.precision]


def _quoted(text: str, wanted: Form) -> str:
    if wanted.sharp and raw_quotable(text):
        return f"`{text}`"
    return ascii_quoted(text) if wanted.plus else quoted(text)


def _hexadecimal(data: bytes, verb: str, wanted: Form) -> str:
    """Two digits a byte; a space flag separates them, `#` marks them."""
    if wanted.precision is not None:
        data = data[: wanted.precision]
    digits = [f"{byte:02{verb}}" for byte in data]
    prefix = f"0{verb}" if wanted.sharp and digits else ""
    if wanted.space:
        return joined([prefix + pair for pair in digits], " ")
    return prefix + joined(digits)


def _map(value: Map, verb: str, wanted: Form, depth: int) -> str:
    inside = max(depth, 0) + 1
    pairs = [
        f"{_formed(key, verb, wanted, inside)}:{_formed(value[key], verb, wanted, inside)}" for key in sorted(value)
    ]
    if verb == "v" and wanted.syntax:
        return f"{type_name(value)}{{{joined(pairs, ', ')}}}"
    return f"map[{joined(pairs, ' ')}]"


def _slice(value: Slice, verb: str, wanted: Form, depth: int) -> str:
    inside = max(depth, 0) + 1
    items = [_formed(item, verb, wanted, inside) for item in value]
    if verb == "v" and wanted.syntax:
        return f"{type_name(value)}{{{joined(items, ', ')}}}"
    return f"[{joined(items, ' ')}]"


def _struct(value: Struct, verb: str, wanted: Form, depth: int) -> str:
    """`{a b}`, with `+` the names too; a pointer is followed only where it is not inside of something."""
    if value.pointer and depth > 0:
        return _padded(_POINTER, wanted)
    named, sharp = verb == "v" and (wanted.names or wanted.syntax), verb == "v" and wanted.syntax
    parts = [
        (f"{name}:" if named else "") + _formed(read(value), verb, wanted, max(depth, 0) + 1)
        for name, read in value.fields.items()
    ]
    if sharp and hasattr(value, "go_syntax"):
        return str(value.go_syntax())
    kind = type_name(value)
    pointer = "&" if value.pointer and depth == 0 else ""
    body = f"{{{joined(parts, ', ' if sharp else ' ')}}}"
    return pointer + (kind.lstrip("*") if sharp else "") + body


_Writer = Callable[[Any, str, Form, int], str]
_WRITERS: dict[type, _Writer] = {str: _str, bool: _bool, int: _int, float: _float, complex: _complex}
_FAMILIES: tuple[tuple[type, _Writer], ...] = (
    (str, _str),
    (int, _int),
    (Map, _map),
    (Slice, _slice),
    (Struct, _struct),
)
