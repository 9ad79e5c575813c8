"""An expression of PromQL as the tokens it is made of, wrong or not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<string>"[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*')
    |(?P<raw>`[^`]*`)
    |(?P<comment>\#[^\n]*)
    |(?P<space>\s+)
    |(?P<unclosed>["'`])
    |(?P<word>[\w:.]+)
    |(?P<bracket>[(){}\[\]])
    |(?P<operator>==|!=|=~|!~|>=|<=|[-+*/%^<>=!])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
WORDS = frozenset(("and", "or", "unless", "atan2"))  # that are operators
PAIRS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Token:
    """`at` is its offset in the expression."""

    kind: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Count:
    """Operators and opening brackets outside of strings and selectors; what is not balanced, and where it is."""

    operators: int
    unbalanced: str = ""
    at: int = 0


def tokens(expr: str) -> Iterator[Token]:
    """All of the expression, spaces and comments too."""
    for match in _TOKEN.finditer(expr):
        yield Token(match.lastgroup or "", match[0], match.start())


def spoken(expr: str) -> list[Token]:
    """The tokens that mean something."""
    return [token for token in tokens(expr) if token.kind not in ("space", "comment")]


def count(expr: str) -> Count:
    """How much there is for a parser, and whether quotes and brackets close."""
    operators = 0
    stack: list[Token] = []
    for token in tokens(expr):
        kind, text = token.kind, token.text
        if kind == "unclosed":
            return Count(operators, f"a string is not closed: {text}", token.at)
        if kind == "bracket" and text in PAIRS:
            if not stack or stack.pop().text != PAIRS[text]:
                return Count(operators, f"unexpected {text}", token.at)
        elif kind == "bracket":
            stack.append(token)
            operators += text != "{"
        elif (kind == "operator" or (kind == "word" and text.lower() in WORDS)) and not _in_braces(stack):
            operators += 1
    return Count(operators, f"a {stack[-1].text} is not closed", stack[-1].at) if stack else Count(operators)


def _in_braces(stack: list[Token]) -> bool:
    return bool(stack) and stack[-1].text == "{"
