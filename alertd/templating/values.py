"""Go's values in Python: which class stands for which type, and what is inside of them.

`str`, `bool`, `int`, `float` and `None` stand for themselves; all else is one of the classes below, each with the name
of its Go type. A class with `go_string` is a Stringer.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from alertd import spelling
from alertd.errors import TemplateError
from alertd.templating.functions import Function, Functions, Type, type_name


class Map(dict[str, Any]):
    """A map with text keys; `zero` is what a missing key has."""

    go_type: ClassVar[str] = "map[string]interface {}"
    zero: ClassVar[Any] = None
    methods: ClassVar[Functions] = {}


class StringMap(Map):
    """map[string]string"""

    go_type = "map[string]string"
    zero = ""


class Slice(tuple[Any, ...]):
    """A list of values."""

    __slots__ = ()
    go_type: ClassVar[str] = "[]interface {}"
    methods: ClassVar[Functions] = {}


class Strings(Slice):
    """[]string"""

    __slots__ = ()
    go_type = "[]string"


class Struct:
    """Named fields, in the order in which Go prints them. `pointer`: values are handed around as `*T`.

    `comparable`: no map or list is inside, so `eq` can compare two of them. `tagged`: JSON has `startsAt` for StartsAt.
    """

    go_type: ClassVar[str]
    fields: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}
    methods: ClassVar[Functions] = {}
    pointer: ClassVar[bool] = False
    comparable: ClassVar[bool] = True
    tagged: ClassVar[bool] = False


class HTML(str):
    """Text that is HTML already."""

    __slots__ = ()
    go_type: ClassVar[str] = "template.HTML"


class URL(str):
    """Text that is a safe URL already."""

    __slots__ = ()
    go_type: ClassVar[str] = "template.URL"


class Int64(int):
    go_type: ClassVar[str] = "int64"


class Uint8(int):
    go_type: ClassVar[str] = "uint8"


def truth(value: Any) -> bool:
    """Whether `if` takes a value for true: not the zero of its type; a struct is always true."""
    return isinstance(value, Struct) or bool(value)


def method(call: Callable[..., Any], *parameters: Type) -> Function:
    """A method; what it is called on comes before its arguments."""
    return Function(call, parameters, hosted=True)


def member(value: Any, name: str) -> Any:
    """A field, a key, or what a method without arguments returns. Raises TemplateError."""
    if value is None:
        return None
    found = methods_of(value).get(name)
    if found:
        return found.apply(name, value, ())
    if isinstance(value, Map):
        return value.get(name, value.zero)
    if isinstance(value, Struct) and name in value.fields:
        return value.fields[name](value)
    known = [*methods_of(value), *(value.fields if isinstance(value, Struct) else ())]
    message = f"there is no field or method {name} in a value of type {type_name(value)}"
    raise TemplateError(spelling.asked(message, name, known))


def present(value: Any, name: str) -> Any:
    """A field of what must not be nothing: the middle of a chain. Raises TemplateError."""
    if value is None:
        raise TemplateError(f"there is nothing to take field {name} of")
    return member(value, name)


def member_with(value: Any, name: str, arguments: Sequence[Any]) -> Any:
    """What a method returns for these arguments. Raises TemplateError."""
    if value is None:
        return None
    found = methods_of(value).get(name)
    if not found:
        raise TemplateError(f"{name} is no method of a value of type {type_name(value)}, but has arguments")
    return found.apply(name, value, arguments)


def methods_of(value: Any) -> Functions:
    methods: Functions = getattr(value, "methods", _NO_METHODS)
    return methods


_NO_METHODS: Functions = {}
