"""Makes a tree of a template: the control structures, and the templates that a text defines.

What is inside an action is read by `expressions`. Source of the rules: https://pkg.go.dev/text/template.
"""

from collections.abc import Collection, Sequence

from alertd.templating.expressions import Expressions
from alertd.templating.lexer import Kind, Token, tokens
from alertd.templating.nodes import Action, Break, Call, Continue, If, Node, Parsed, Pipe, Range, Template, Text, With
from alertd.templating.source import Source

_DEEPEST = 40  # levels of control structures; beyond it lies no template, only somebody's stack
_CONTROLS: dict[str, type[If] | type[With] | type[Range]] = {"if": If, "with": With, "range": Range}


def parse(source: Source, functions: Collection[str], variables: Sequence[str] = ("$",)) -> Parsed:
    """The tree of a template. `variables` are known in its own text, not in what it defines. Raises TemplateError."""
    return _Parser(source, functions).run(tuple(variables))


class _Parser:
    """Recursive descent over the tokens of one source."""

    def __init__(self, source: Source, functions: Collection[str]) -> None:
        self._source = source
        self._words = Expressions(source, tokens(source), functions)
        self._defined: dict[str, Template] = {}
        self._depth, self._ranges = 0, 0

    def run(self, variables: tuple[str, ...]) -> Parsed:
        self._words.variables = list(variables)
        body: list[Node] = []
        while (token := self._words.take()).kind is not Kind.END:
            if token.kind is Kind.TEXT:
                body.append(Text(token.at, token.value))
            elif self._words.keyword("define"):
                self._define()
            else:
                node = self._action(token)
                if isinstance(node, str):
                    raise self._source.error(f"unexpected {{{{{node}}}}}", token.at)
                body.append(node)
        return Parsed(Template("", tuple(body), self._source, variables), self._defined)

    def _define(self) -> None:
        name = self._words.name("define")
        self._words.close("define")
        self._definition(name, "define")

    def _definition(self, name: Token, word: str) -> None:
        """A body of its own: no variables but `$`, and no loop around it."""
        outer, ranges = self._words.variables, self._ranges
        self._words.variables, self._ranges = ["$"], 0
        body, last = self._list(name)
        if last != "end":
            raise self._source.error(f"unexpected {{{{{last}}}}} in {word}", name.at)
        self._words.variables, self._ranges = outer, ranges
        template = Template(self._words.unquoted(name), body, self._source)
        before = self._defined.get(template.name)
        if before and not before.blank and not template.blank:
            raise self._source.error(f"template {template.name!r} is defined twice", name.at)
        if not before or before.blank:
            self._defined[template.name] = template

    def _list(self, start: Token) -> tuple[tuple[Node, ...], str]:
        """Nodes up to `{{end}}` or `{{else ...}}`, and which of the two it was."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._source.error(f"nested deeper than {_DEEPEST} levels", start.at)
        body: list[Node] = []
        while (token := self._words.take()).kind is not Kind.END:
            node = Text(token.at, token.value) if token.kind is Kind.TEXT else self._action(token)
            if isinstance(node, str):
                self._depth -= 1
                return tuple(body), node
            body.append(node)
        raise self._source.error("an {{end}} is missing", start.at)

    def _action(self, left: Token) -> Node | str:
        """One action; the names of those that end a list are returned as such."""
        word = self._words.keyword()
        if not word:
            return Action(left.at, self._words.pipeline("command"))
        if word in _CONTROLS:
            return self._control(word, left)
        if word == "end":
            self._words.close("end")
            return "end"
        if word == "else":
            return self._else()
        if word in ("break", "continue"):
            return self._jump(word, left)
        if word == "template":
            return self._template(left)
        if word == "block":
            return self._block(left)
        raise self._source.error(f"unexpected {word!r}", left.at)

    def _else(self) -> str:
        """`else`, or `else if` and `else with`, whose pipeline is then still to be read."""
        for word in ("if", "with"):
            if self._words.keyword(word):
                return f"else {word}"
        self._words.close("else")
        return "else"

    def _jump(self, word: str, left: Token) -> Node:
        self._words.close(word)
        if not self._ranges:
            raise self._source.error(f"{{{{{word}}}}} outside {{{{range}}}}", left.at)
        return Break(left.at) if word == "break" else Continue(left.at)

    def _control(self, word: str, left: Token) -> Node:
        """`if`, `with` or `range` up to its end. Variables declared here are gone after it."""
        known = len(self._words.variables)
        pipe = self._words.pipeline(word)
        self._ranges += word == "range"
        body, last = self._list(left)
        self._ranges -= word == "range"
        orelse = self._otherwise(word, last, left)
        del self._words.variables[known:]
        return _CONTROLS[word](left.at, pipe, body, orelse)

    def _otherwise(self, word: str, last: str, left: Token) -> tuple[Node, ...]:
        if last == "end":
            return ()
        if last == f"else {word}" and word != "range":  # a chain shares one {{end}}
            self._depth += 1
            if self._depth > _DEEPEST * 2:
                raise self._source.error("too many branches in a chain of else", left.at)
            chained = self._control(word, left)
            self._depth -= 1
            return (chained,)
        if last != "else":
            raise self._source.error(f"unexpected {{{{{last}}}}} in {{{{{word}}}}}", left.at)
        orelse, last = self._list(left)
        if last != "end":
            raise self._source.error(f"expected {{{{end}}}}, found {{{{{last}}}}}", left.at)
        return orelse

    def _template(self, left: Token) -> Node:
        name = self._words.name("template")
        pipe: Pipe | None = None
        if not self._words.closes():
            pipe = self._words.pipeline("template")
        return Call(left.at, self._words.unquoted(name), pipe)

    def _block(self, left: Token) -> Node:
        name = self._words.name("block")
        pipe = self._words.pipeline("block")
        self._definition(name, "block")
        return Call(left.at, self._words.unquoted(name), pipe)
