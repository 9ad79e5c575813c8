"""Turns the tree of a template into closures, once for all expansions: statements and their scopes."""

from collections.abc import Sequence
from typing import Any

from alertd.errors import TemplateError
from alertd.templating.evaluate import Evaluator
from alertd.templating.fmt import printed
from alertd.templating.functions import Functions, type_name
from alertd.templating.nodes import Action, Break, Call, If, Node, Range, Template, Text, With
from alertd.templating.run import BREAK, CONTINUE, Compiled, Evaluate, Execute, Run, Signal
from alertd.templating.values import Map, Slice, truth


def compile_template(template: Template, functions: Functions) -> Compiled:
    """A template ready to run. Never fails: what is wrong in it is told when it is executed, as in Go."""
    compiler = _Compiler(template, functions)
    body = compiler.body(template.body)
    return Compiled(body, compiler.slots, _weight(template.body))


def _weight(body: Sequence[Node]) -> int:
    """How many nodes a list has, those inside of others included."""
    inner = (part for node in body if isinstance(node, (If, With, Range)) for part in (node.body, node.orelse))
    return len(body) + sum(map(_weight, inner))


class _Compiler:
    """The statements of one template."""

    def __init__(self, template: Template, functions: Functions) -> None:
        self._values = Evaluator(template.source, functions, template.variables)

    @property
    def slots(self) -> int:
        return self._values.slots

    def body(self, nodes: Sequence[Node]) -> Execute:
        """A list of statements; what they declare is unknown after it."""
        outer = dict(self._values.scope)
        steps = [self._statement(node) for node in nodes]
        self._values.scope = outer
        if len(steps) == 1:
            return steps[0]

        def execute(run: Run, variables: list[Any], dot: Any) -> Signal | None:
            for step in steps:
                signal = step(run, variables, dot)
                if signal:
                    return signal
            return None

        return execute

    def _statement(self, node: Node) -> Execute:
        if isinstance(node, Text):
            return _text(node.text)
        if isinstance(node, Action):
            return self._action(node)
        if isinstance(node, (If, With)):
            return self._condition(node)
        if isinstance(node, Range):
            return self._range(node)
        if isinstance(node, Call):
            return self._template(node)
        return _signal(BREAK if isinstance(node, Break) else CONTINUE)

    def _action(self, node: Action) -> Execute:
        value = self._values.pipeline(node.pipe)

        def declare(run: Run, variables: list[Any], dot: Any) -> None:
            value(run, variables, dot)

        def write(run: Run, variables: list[Any], dot: Any) -> None:
            found = value(run, variables, dot)
            try:
                run.write(found if found.__class__ is str else printed(found))
            except TemplateError as problem:
                raise self._values.located(problem, node.at) from None

        return declare if node.pipe.variables else write

    def _condition(self, node: If | With) -> Execute:
        outer = dict(self._values.scope)
        value = self._values.pipeline(node.pipe)
        body, orelse = self.body(node.body), self.body(node.orelse)
        self._values.scope = outer

        def execute_if(run: Run, variables: list[Any], dot: Any) -> Signal | None:
            chosen = body if truth(value(run, variables, dot)) else orelse
            return chosen(run, variables, dot)

        def execute_with(run: Run, variables: list[Any], dot: Any) -> Signal | None:
            found = value(run, variables, dot)
            return body(run, variables, found) if truth(found) else orelse(run, variables, dot)

        return execute_with if isinstance(node, With) else execute_if

    def _range(self, node: Range) -> Execute:
        outer = dict(self._values.scope)
        value = self._values.pipeline(node.pipe)
        slots = [self._values.scope[name] for name in node.pipe.variables if name in self._values.scope]
        body, orelse = self.body(node.body), self.body(node.orelse)
        self._values.scope = outer
        weight = _weight(node.body) + 1

        def execute(run: Run, variables: list[Any], dot: Any) -> Signal | None:
            found = value(run, variables, dot)
            try:
                items = _items(found)
                for key, item in items:
                    run.spend(weight)
                    _set(variables, slots, key, item)
                    if body(run, variables, item) is BREAK:
                        break
            except TemplateError as problem:
                raise self._values.located(problem, node.at) from None
            return None if items else orelse(run, variables, dot)

        return execute

    def _template(self, node: Call) -> Execute:
        value: Evaluate = self._values.pipeline(node.pipe) if node.pipe else _nothing
        name = node.name

        def execute(run: Run, variables: list[Any], dot: Any) -> None:
            found = value(run, variables, dot)
            try:
                run.call(name, found)
            except TemplateError as problem:
                raise self._values.located(problem, node.at) from None

        return execute


def _text(text: str) -> Execute:
    return lambda run, _variables, _dot: run.write(text)


def _signal(signal: Signal) -> Execute:
    return lambda _run, _variables, _dot: signal


def _nothing(run: Run, variables: list[Any], dot: Any) -> None:
    """The dot of a template that is called without one."""


def _set(variables: list[Any], slots: list[int], key: Any, item: Any) -> None:
    """One variable takes the item, two take the key and the item."""
    if slots:
        variables[slots[-1]] = item
    if len(slots) > 1:
        variables[slots[0]] = key


class _Numbers:
    """`range 3`: the numbers below one, each its own key."""

    def __init__(self, end: int) -> None:
        self._end = end

    def __bool__(self) -> bool:
        return self._end > 0

    def __iter__(self) -> Any:
        return ((number, number) for number in range(self._end))


def _items(value: Any) -> Any:
    """What `range` visits, as pairs of key and item; maps in the order of their keys. Raises TemplateError."""
    if value is None:
        return ()
    if isinstance(value, Slice):
        return list(enumerate(value))
    if isinstance(value, Map):
        return sorted(value.items(), key=lambda pair: pair[0])
    if isinstance(value, int) and not isinstance(value, bool):
        return _Numbers(value)
    raise TemplateError(f"range cannot go over a {type_name(value)}")
