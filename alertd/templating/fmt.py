"""Go's package fmt: `printf` with its verbs, flags and complaints, and the plain print of a value.

Source of the rules: https://pkg.go.dev/fmt. A verb that does not fit its value is no error; the text tells of it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from alertd.errors import TemplateError
from alertd.templating.floats import shortest
from alertd.templating.functions import type_name
from alertd.templating.limits import WIDEST, joined
from alertd.templating.verbs import PLAIN, Form, form

_DIRECTIVE = re.compile(
    r"%(?P<flags>[#0+\- ]*)(?P<first>\[(?:[^\]]*\])?)?(?P<width>\*|\d+)?"
    r"(?P<dot>\.(?P<second>\[(?:[^\]]*\])?)?(?P<precision>\*|\d*))?(?P<third>\[(?:[^\]]*\])?)?(?P<verb>.)?",
    re.DOTALL,
)


def printed(value: Any) -> str:
    """A value as an action prints it."""
    kind = value.__class__
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is float:
        return shortest(value)
    if value is None:
        return "<no value>"
    return form(value, "v", PLAIN, pointers=False)


def sprint(values: Sequence[Any]) -> str:
    """`print`: a space between two values of which neither is a text."""
    parts: list[str] = []
    before = True
    for value in values:
        text = isinstance(value, str)
        if parts and not text and not before:
            parts.append(" ")
        parts.append(form(value, "v", PLAIN))
        before = text
    return joined(parts)


def sprintln(values: Sequence[Any]) -> str:
    """`println`: a space between all values, and a newline."""
    return joined([form(value, "v", PLAIN) for value in values], " ") + "\n"


def sprintf(pattern: str, values: Sequence[Any]) -> str:
    """`printf`."""
    return _Printf(values).run(pattern)


@dataclass(frozen=True, slots=True)
class _Directive:
    """One `%...`: its form as far as the pattern tells, and where else it comes from."""

    verb: str
    form: Form
    width_given: bool
    precision_given: bool
    indexes: tuple[str, str, str]


@lru_cache(maxsize=1024)
def _parsed(pattern: str) -> tuple[str | _Directive, ...]:
    parts: list[str | _Directive] = []
    last = 0
    for match in _DIRECTIVE.finditer(pattern):
        parts += [pattern[last : match.start()], _directive(match)]
        last = match.end()
    return tuple(part for part in (*parts, pattern[last:]) if part != "")


def _directive(match: re.Match[str]) -> _Directive:
    flags, width, precision = match["flags"], match["width"], match["precision"]
    for number in (width, precision):
        if number and number != "*" and (len(number) > 6 or int(number) > WIDEST):
            raise TemplateError(f"printf: {match[0]!r} is wider than {WIDEST}")
    value = match["verb"] == "v"
    wanted = Form(
        names=value and "+" in flags,
        syntax=value and "#" in flags,
        plus=not value and "+" in flags,
        minus="-" in flags,
        sharp=not value and "#" in flags,
        space=" " in flags,
        zero="0" in flags and "-" not in flags,
        width=int(width) if width and width != "*" else None,
        precision=int(precision or 0) if match["dot"] and precision != "*" else None,
    )
    indexes = (match["first"] or "", match["second"] or "", match["third"] or "")
    return _Directive(match["verb"] or "", wanted, width == "*", precision == "*", indexes)


class _Printf:
    """One call: a cursor over the arguments."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._values, self._next = values, 0
        self._reordered, self._good = False, True
        self._out: list[str] = []

    def run(self, pattern: str) -> str:
        for part in _parsed(pattern):
            if isinstance(part, str):
                self._out.append(part)
            else:
                self._directive(part)
        if not self._reordered and self._next < len(self._values):
            self._extra()
        return joined(self._out)

    def _directive(self, directive: _Directive) -> None:
        self._good = True
        first, second, third = directive.indexes
        wanted = directive.form
        explicit = self._index(first)
        if directive.width_given:
            wanted, explicit = self._width(wanted), False
        elif explicit and wanted.width is not None:
            self._good = False
        if directive.precision_given or wanted.precision is not None:
            self._good = self._good and not explicit
            explicit = self._index(second)
            if directive.precision_given:
                wanted, explicit = self._precision(wanted), False
        self._index(third)
        self._out.append(self._formed(directive.verb, wanted))

    def _formed(self, verb: str, wanted: Form) -> str:
        if not verb:
            return "%!(NOVERB)"
        if verb == "%":
            return "%"
        if not self._good:
            return f"%!{verb}(BADINDEX)"
        if self._next >= len(self._values):
            return f"%!{verb}(MISSING)"
        self._next += 1
        return form(self._values[self._next - 1], verb, wanted)

    def _index(self, text: str) -> bool:
        """Jump to the argument that `[n]` names."""
        if not text:
            return False
        self._reordered = True
        number = text[1:-1]
        if text[-1] != "]" or not re.fullmatch("[0-9]{1,6}", number) or not 1 <= int(number) <= len(self._values):
            self._good = False
            return text[-1] == "]" and number.isdecimal()
        self._next = int(number) - 1
        return True

    def _integer(self) -> int | None:
        """The argument for a `*`."""
        if self._next >= len(self._values):
            return None
        value = self._values[self._next]
        self._next += 1
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > 1_000_000:
            return None
        if abs(value) > WIDEST:
            raise TemplateError(f"printf: a width or precision of more than {WIDEST}")
        return value

    def _width(self, wanted: Form) -> Form:
        width = self._integer()
        if width is None:
            self._out.append("%!(BADWIDTH)")
            return wanted
        if width < 0:
            return replace(wanted, width=-width, minus=True, zero=False)
        return replace(wanted, width=width)

    def _precision(self, wanted: Form) -> Form:
        precision = self._integer()
        if precision is None or precision < 0:
            self._out.append("%!(BADPREC)")
            return wanted
        return replace(wanted, precision=precision)

    def _extra(self) -> None:
        """Arguments that no verb asked for."""
        rest = [
            "<nil>" if value is None else f"{type_name(value)}={form(value, 'v', PLAIN)}"
            for value in self._values[self._next :]
        ]
        self._out.append(f"%!(EXTRA {joined(rest, ', ')})")
