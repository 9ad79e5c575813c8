"""Where in a page a piece of text stands: in plain text, a tag, an attribute of some kind, a script, a style."""

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Self

from alertd.errors import TemplateError


class State(Enum):
    """What a parser of HTML would be reading."""

    TEXT = auto()
    TAG = auto()  # before an attribute, or the end of the tag
    ATTRIBUTE_NAME = auto()
    AFTER_NAME = auto()
    BEFORE_VALUE = auto()
    COMMENT = auto()
    RCDATA = auto()  # <title>, <textarea>
    ATTRIBUTE = auto()
    URL = auto()
    SRCSET = auto()
    JS = auto()
    JS_DOUBLE = auto()
    JS_SINGLE = auto()
    JS_TEMPLATE = auto()
    JS_REGEXP = auto()
    JS_BLOCK_COMMENT = auto()
    JS_LINE_COMMENT = auto()
    CSS = auto()
    CSS_DOUBLE = auto()
    CSS_SINGLE = auto()
    CSS_DOUBLE_URL = auto()
    CSS_SINGLE_URL = auto()
    CSS_URL = auto()
    CSS_BLOCK_COMMENT = auto()
    CSS_LINE_COMMENT = auto()
    DEAD = auto()  # after a break or a continue


COMMENTS = frozenset(
    {
        State.COMMENT,
        State.JS_BLOCK_COMMENT,
        State.JS_LINE_COMMENT,
        State.CSS_BLOCK_COMMENT,
        State.CSS_LINE_COMMENT,
    }
)


class UrlPart(Enum):
    """How far a URL has been read."""

    NONE = auto()
    PATH = auto()
    QUERY = auto()
    UNKNOWN = auto()


class Slash(Enum):
    """What a slash in a script would begin."""

    REGEXP = auto()
    DIVISION = auto()
    UNKNOWN = auto()


class Kind(Enum):
    """What the value of an attribute is."""

    PLAIN = auto()
    URL = auto()
    CSS = auto()
    JS = auto()
    SRCSET = auto()
    SCRIPT_TYPE = auto()
    UNSAFE = auto()


VALUE_STATES = {
    Kind.PLAIN: State.ATTRIBUTE,
    Kind.UNSAFE: State.ATTRIBUTE,
    Kind.SCRIPT_TYPE: State.ATTRIBUTE,
    Kind.URL: State.URL,
    Kind.CSS: State.CSS,
    Kind.JS: State.JS,
    Kind.SRCSET: State.SRCSET,
}


@dataclass(frozen=True, slots=True)
class Context:
    """`delimiter`: what ends the attribute, `"`, `'`, a blank for an unquoted one; empty outside of attributes."""

    state: State = State.TEXT
    delimiter: str = ""
    url: UrlPart = UrlPart.NONE
    slash: Slash = Slash.REGEXP
    attribute: Kind = Kind.PLAIN
    element: str = ""

    def at(self, state: State) -> Self:
        return replace(self, state=state)


def nudged(context: Context) -> Context:
    """The context of a value that begins here, without any text before it."""
    if context.state is State.TAG:
        return context.at(State.ATTRIBUTE_NAME)
    if context.state is State.BEFORE_VALUE:
        state = VALUE_STATES[context.attribute]
        return replace(context, state=state, delimiter=" ", attribute=Kind.PLAIN)
    if context.state is State.AFTER_NAME:
        return replace(context, state=State.ATTRIBUTE_NAME, attribute=Kind.PLAIN)
    return context


def joined(left: Context, right: Context, word: str) -> Context:
    """The context after two branches. Raises TemplateError if they end in different places."""
    if left.state is State.DEAD:
        return right
    if right.state is State.DEAD or left == right:
        return left
    if replace(left, url=right.url) == right:
        return replace(left, url=UrlPart.UNKNOWN)
    if replace(left, slash=right.slash) == right:
        return replace(left, slash=Slash.UNKNOWN)
    first, second = nudged(left), nudged(right)
    if (first, second) != (left, right):
        return joined(first, second, word)
    raise TemplateError(f"the branches of {{{{{word}}}}} end in different places of the page")
