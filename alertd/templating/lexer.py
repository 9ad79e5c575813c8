"""Cuts a template into tokens: the plain text, and the words inside its actions.

Source of the rules: https://pkg.go.dev/text/template (text and spaces, actions, arguments).
"""

import re
from enum import Enum, auto
from typing import NamedTuple

from alertd.templating.source import Source


class Kind(Enum):
    """What a token is."""

    TEXT = auto()
    LEFT = auto()  # {{
    RIGHT = auto()  # }}
    SPACE = auto()
    STRING = auto()
    CHARACTER = auto()
    NUMBER = auto()
    BOOL = auto()
    NIL = auto()
    DOT = auto()
    FIELD = auto()
    VARIABLE = auto()
    WORD = auto()  # the name of a function
    KEYWORD = auto()
    DECLARE = auto()  # :=
    ASSIGN = auto()  # =
    PIPE = auto()
    COMMA = auto()
    OPEN = auto()
    CLOSE = auto()
    OTHER = auto()
    END = auto()


class Token(NamedTuple):
    """A piece of a template; `at` is its offset."""

    kind: Kind
    value: str
    at: int

    def __str__(self) -> str:
        if self.kind is Kind.END:
            return "end of text"
        return repr(self.value if len(self.value) <= 20 else self.value[:20] + "...")


KEYWORDS = frozenset({"block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"})

_BLANK = " \t\r\n"
_COMMENT = re.compile(r"/\*")
_COMMENT_CLOSE = re.compile(r"\*/(?P<right>\}\}|[ \t\r\n]-\}\})?")
_RIGHT = re.compile(r"\}\}|[ \t\r\n]+-\}\}")
_SPACE = re.compile(r"[ \t\r\n]+")
_NUMBER = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?"
    r"|0[oO][0-7_]*|0[bB][01_]*"
    r"|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?"
)
_NAME = re.compile(r"\w*")
_QUOTED = {
    '"': re.compile(r'"(?:[^"\\\n]|\\[^\n])*"'),
    "'": re.compile(r"'(?:[^'\\\n]|\\[^\n])*'"),
    "`": re.compile(r"`[^`]*`"),
}
_TERMINATORS = frozenset(_BLANK + ".,|:()")
_SINGLE = {"=": Kind.ASSIGN, "|": Kind.PIPE, ",": Kind.COMMA}


def tokens(source: Source) -> list[Token]:
    """All tokens of a template, the last of kind END. Raises TemplateError."""
    return _Lexer(source).run()


class _Lexer:
    """One pass over one template."""

    def __init__(self, source: Source) -> None:
        self._source, self._text = source, source.text
        self._at, self._depth = 0, 0
        self._found: list[Token] = []

    def run(self) -> list[Token]:
        while (start := self._text.find("{{", self._at)) >= 0:
            self._action(start)
        self._emit_text(self._text[self._at :])
        self._found.append(Token(Kind.END, "", len(self._text)))
        return self._found

    def _emit_text(self, text: str) -> None:
        if text:
            self._found.append(Token(Kind.TEXT, text, self._at))

    def _action(self, start: int) -> None:
        """One `{{ ... }}`, with the text before it."""
        before, inside = self._text[self._at : start], start + 2
        if self._text[inside : inside + 1] == "-" and self._text[inside + 1 : inside + 2] in tuple(_BLANK):
            before, inside = before.rstrip(_BLANK), inside + 2
        self._emit_text(before)
        self._at = inside
        if _COMMENT.match(self._text, inside):
            self._comment(start)
            return
        self._found.append(Token(Kind.LEFT, "{{", start))
        self._depth = 0
        while not self._right():
            self._token(start)

    def _comment(self, start: int) -> None:
        close = _COMMENT_CLOSE.search(self._text, self._at + 2)
        if not close:
            raise self._source.error("a comment is not closed", start)
        if not close["right"]:
            raise self._source.error("a comment must fill its action to the end", close.start())
        self._leave(close.end(), close["right"])

    def _leave(self, end: int, delimiter: str) -> None:
        """Back to the text; `-}}` swallows the blanks that follow."""
        self._at = end
        if delimiter != "}}":
            while self._text[self._at : self._at + 1] in tuple(_BLANK):
                self._at += 1

    def _right(self) -> bool:
        """Consume the end of the action, if it is here."""
        right = _RIGHT.match(self._text, self._at)
        if not right:
            return False
        if self._depth:
            raise self._source.error("a parenthesis is not closed", self._at)
        self._found.append(Token(Kind.RIGHT, "}}", self._at))
        self._leave(right.end(), right[0])
        return True

    def _token(self, start: int) -> None:
        """One token inside an action."""
        character = self._text[self._at : self._at + 1]
        if not character:
            raise self._source.error("an action is not closed", start)
        if character in _BLANK:
            self._emit(Kind.SPACE, _end(_SPACE, self._text, self._at))
        elif character in _QUOTED:
            self._quoted(character)
        elif character in "+-0123456789" or (character == "." and self._text[self._at + 1 : self._at + 2].isdecimal()):
            self._number()
        elif character == "$":
            self._named(Kind.VARIABLE, 1)
        elif character == ".":
            self._named(Kind.FIELD, 1)
        elif character == "_" or character.isalnum():
            self._named(Kind.WORD, 0)
        else:
            self._punctuation(character)

    def _emit(self, kind: Kind, end: int) -> None:
        self._found.append(Token(kind, self._text[self._at : end], self._at))
        self._at = end

    def _quoted(self, quote: str) -> None:
        match = _QUOTED[quote].match(self._text, self._at)
        if not match:
            raise self._source.error("a quoted text is not closed", self._at)
        self._emit(Kind.CHARACTER if quote == "'" else Kind.STRING, match.end())

    def _number(self) -> None:
        end = _end(_NUMBER, self._text, self._at)
        if self._text[end : end + 1] in ("+", "-"):  # the imaginary part of a complex constant
            end = _end(_NUMBER, self._text, end)
        if _end(_NAME, self._text, end) > end:
            raise self._source.error(f"bad number {self._text[self._at : end + 1]!r}", self._at)
        self._emit(Kind.NUMBER, end)

    def _named(self, kind: Kind, prefix: int) -> None:
        """A word, a field or a variable; what follows it must separate it from the next."""
        end = _end(_NAME, self._text, self._at + prefix)
        word, after = self._text[self._at : end], self._text[end : end + 1]
        if after and after not in _TERMINATORS and not self._text.startswith("}}", end):
            raise self._source.error(f"bad character {after!r} after {word!r}", end)
        self._emit(_kind_of(word, kind), end)

    def _punctuation(self, character: str) -> None:
        if character == "(":
            self._depth += 1
            self._emit(Kind.OPEN, self._at + 1)
        elif character == ")":
            self._depth -= 1
            if self._depth < 0:
                raise self._source.error("a closing parenthesis without an opening one", self._at)
            self._emit(Kind.CLOSE, self._at + 1)
        elif character == ":":
            if not self._text.startswith(":=", self._at):
                raise self._source.error("expected := after ':'", self._at)
            self._emit(Kind.DECLARE, self._at + 2)
        elif character.isascii() and character.isprintable():
            self._emit(_SINGLE.get(character, Kind.OTHER), self._at + 1)
        else:
            raise self._source.error(f"unknown character {character!r} in an action", self._at)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _kind_of(word: str, kind: Kind) -> Kind:
    if word == ".":
        return Kind.DOT
    if kind is not Kind.WORD:
        return kind
    if word in ("true", "false"):
        return Kind.BOOL
    if word == "nil":
        return Kind.NIL
    return Kind.KEYWORD if word in KEYWORDS else Kind.WORD
