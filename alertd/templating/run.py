"""The state of one expansion: what has been written, and what may still be used up."""

from collections.abc import Callable, Mapping
from typing import Any

from alertd.errors import TemplateError
from alertd.templating.limits import Limits, bounded

_LONG = 512  # characters or items from which on a value is charged for


class Run:
    """One expansion. `host` is what hosted functions see."""

    __slots__ = ("_depth", "_limits", "_out", "_room", "_steps", "_templates", "host")

    def __init__(self, templates: Mapping[str, "Compiled"], host: Any, limits: Limits) -> None:
        self.host = host
        self._templates, self._limits = templates, limits
        self._out: list[str] = []
        self._room, self._steps, self._depth = limits.output, limits.steps, limits.depth

    def write(self, text: str) -> None:
        self._out.append(text)
        self._room -= len(text)
        if self._room < 0:
            raise TemplateError(f"the result is longer than {self._limits.output} characters")

    def spend(self, steps: int) -> None:
        self._steps -= steps
        if self._steps < 0:
            raise TemplateError(f"this takes more than {self._limits.steps} steps")

    def weigh(self, value: Any) -> Any:
        """Charge for a long value, which every further step has to handle."""
        if isinstance(value, (str, tuple, dict)) and len(value) > _LONG:
            self.spend(len(value) >> 5)
            if isinstance(value, str):
                bounded(value)
        return value

    def call(self, name: str, dot: Any) -> None:
        """Execute another template on a value."""
        template = self._templates.get(name)
        if not template:
            raise TemplateError(f"template {name!r} is not defined")
        if not self._depth:
            raise TemplateError(f"templates call each other more than {self._limits.depth} levels deep")
        self._depth -= 1
        self.spend(template.weight)
        template.start(self, dot)
        self._depth += 1

    def result(self) -> str:
        return "".join(self._out)


Evaluate = Callable[[Run, list[Any], Any], Any]
"""An expression, compiled: (run, variables, dot) -> value."""

Execute = Callable[[Run, list[Any], Any], "Signal | None"]
"""A statement, compiled; the signal of a `break` or `continue` ends the lists around it up to the loop."""


class Signal:
    """How a list of statements was left before its end."""


BREAK, CONTINUE = Signal(), Signal()


class Compiled:
    """A template ready to run. `slots`: how many variables it has; `weight`: how many nodes."""

    __slots__ = ("_body", "_slots", "weight")

    def __init__(self, body: Execute, slots: int, weight: int) -> None:
        self._body, self._slots, self.weight = body, slots, weight

    def start(self, run: Run, dot: Any, variables: tuple[Any, ...] = ()) -> None:
        """Execute it; `$` is the dot, and the given variables follow."""
        self._body(run, [dot, *variables, *[None] * (self._slots - 1 - len(variables))], dot)
