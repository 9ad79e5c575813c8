"""What a parsed template is made of: frozen nodes, each with its offset in the source."""

from collections.abc import Mapping
from dataclasses import dataclass

from alertd.templating.literals import Constant
from alertd.templating.source import Source


@dataclass(frozen=True, slots=True)
class Dot:
    at: int


@dataclass(frozen=True, slots=True)
class Nil:
    at: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A text or a truth value."""

    at: int
    value: str | bool


@dataclass(frozen=True, slots=True)
class Number:
    at: int
    constant: Constant


@dataclass(frozen=True, slots=True)
class Field:
    """`.a.b`"""

    at: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """`$name`, or `$name.a.b`"""

    at: int
    name: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identifier:
    """The name of a function."""

    at: int
    name: str


@dataclass(frozen=True, slots=True)
class Chain:
    """`(pipeline).a.b`, or `function.a.b`"""

    at: int
    start: "Operand"
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """An operand, or a function or method with its arguments."""

    at: int
    operands: tuple["Operand", ...]


@dataclass(frozen=True, slots=True)
class Pipe:
    """Commands joined by `|`; their value may be declared as (`:=`) or assigned to (`=`) variables."""

    at: int
    commands: tuple[Command, ...]
    variables: tuple[str, ...] = ()
    assigns: bool = False


Operand = Dot | Nil | Literal | Number | Field | Variable | Identifier | Chain | Pipe


@dataclass(frozen=True, slots=True)
class Text:
    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Action:
    at: int
    pipe: Pipe


@dataclass(frozen=True, slots=True)
class If:
    at: int
    pipe: Pipe
    body: tuple["Node", ...]
    orelse: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class With:
    at: int
    pipe: Pipe
    body: tuple["Node", ...]
    orelse: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class Range:
    at: int
    pipe: Pipe
    body: tuple["Node", ...]
    orelse: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class Break:
    at: int


@dataclass(frozen=True, slots=True)
class Continue:
    at: int


@dataclass(frozen=True, slots=True)
class Call:
    """`{{template "name" pipeline}}`"""

    at: int
    name: str
    pipe: Pipe | None


Node = Text | Action | If | With | Range | Break | Continue | Call


@dataclass(frozen=True, slots=True)
class Template:
    """One named body. `variables` are those declared before it starts, the first is `$`."""

    name: str
    body: tuple[Node, ...]
    source: Source
    variables: tuple[str, ...] = ("$",)

    @property
    def blank(self) -> bool:
        """True if it is nothing but white space; such a definition never replaces another."""
        return all(isinstance(node, Text) and not node.text.strip() for node in self.body)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A whole file: its own text, and the templates it defines."""

    main: Template
    defined: Mapping[str, Template]
