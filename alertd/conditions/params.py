"""A condition's parameters, checked and made what its annotations say."""

import inspect
import typing
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import timedelta
from functools import cache
from types import ModuleType
from typing import Any

from pydantic import PydanticUserError, TypeAdapter, ValidationError

from alertd.core import durations
from alertd.spelling import suggest

GIVEN = ("prom", "at", "alerts")  # by alertd, to whoever names them
Function = Callable[..., Any]
_MANY = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)


class UnusableError(Exception):
    """A function that cannot be called so: every reason, with advice."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{message} ({hint})" if hint else message for message, hint in problems))


def find(module: ModuleType, name: str) -> Function:
    """The function of that name. Raises UnusableError."""
    found = vars(module).get(name)
    if found is None:
        known = [key for key, value in vars(module).items() if inspect.isfunction(value)]
        raise UnusableError([(f'there is no function "{name}"', suggest(name, known))])
    if not callable(found) or inspect.isclass(found):
        raise UnusableError([(f'"{name}" is no function', "")])
    if inspect.iscoroutinefunction(found) or inspect.isasyncgenfunction(found):
        raise UnusableError([(f'"{name}" is async', "a condition is a plain function: write def, and no await")])
    return typing.cast("Function", found)


def bind(function: Function, params: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments of a call, without those alertd gives. Raises UnusableError."""
    known = inspect.signature(function).parameters
    problems = list(_misfits(known, params))
    bound = {}
    for name in params.keys() & known.keys() - set(GIVEN):
        try:
            bound[name] = _adapter(function, name)(params[name])
        except (ValidationError, ValueError) as error:
            problems.append((f"params.{name}: {_reason(error)}", ""))
    if problems:
        raise UnusableError(sorted(problems))
    return {**{name: value for name, value in params.items() if name not in known}, **bound}


def wanted(function: Function) -> Collection[str]:
    """Which of the arguments that alertd gives the function takes."""
    return inspect.signature(function).parameters.keys() & set(GIVEN)


def _misfits(known: Mapping[str, inspect.Parameter], params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    open_ended = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in known.values())
    own = [name for name, one in known.items() if one.kind not in _MANY and name not in GIVEN]
    for name in params:
        if name in GIVEN:
            yield f'the parameter "{name}" is given by alertd', "choose another name"
        elif name not in own and not open_ended:
            yield f'unknown parameter "{name}"', suggest(name, own) if own else "it takes none"
    for name, one in known.items():
        if one.kind is inspect.Parameter.POSITIONAL_ONLY:
            yield f'the parameter "{name}" cannot be passed by name', 'remove the "/"'
        elif name in own and one.default is inspect.Parameter.empty and name not in params:
            yield f'the parameter "{name}" is missing', "add it to params, or give it a default"


@cache
def _adapter(function: Function, name: str) -> Callable[[Any], Any]:
    written = inspect.signature(function).parameters[name].annotation
    if written is inspect.Parameter.empty:
        return lambda value: value
    holder = type("Holder", (), {"__annotations__": {name: written}})
    names = getattr(inspect.unwrap(function), "__globals__", {})
    try:
        wanted = typing.get_type_hints(holder, globalns=names, include_extras=True)[name]
        validate: Callable[[Any], Any] = TypeAdapter(wanted).validate_python
    except (NameError, TypeError, PydanticUserError) as error:
        raise ValueError(f"its annotation cannot be used: {error}") from None
    if wanted is timedelta:
        return lambda value: durations.parse(value) if isinstance(value, str) else validate(value)
    return validate


def _reason(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(
        ".".join(map(str, one["loc"])) + (": " if one["loc"] else "") + one["msg"]
        for one in error.errors(include_url=False, include_input=False, include_context=False)
    )
