"""What pydantic found wrong becomes problems with a place in the file, the words of the trade, and advice."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError

from alertd.config.sourcetext import SourceText
from alertd.config.yamltext import Node
from alertd.errors import Problem
from alertd.spelling import suggest

Path = tuple[str | int, ...]

_EXPECTED = {
    "string_type": "text",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "time_delta_type": "a duration, like 5m",
}

_NAME, _TEXT = 200, 1000  # a file may hold a name of a megabyte; a message does not


@dataclass(slots=True)
class Place:
    """Where in a file somebody is working, and what was found there so far."""

    path: str
    node: Node
    group: str = ""
    rule: str = ""
    found: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    advice: Mapping[str, str] = field(default_factory=dict)  # unknown key -> what to write in its place
    source: SourceText | None = None

    def within(self, *steps: str | int, group: str = "", rule: str = "") -> "Place":
        """A part of this place; what is found there is found here."""
        return Place(
            self.path,
            self.node.find(steps),
            group or self.group,
            rule or self.rule,
            self.found,
            self.notes,
            self.advice,
            self.source,
        )

    def problem(self, message: str, *steps: str | int, hint: str = "") -> None:
        """Something is wrong with the value at these steps."""
        self.found.append(self._at(self.node.find(steps), message, hint))

    def problem_inside(self, message: str, at: int, *steps: str | int, hint: str = "") -> None:
        """Something is wrong with the value at these steps, where its character at this offset stands."""
        node = self.node.find(steps)
        line, column = self.source.position(node, at) if self.source else (node.line, node.column)
        self.found.append(replace(self._at(node, message, hint), line=line, column=column))

    def problem_at_key(self, message: str, *steps: str | int, hint: str = "") -> None:
        """Something is wrong with the key at these steps."""
        self.found.append(self._at(self.node.find_key(steps), message, hint))

    def note(self, message: str, *steps: str | int, hint: str = "") -> None:
        """Somebody should know about the value at these steps."""
        self.notes.append(self._at(self.node.find_key(steps), message, hint))

    def refuse(
        self, error: ValidationError, model: type[BaseModel], names: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Everything that a model found wrong; `names` are those of keys that have another one here."""
        for one in error.errors(include_url=False, include_input=False):
            self.found.append(self._translated(one, model, names))

    def _translated(self, error: Mapping[str, Any], model: type[BaseModel], names: Mapping[str, str]) -> Problem:
        steps = tuple(step for step in error["loc"] if step != "[key]")
        if error["type"] == "extra_forbidden":
            key = str(steps[-1])
            return self._at(self.node.find_key(steps), f'unknown key "{key}"', self._advice(key, steps, model))
        if error["type"] == "missing":
            return self._at(self.node.find(steps[:-1]), f'the key "{steps[-1]}" is missing', "")
        node = self.node.find(steps)
        what = ".".join(names.get(str(step), str(step)) for step in steps)
        return self._at(node, f"{what}: {_message(error, node)}" if what else _message(error, node), "")

    def _advice(self, key: str, steps: Path, model: type[BaseModel]) -> str:
        if key in self.advice:
            return self.advice[key]
        return suggest(key.lower(), keys_at(model, steps[:-1]))

    def _at(self, node: Node, message: str, hint: str) -> Problem:
        names = _short(self.group, _NAME), _short(self.rule, _NAME)
        return Problem(_short(message, _TEXT), self.path, node.line, node.column, *names, hint=_short(hint, _TEXT))


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def _message(error: Mapping[str, Any], node: Node) -> str:
    kind = error["type"]
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}, found {node.kind}"
    if kind in ("literal_error", "enum"):
        return f"must be {error['ctx']['expected']}"
    message = str(error["msg"])
    return message.removeprefix("Value error, ").removeprefix("Assertion failed, ")


def position(problem: Problem) -> tuple[int, int]:
    """By which problems of one file are sorted."""
    return problem.line, problem.column


def keys_at(model: type[BaseModel], steps: Path) -> Iterable[str]:
    """The keys that a model knows at a path below it; none if that cannot be told."""
    current: Any = model
    for step in steps:
        if isinstance(step, int):
            continue
        fields = {info.alias or name: info for name, info in current.model_fields.items()}
        if step not in fields:
            return ()
        below = next(_models(fields[step].annotation), None)
        if below is None:
            return ()
        current = below
    return [info.alias or name for name, info in current.model_fields.items()]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a type mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    arguments: Sequence[Any] = getattr(annotation, "__args__", ())
    for argument in arguments:
        yield from _models(argument)
