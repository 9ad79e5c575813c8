"""What the templates of a rule use: labels of the sample, and its value."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from alertd.errors import TemplateError
from alertd.templating.nodes import (
    Action,
    Call,
    Chain,
    Command,
    Field,
    Identifier,
    If,
    Literal,
    Node,
    Operand,
    Pipe,
    Range,
    Variable,
    With,
)
from alertd.templating.rules import parsed

_KEPT = 1 << 16  # templates that are not read again
_SIMPLE = re.compile(
    r"\s*\$(?:labels\.(?P<label>[a-zA-Z_]\w*)|value(?:\s*\|\s*humanize(?:1024|Percentage|Duration)?)?)\s*\}\}", re.ASCII
)
_COMPARISONS = frozenset(("eq", "ne", "lt", "le", "gt", "ge", "not", "match"))


@dataclass(frozen=True, slots=True)
class Uses:
    """`printed` are labels whose values end up in the text, `tested` those it asks for with `if` or `with`."""

    printed: frozenset[str] = frozenset()
    tested: frozenset[str] = frozenset()
    value: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """A pipe, and what becomes of it. `root`: whether the dot is still the sample."""

    pipe: Pipe
    root: bool
    test: bool = False


@lru_cache(maxsize=_KEPT)
def uses(text: str) -> Uses:
    """What a template uses; nothing if it cannot be parsed, which is said elsewhere."""
    simple = _simple(text)
    if simple is not None:
        return simple
    try:
        known = parsed(text)
    except TemplateError:
        return Uses()
    parts = list(_parts(known.main.body, root=True))
    return Uses(
        frozenset(name for part in parts if not part.test for name in _labels(part)),
        frozenset(name for part in parts if part.test for name in _labels(part)),
        _prints_value(parts),
    )


def is_simple(text: str) -> bool:
    """Whether it only prints labels, and the value as it is or humanized: that cannot fail."""
    return _simple(text) is not None


def _simple(text: str) -> Uses | None:
    """What a simple template uses, without parsing it: most are; None if it is not simple."""
    labels, value = set(), False
    for action in text.split("{{")[1:]:
        match = _SIMPLE.match(action)
        if match is None:
            return None
        labels.add(match["label"])
        value = value or match["label"] is None
    return Uses(frozenset(labels - {None}), value=value)


def _parts(body: Sequence[Node], *, root: bool) -> Iterator[_Part]:
    for node in body:
        match node:
            case Action():
                yield _Part(node.pipe, root)
            case Call():
                if node.pipe:
                    yield _Part(node.pipe, root)
            case If() | With() | Range():
                yield _Part(node.pipe, root, test=True)
                yield from _parts(node.body, root=root and isinstance(node, If))
                yield from _parts(node.orelse, root=root)


def _labels(part: _Part) -> Iterator[str]:
    for command in _commands(part.pipe):
        yield from _indexed(command)
        for operand in command.operands:
            match operand:
                case Variable(name="$labels", names=(label, *_)):
                    yield label
                case Variable(name="$", names=("Labels", label, *_)):
                    yield label
                case Field(names=("Labels", label, *_)) if part.root:
                    yield label


def _indexed(command: Command) -> Iterator[str]:
    match command.operands:
        case (Identifier(name="index"), Variable(name="$labels", names=()), Literal(value=str() as label), *_):
            yield label


def _prints_value(parts: Sequence[_Part]) -> bool:
    """Whether the value, or a variable that was made of it, is written into the text."""
    made: set[str] = set()
    for part in parts:
        if part.test or not _has_value(part, made):
            continue
        if not part.pipe.variables:
            return True
        made |= set(part.pipe.variables)
    return False


def _has_value(part: _Part, made: set[str]) -> bool:
    for command in _commands(part.pipe, compared=False):
        for operand in command.operands:
            match operand:
                case Variable(name="$value") | Variable(name="$", names=("Value", *_)) | Identifier(name="value"):
                    return True
                case Variable() if operand.name in made:
                    return True
                case Field(names=("Value", *_)) if part.root:
                    return True
    return False


def _commands(pipe: Pipe, *, compared: bool = True) -> Iterator[Command]:
    """The commands of a pipe and of those inside of it; without `compared` none that only says true or false."""
    for command in pipe.commands:
        first = command.operands[0] if command.operands else None
        if not compared and isinstance(first, Identifier) and first.name in _COMPARISONS:
            continue
        yield command
        for operand in command.operands:
            inner = _inner(operand)
            if inner is not None:
                yield from _commands(inner, compared=compared)


def _inner(operand: Operand) -> Pipe | None:
    start = operand.start if isinstance(operand, Chain) else operand
    return start if isinstance(start, Pipe) else None
