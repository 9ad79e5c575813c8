"""Where a character of a value stands in the file: values are folded, quoted and indented there."""

import re
from bisect import bisect_right
from functools import cached_property

from alertd.config.yamltext import Node

_BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
_BLANK = re.compile(r"\s*")
_BLANK_IN_QUOTES = re.compile(r"(?:\s|\\(?:[nrt ]|\r?\n))*")
_PROPERTIES = frozenset("&!")  # an anchor or a tag stands before the value


class SourceText:
    """The text of a YAML file."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _starts(self) -> list[int]:
        """Where the lines begin."""
        return [0, *(match.end() for match in _BREAK.finditer(self._text))]

    def position(self, node: Node, at: int) -> tuple[int, int]:
        """Line and column of the character at an offset of a scalar's text, which is not blank.

        Those of the scalar itself, if that cannot be said.
        """
        found = self._found(node.text or "", at, self._starts[node.line - 1] + node.column - 1)
        if found is None:
            return node.line, node.column
        line = bisect_right(self._starts, found)
        return line, found - self._starts[line - 1] + 1

    def _found(self, value: str, at: int, start: int) -> int | None:
        """Blanks may be others than in the value; all else stands there in the same order."""
        quote = self._text[start : start + 1]
        if quote in _PROPERTIES:
            return None
        here = self._inside(start, quote)
        blank = _BLANK_IN_QUOTES if quote == '"' else _BLANK
        begun = None
        for character in "".join(value[: at + 1].split()):
            begun = here = self._after(blank, here)
            here += self._escape(here, quote)
            if self._text[here : here + 1] != character:
                return None
            here += 1
        return begun

    def _inside(self, start: int, quote: str) -> int:
        """Where the value itself begins."""
        if quote and quote in "|>":
            header = _BREAK.search(self._text, start)
            return header.end() if header else start
        return start + (quote in ("'", '"'))

    def _after(self, blank: re.Pattern[str], here: int) -> int:
        match = blank.match(self._text, here)
        return match.end() if match else here

    def _escape(self, here: int, quote: str) -> int:
        """The length of what stands before a character that is escaped."""
        escapes = {"'": ("''",), '"': ('\\"', "\\\\", "\\/")}.get(quote, ())
        return int(self._text.startswith(tuple(escapes), here))
