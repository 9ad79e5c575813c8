"""Appends escapers to a pipeline, and lets an `html` or `urlquery` that its author wrote count for one of them."""

from collections.abc import Sequence
from dataclasses import replace

from alertd.errors import TemplateError
from alertd.templating.nodes import Command, Identifier, Pipe

_SAME = {
    "html attribute": "html",
    "html text": "html",
    "html rcdata": "html",
    "url escape": "urlquery",
    "url normalize": "urlquery",
}
_REDUNDANT = {
    "html comment": frozenset({"html attribute", "html text"}),
    "css text": frozenset({"html attribute"}),
    "js regexp": frozenset({"html attribute"}),
    "js text": frozenset({"html attribute"}),
    "url escape": frozenset({"url normalize"}),
}


def with_escapers(pipe: Pipe, escapers: Sequence[str], *, unquoted: bool) -> Pipe:
    """The pipeline with the escapers that it lacks. Raises TemplateError for an escaper of its own in a bad place."""
    names = [_name(command) for command in pipe.commands]
    for place, name in enumerate(names):
        if name in ("html", "urlquery") and (place < len(names) - 1 or (unquoted and name == "html")):
            raise TemplateError(f"{name} must not stand here: the page escapes by itself")
    commands, own = list(pipe.commands), names[-1]
    if own in ("html", "urlquery") and any(_SAME.get(escaper) == own for escaper in escapers):
        commands = _without_own(commands)
        escapers = [own if _SAME.get(escaper) == own else escaper for escaper in escapers]
    present = {_SAME.get(_name(command), _name(command)) for command in commands}
    for escaper in escapers:
        if _SAME.get(escaper, escaper) in present or escaper in _REDUNDANT.get(_name(commands[-1]), ()):
            continue
        commands.append(Command(pipe.at, (Identifier(pipe.at, escaper),)))
    return replace(pipe, commands=tuple(commands))


def _without_own(commands: list[Command]) -> list[Command]:
    """The commands before the escaper; one with arguments of its own is kept as the text of them."""
    last = commands[-1]
    if len(commands) > 1:
        return commands[:-1]
    return [Command(last.at, (Identifier(last.at, "print"), *last.operands[1:]))]


def _name(command: Command) -> str:
    first = command.operands[0]
    return first.name if isinstance(first, Identifier) else ""
