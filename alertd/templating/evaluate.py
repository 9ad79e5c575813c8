"""Turns expressions into closures, once for all expansions: operands, fields, calls and pipelines."""

from collections.abc import Sequence
from typing import Any, NoReturn

from alertd.errors import TemplateError
from alertd.templating.functions import ANY, Function, Functions, Type
from alertd.templating.nodes import (
    Chain,
    Command,
    Dot,
    Field,
    Identifier,
    Literal,
    Nil,
    Number,
    Operand,
    Pipe,
    Variable,
)
from alertd.templating.run import Evaluate, Run
from alertd.templating.source import Source
from alertd.templating.values import StringMap, member, member_with, present, truth

_SHORT_CIRCUIT = {"and": False, "or": True}


class Evaluator:
    """Compiles the expressions of one template. `scope` says which slot holds a variable at this place."""

    def __init__(self, source: Source, functions: Functions, variables: Sequence[str]) -> None:
        self.scope = {name: slot for slot, name in enumerate(variables)}
        self.slots = len(variables)
        self._source, self._functions = source, functions

    def pipeline(self, pipe: Pipe) -> Evaluate:
        """The value of a pipeline, kept in the variables that it declares or assigns to."""
        value: Evaluate | None = None
        for command in pipe.commands:
            value = self._command(command, value)
        assert value is not None
        if not pipe.variables:
            return value
        if not pipe.assigns:
            self._declare(pipe.variables)
        unknown = [name for name in pipe.variables if name not in self.scope]
        if unknown:
            return self._fails(f"undefined variable {unknown[0]}", pipe.at)
        return self._kept(value, [self.scope[name] for name in pipe.variables])

    def _declare(self, names: Sequence[str]) -> None:
        for name in names:
            self.scope[name] = self.slots
            self.slots += 1

    def located(self, problem: TemplateError, at: int) -> TemplateError:
        """The problem with its place, unless it has one."""
        return problem if problem.line else self._source.error(problem.message, at)

    def _kept(self, value: Evaluate, slots: list[int]) -> Evaluate:
        def keep(run: Run, variables: list[Any], dot: Any) -> Any:
            result = value(run, variables, dot)
            for slot in slots:
                variables[slot] = result
            return result

        return keep

    def _fails(self, message: str, at: int) -> Evaluate:
        """What Go only finds out when it executes the template."""

        def fail(_run: Run, _variables: list[Any], _dot: Any) -> NoReturn:
            raise self._source.error(message, at)

        return fail

    def _command(self, command: Command, piped: Evaluate | None) -> Evaluate:
        first, arguments = command.operands[0], command.operands[1:]
        if isinstance(first, Identifier):
            return self._call(first, arguments, piped)
        if isinstance(first, (Field, Chain)) or (isinstance(first, Variable) and first.names):
            return self._fields(first, arguments, piped)
        if arguments or piped:
            return self._fails("arguments are given to what is no function", first.at)
        if isinstance(first, Nil):
            return self._fails("nil is no command", first.at)
        return self._operand(first)

    def _operand(self, operand: Operand) -> Evaluate:
        """An operand where any type will do."""
        if isinstance(operand, Dot):
            return lambda _run, _variables, dot: dot
        if isinstance(operand, (Literal, Number, Nil)):
            return self._constant(operand, ANY)
        if isinstance(operand, Pipe):
            return self.pipeline(operand)
        if isinstance(operand, Identifier):
            return self._call(operand, (), None)
        if isinstance(operand, Variable) and not operand.names:
            return self._variable(operand)
        return self._fields(operand, (), None)

    def _constant(self, operand: Literal | Number | Nil, wanted: Type) -> Evaluate:
        value = None if isinstance(operand, Nil) else _constant(operand)
        try:
            checked = wanted.check(value)
        except TemplateError as problem:
            return self._fails(problem.message, operand.at)
        return lambda _run, _variables, _dot: checked

    def _variable(self, operand: Variable) -> Evaluate:
        slot = self.scope.get(operand.name)
        if slot is None:  # declared in the other branch of an {{if}}, so the parser knew it
            return self._fails(f"undefined variable {operand.name}", operand.at)
        return lambda _run, variables, _dot: variables[slot]

    def _fields(self, operand: Operand, arguments: Sequence[Operand], piped: Evaluate | None) -> Evaluate:
        """A chain of fields; the last may be a method with arguments."""
        assert isinstance(operand, (Field, Variable, Chain))
        start, names, at = self._start(operand), operand.names, operand.at
        if arguments or piped:
            given = [*map(self._untyped, arguments), *([piped] if piped else [])]
            return self._method(self._walk(start, names[:-1], at), names[-1], given, at)
        if len(names) == 1:
            return self._field(start, names[0], at)
        return self._walk(start, names, at)

    def _start(self, operand: Field | Variable | Chain) -> Evaluate:
        if isinstance(operand, Field):
            return lambda _run, _variables, dot: dot
        if isinstance(operand, Variable):
            return self._variable(operand)
        return self._operand(operand.start)

    def _field(self, start: Evaluate, name: str, at: int) -> Evaluate:
        def read(run: Run, variables: list[Any], dot: Any) -> Any:
            value = start(run, variables, dot)
            if value.__class__ is StringMap:  # `$labels.x`: four fifths of all that is ever evaluated
                return value.get(name, "")
            try:
                return member(value, name)
            except TemplateError as problem:
                raise self.located(problem, at) from None

        return read

    def _walk(self, start: Evaluate, names: Sequence[str], at: int) -> Evaluate:
        """Fields of fields. In between a missing one is an error, though nothing at all is not."""

        def walk(run: Run, variables: list[Any], dot: Any) -> Any:
            value = start(run, variables, dot)
            if value is None:
                return None
            try:
                for name in names:
                    value = present(value, name)
            except TemplateError as problem:
                raise self.located(problem, at) from None
            return value

        return walk

    def _method(self, start: Evaluate, name: str, given: Sequence[Evaluate], at: int) -> Evaluate:
        def call(run: Run, variables: list[Any], dot: Any) -> Any:
            receiver = start(run, variables, dot)
            values = [argument(run, variables, dot) for argument in given]
            try:
                return run.weigh(member_with(receiver, name, values))
            except TemplateError as problem:
                raise self.located(problem, at) from None

        return call

    def _untyped(self, operand: Operand) -> Evaluate:
        """An argument of a method, whose type only the receiver will tell: a number stays open."""
        if not isinstance(operand, Number):
            return self._argument(operand, ANY)
        constant = operand.constant
        return lambda _run, _variables, _dot: constant

    def _argument(self, operand: Operand, wanted: Type) -> Evaluate:
        if isinstance(operand, (Literal, Number, Nil)):
            return self._constant(operand, wanted)
        return self._checked(self._operand(operand), wanted, operand.at)

    def _checked(self, value: Evaluate, wanted: Type, at: int) -> Evaluate:
        if not wanted.accepts:
            return value

        def check(run: Run, variables: list[Any], dot: Any) -> Any:
            try:
                return wanted.check(value(run, variables, dot))
            except TemplateError as problem:
                raise self.located(problem, at) from None

        return check

    def _call(self, name: Identifier, arguments: Sequence[Operand], piped: Evaluate | None) -> Evaluate:
        function = self._functions[name.name]
        try:
            function.check_count(name.name, len(arguments) + (piped is not None))
        except TemplateError as problem:
            return self._fails(problem.message, name.at)
        given = [self._argument(argument, function.type_of(place)) for place, argument in enumerate(arguments)]
        if piped:
            given.append(self._checked(piped, function.type_of(len(arguments)), name.at))
        if name.name in _SHORT_CIRCUIT:
            return _logic(given, piped is not None, stop=_SHORT_CIRCUIT[name.name])
        return self._applied(name, function, given)

    def _applied(self, name: Identifier, function: Function, given: Sequence[Evaluate]) -> Evaluate:
        call, hosted, at = function.call, function.hosted, name.at

        def apply(run: Run, variables: list[Any], dot: Any) -> Any:
            values = [argument(run, variables, dot) for argument in given]
            try:
                return run.weigh(call(run.host, *values) if hosted else call(*values))
            except TemplateError as problem:
                raise self._named(problem, name.name, at) from None

        def apply_one(run: Run, variables: list[Any], dot: Any) -> Any:
            value = only(run, variables, dot)
            try:
                return run.weigh(call(value))
            except TemplateError as problem:
                raise self._named(problem, name.name, at) from None

        if len(given) != 1 or hosted:
            return apply
        only = given[0]
        return apply_one

    def _named(self, problem: TemplateError, name: str, at: int) -> TemplateError:
        return problem if problem.line else self._source.error(f"{name}: {problem.message}", at)


def _constant(operand: Literal | Number) -> Any:
    return operand.constant if isinstance(operand, Number) else operand.value


def _logic(given: Sequence[Evaluate], has_piped: bool, *, stop: bool) -> Evaluate:  # noqa: FBT001
    """`and` and `or`: the first value that decides, or the last. What is piped in has been evaluated before."""

    def decide(run: Run, variables: list[Any], dot: Any) -> Any:
        last = given[-1](run, variables, dot) if has_piped else None
        for argument in given[:-1] if has_piped else given:
            value = argument(run, variables, dot)
            if truth(value) is stop:
                return value
        return last if has_piped else value

    return decide
