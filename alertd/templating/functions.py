"""What a template function is: its signature as Go knows it, and the check of the arguments against it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alertd.errors import TemplateError
from alertd.templating.literals import Constant


@dataclass(frozen=True, slots=True)
class Type:
    """A Go type of a parameter.

    `accepts`: the exact classes of its values, none for any value. `constant` makes a value of an untyped number, or
    None if the number does not fit. `nil`: what an untyped nil becomes, if it may be given at all.
    """

    name: str
    accepts: tuple[type, ...] = ()
    constant: Callable[[Constant], Any] | None = None
    nil: Any = None

    def check(self, value: Any) -> Any:
        """The value, if it is of this type, or can be made of an untyped number. Raises TemplateError."""
        if value.__class__ is Constant:
            return self._made_of(value)
        if not self.accepts or value.__class__ in self.accepts:
            return value
        if value is None:
            if self.nil is None:
                raise TemplateError(f"no value; expected {self.name}")
            return self.nil
        raise TemplateError(f"wrong type of value; expected {self.name}, got {type_name(value)}")

    def _made_of(self, number: Constant) -> Any:
        made = number.default if not self.accepts else self.constant(number) if self.constant else None
        if made is None:
            raise TemplateError(f"{number.text} cannot be a value of type {self.name}")
        return made


ANY = Type("interface {}")
STRING = Type("string", (str,))
BOOL = Type("bool", (bool,))
FLOAT = Type("float64", (float,), lambda number: number.real)
INT = Type("int", (int,), lambda number: number.integer)


@dataclass(frozen=True, slots=True)
class Function:
    """A function or a method. `rest` is the type of any number of further arguments.

    A `hosted` function gets the data of the expansion (`RuleData`, `NotificationData`) before its arguments.
    """

    call: Callable[..., Any]
    parameters: tuple[Type, ...] = ()
    rest: Type | None = None
    hosted: bool = False

    def type_of(self, position: int) -> Type:
        """The type of the argument at a position, as far as there is one."""
        if position < len(self.parameters):
            return self.parameters[position]
        return self.rest or ANY

    def check_count(self, name: str, count: int) -> None:
        """Raises TemplateError unless the function takes this many arguments."""
        wanted = len(self.parameters)
        if self.rest and count < wanted:
            raise TemplateError(f"wrong number of arguments for {name}: want at least {wanted}, got {count}")
        if not self.rest and count != wanted:
            raise TemplateError(f"wrong number of arguments for {name}: want {wanted}, got {count}")

    def apply(self, name: str, host: Any, arguments: Sequence[Any]) -> Any:
        """Call it with arguments that are still to be checked."""
        self.check_count(name, len(arguments))
        checked = [self.type_of(position).check(value) for position, value in enumerate(arguments)]
        return self.call(host, *checked) if self.hosted else self.call(*checked)


Functions = Mapping[str, Function]

_PLAIN = {str: "string", bool: "bool", int: "int", float: "float64", complex: "complex128", type(None): "nil"}


def type_name(value: Any) -> str:
    """The Go name of a value's type, as `%T` prints it."""
    name: str = _PLAIN.get(value.__class__) or value.go_type
    return name
