"""Reads what stands inside an action: pipelines, commands and operands."""

from collections.abc import Callable, Collection
from typing import NoReturn

from alertd import spelling
from alertd.templating.lexer import Kind, Token
from alertd.templating.literals import character, number, unquote
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
from alertd.templating.source import Source

_DEEPEST = 40  # parentheses
_CONSTANTS = (Dot, Nil, Literal, Number)


class Expressions:
    """A cursor over the tokens of a source, and the variables that are known at its place."""

    def __init__(self, source: Source, tokens: list[Token], functions: Collection[str]) -> None:
        self.variables: list[str] = ["$"]
        self._source, self._tokens, self._functions = source, tokens, functions
        self._next, self._depth = 0, 0
        self._terms: dict[Kind, Callable[[Token], Operand]] = {
            Kind.WORD: self._word,
            Kind.VARIABLE: self._variable,
            Kind.OPEN: self._parenthesis,
            Kind.NUMBER: lambda token: Number(token.at, number(token.value)),
            Kind.CHARACTER: lambda token: Number(token.at, character(token.value)),
            Kind.DOT: lambda token: Dot(token.at),
            Kind.NIL: lambda token: Nil(token.at),
            Kind.BOOL: lambda token: Literal(token.at, token.value == "true"),
            Kind.STRING: lambda token: Literal(token.at, unquote(token.value)),
            Kind.FIELD: lambda token: Field(token.at, (token.value[1:],)),
        }

    def take(self) -> Token:
        """The next token, whatever it is."""
        token = self._tokens[self._next]
        self._next += token.kind is not Kind.END
        return token

    def keyword(self, word: str = "") -> str:
        """The keyword that comes next (this one, if given), consumed; empty if there is none."""
        token = self._peek()
        if token.kind is not Kind.KEYWORD or (word and token.value != word):
            return ""
        self._next += 1
        return token.value

    def name(self, word: str) -> Token:
        """The quoted name of a template."""
        token = self._peek()
        if token.kind is not Kind.STRING:
            self._unexpected(token, word)
        self._next += 1
        return token

    def closes(self) -> bool:
        """True if the action ends here; its end is then consumed."""
        if self._peek().kind is not Kind.RIGHT:
            return False
        self._next += 1
        return True

    def close(self, word: str) -> None:
        if not self.closes():
            self._unexpected(self._peek(), word)

    def unquoted(self, token: Token) -> str:
        try:
            return unquote(token.value)
        except ValueError as problem:
            raise self._source.error(str(problem), token.at) from None

    def pipeline(self, word: str, end: Kind = Kind.RIGHT) -> Pipe:
        """Commands up to the end of the action or of the parentheses, which is consumed."""
        start = self._peek()
        variables, assigns = self._declared(word)
        commands: list[Command] = []
        while (token := self._peek()).kind is not end:
            if token.kind in (Kind.KEYWORD, Kind.RIGHT, Kind.CLOSE):
                self._unexpected(token, word)
            commands.append(self._command())
        self._next += 1
        if not commands:
            raise self._source.error(f"{word} has no value", start.at)
        for command in commands[1:]:
            if isinstance(command.operands[0], _CONSTANTS):
                raise self._source.error("a constant cannot take what is piped into it", command.at)
        return Pipe(start.at, tuple(commands), variables, assigns)

    def _peek(self) -> Token:
        """The next token that is no space; spaces before it are consumed."""
        while self._tokens[self._next].kind is Kind.SPACE:
            self._next += 1
        return self._tokens[self._next]

    def _unexpected(self, token: Token, word: str) -> NoReturn:
        raise self._source.error(f"unexpected {token} in {word}", token.at)

    def _declared(self, word: str) -> tuple[tuple[str, ...], bool]:
        """The variables before `:=` or `=`, which become known from here on."""
        start, names = self._next, []
        while (token := self._peek()).kind is Kind.VARIABLE:
            self._next += 1
            names.append(token.value)
            after = self._peek()
            if after.kind in (Kind.DECLARE, Kind.ASSIGN):
                self._next += 1
                self.variables += names  # the check that an assigned one exists is left to the execution, as in Go
                return tuple(names), after.kind is Kind.ASSIGN
            if after.kind is not Kind.COMMA:
                break
            if word != "range" or len(names) > 1:
                raise self._source.error(f"too many variables in {word}", after.at)
            self._next += 1
        if len(names) > 1 or (names and self._tokens[self._next - 1].kind is Kind.COMMA):
            raise self._source.error("range can only initialize variables", token.at)
        self._next = start
        return (), False

    def _known(self, name: str, at: int) -> None:
        if name not in self.variables:
            raise self._source.error(spelling.asked(f"undefined variable {name}", name, self.variables), at)

    def _command(self) -> Command:
        """Operands up to a pipe, which is consumed, or to the end of the pipeline, which is not."""
        start, operands = self._peek(), []
        while True:
            self._peek()
            operand = self._operand()
            if operand:
                operands.append(operand)
            token = self._tokens[self._next]
            if token.kind is Kind.SPACE:
                continue
            if token.kind not in (Kind.RIGHT, Kind.CLOSE, Kind.PIPE):
                self._unexpected(token, "command")
            break
        if token.kind is Kind.PIPE:
            self._next += 1
        if not operands:
            raise self._source.error("a command is empty", start.at)
        return Command(start.at, tuple(operands))

    def _operand(self) -> Operand | None:
        """A term with the fields that follow it without a space."""
        start = self._peek()
        term = self._term(start)
        if term is None:
            return None
        names = []
        while self._tokens[self._next].kind is Kind.FIELD:
            names.append(self.take().value[1:])
        if not names:
            return term
        if isinstance(term, Field):
            return Field(term.at, (*term.names, *names))
        if isinstance(term, Variable):
            return Variable(term.at, term.name, tuple(names))
        if isinstance(term, _CONSTANTS):
            raise self._source.error(f"a constant has no field .{names[0]}", start.at)
        return Chain(term.at, term, tuple(names))

    def _term(self, token: Token) -> Operand | None:
        read = self._terms.get(token.kind)
        if not read:
            return None
        self._next += 1
        try:
            return read(token)
        except ValueError as problem:
            raise self._source.error(str(problem), token.at) from None

    def _word(self, token: Token) -> Operand:
        if token.value not in self._functions:
            message = f"there is no function {token.value!r}"
            raise self._source.error(spelling.asked(message, token.value, self._functions), token.at)
        return Identifier(token.at, token.value)

    def _variable(self, token: Token) -> Operand:
        self._known(token.value, token.at)
        return Variable(token.at, token.value)

    def _parenthesis(self, token: Token) -> Operand:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._source.error(f"parentheses nested deeper than {_DEEPEST} levels", token.at)
        pipe = self.pipeline("parentheses", Kind.CLOSE)
        self._depth -= 1
        return pipe
