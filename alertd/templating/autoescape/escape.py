"""Rewrites the templates of a page so that every value is escaped for the place where it stands.

The places are found by reading the text around the actions, once, before anything is executed. A template that is
called in different places becomes several. Source of the rules: https://pkg.go.dev/html/template
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from alertd.errors import TemplateError
from alertd.templating.autoescape.contexts import COMMENTS, Context, Slash, State, UrlPart, joined, nudged
from alertd.templating.autoescape.pipelines import with_escapers
from alertd.templating.autoescape.transitions import after_text
from alertd.templating.nodes import Action, Break, Call, Continue, If, Node, Range, Template, Text, With

_MOST_NODES = 200_000  # visited: loops and templates are visited once for every context they occur in

_ESCAPERS = {
    State.TEXT: "html text",
    State.RCDATA: "html rcdata",
    State.TAG: "html name",
    State.ATTRIBUTE_NAME: "html name",
    State.SRCSET: "url srcset",
    State.JS: "js value",
    State.JS_DOUBLE: "js text",
    State.JS_SINGLE: "js text",
    State.JS_REGEXP: "js regexp",
    State.CSS: "css value",
}
_URLS = (State.URL, State.CSS_DOUBLE, State.CSS_SINGLE, State.CSS_DOUBLE_URL, State.CSS_SINGLE_URL, State.CSS_URL)
_DOCTYPE = re.compile(r"<(?!!doctype)", re.IGNORECASE)
_LINE_ENDS = re.compile("[\n\r\u2028\u2029]")


def escaped(main: Template, templates: Mapping[str, Template]) -> tuple[Template, dict[str, Template]]:
    """A page, and the templates that it calls, rewritten. Raises TemplateError."""
    escaper = _Escaper(templates)
    try:
        context, body = escaper.body(Context(), main)
    except RecursionError:
        raise TemplateError("templates call each other too deeply") from None
    if context.state is not State.TEXT:
        raise TemplateError("the page ends inside of a tag, an attribute, a script or a style")
    return replace(main, body=body), escaper.made


class _Escaper:
    """The contexts of one page."""

    def __init__(self, templates: Mapping[str, Template]) -> None:
        self.made: dict[str, Template] = {}
        self._templates = templates
        self._ends: dict[tuple[str, Context], Context] = {}
        self._open: dict[tuple[str, Context], bool] = {}
        self._jumps: list[list[Context]] = []
        self._visited = 0

    def body(self, context: Context, template: Template) -> tuple[Context, tuple[Node, ...]]:
        """The nodes of a template, rewritten, and the context after them."""
        jumps, self._jumps = self._jumps, []
        try:
            return self._list(context, template.body)
        except TemplateError as problem:
            raise problem if problem.line else template.source.error(problem.message, self._at) from None
        finally:
            self._jumps = jumps

    def _list(self, context: Context, nodes: Sequence[Node]) -> tuple[Context, tuple[Node, ...]]:
        written: list[Node] = []
        for node in nodes:
            if context.state is State.DEAD:
                break
            self._at = node.at
            self._visited += 1
            if self._visited > _MOST_NODES:
                raise TemplateError("the page is too large to find the places of its values")
            context, rewritten = self._node(context, node)
            written.append(rewritten)
        return context, tuple(written)

    def _node(self, context: Context, node: Node) -> tuple[Context, Node]:
        if isinstance(node, Text):
            return _text(context, node)
        if isinstance(node, Action):
            return _action(context, node)
        if isinstance(node, (If, With)):
            return self._branches(context, node)
        if isinstance(node, Range):
            return self._loop(context, node)
        if isinstance(node, Call):
            return self._call(context, node)
        assert isinstance(node, (Break, Continue))
        self._jumps[-1].append(context)
        return context.at(State.DEAD), node

    def _branches(self, context: Context, node: If | With) -> tuple[Context, Node]:
        word = "if" if isinstance(node, If) else "with"
        first, body = self._list(context, node.body)
        second, orelse = self._list(context, node.orelse)
        return joined(first, second, word), replace(node, body=body, orelse=orelse)

    def _loop(self, context: Context, node: Range) -> tuple[Context, Node]:
        """The body must end where it can begin again."""
        after, body = self._iteration(context, node)
        if after != context:
            again, _ = self._iteration(after, node)
            after = joined(after, again, "range")
        second, orelse = self._list(context, node.orelse)
        return joined(after, second, "range"), replace(node, body=body, orelse=orelse)

    def _iteration(self, context: Context, node: Range) -> tuple[Context, tuple[Node, ...]]:
        self._jumps.append([])
        after, body = self._list(context, node.body)
        for jump in self._jumps.pop():
            after = joined(after, jump, "range")
        return after, body

    def _call(self, context: Context, node: Call) -> tuple[Context, Node]:
        after, name = self._template(context, node.name)
        return after, replace(node, name=name)

    def _template(self, context: Context, name: str) -> tuple[Context, str]:
        """The context after a template that is called here, and the name of its rewritten form."""
        key = (name, context)
        derived = name if context == Context() else f"{name}\0{context}"
        if key in self._ends:
            self._open[key] = True
            return self._ends[key], derived
        if name not in self._templates:
            raise TemplateError(f"template {name!r} is not defined")
        after = self._computed(key, context, derived)
        if self._open.pop(key, False) and after != context:
            after = self._recursive(key, after, derived)
        self._ends[key] = after
        return after, derived

    def _computed(self, key: tuple[str, Context], assumed: Context, derived: str) -> Context:
        """The context after a template, if it is the assumed one where the template calls itself."""
        template = self._templates[key[0]]
        self._ends[key], self._open[key] = assumed, False
        at = self._at
        after, body = self.body(key[1], template)
        self._at = at
        self.made[derived] = replace(template, body=body)
        return after

    def _recursive(self, key: tuple[str, Context], assumed: Context, derived: str) -> Context:
        after = self._computed(key, assumed, derived)
        if self._open.pop(key, False) and after != assumed:
            raise TemplateError(f"template {key[0]!r} calls itself, and ends in different places of the page")
        return after


def _action(context: Context, node: Action) -> tuple[Context, Node]:
    if node.pipe.variables:
        return context, node
    context = nudged(context)
    escapers = [*_escapers(context), *_for_delimiter(context)]
    pipe = with_escapers(node.pipe, escapers, unquoted=(context.state, context.delimiter) == (State.ATTRIBUTE, " "))
    if context.state is State.JS:
        context = replace(context, slash=Slash.DIVISION)
    if context.state is State.TAG:
        context = context.at(State.ATTRIBUTE_NAME)
    return context, replace(node, pipe=pipe)


def _escapers(context: Context) -> list[str]:
    """What a value needs in this state."""
    if context.state in COMMENTS:
        return ["html comment"]
    if context.state is State.ATTRIBUTE:
        return []
    if context.state is State.JS_TEMPLATE:
        raise TemplateError("a value stands in a template literal of a script")
    if context.state not in _URLS:
        return [_ESCAPERS[context.state]]
    if context.url is UrlPart.UNKNOWN:
        raise TemplateError("a value stands in a URL whose parts depend on a branch")
    if context.url is UrlPart.QUERY:
        return ["url escape"]
    quoted = context.state in (State.CSS_DOUBLE, State.CSS_SINGLE)
    escaper = "css text" if quoted else "url normalize"
    return ["url filter", escaper] if context.url is UrlPart.NONE else [escaper]


def _for_delimiter(context: Context) -> list[str]:
    """What it needs in an attribute beside."""
    if not context.delimiter:
        return []
    return ["html unquoted" if context.delimiter == " " else "html attribute"]


def _text(context: Context, node: Text) -> tuple[Context, Node]:
    """Plain text moves the context on. Comments are left out, and a lone `<` is escaped."""
    written: list[str] = []
    text = node.text
    while text:
        after, read = after_text(context, text)
        written.append(_kept(context, after, text[:read]))
        context, text = after, text[read:]
    return context, Text(node.at, "".join(written))


def _kept(context: Context, after: Context, text: str) -> str:
    """What is left of a stretch of text between two contexts."""
    if context.state in COMMENTS and not context.delimiter:
        return _comment(context, text)
    opened = ""
    if after.state in COMMENTS and after.state is not context.state and not after.delimiter:
        text = text[: -4 if after.state is State.COMMENT else -2]
    elif context.state in (State.TEXT, State.RCDATA) and after.state is not context.state:
        start = text.rfind("<")
        text, opened = (text[:start], text[start:]) if start >= 0 else (text, "")
    if context.state in (State.TEXT, State.RCDATA):
        text = _DOCTYPE.sub("&lt;", text)
    return text + opened


def _comment(context: Context, text: str) -> str:
    """A block comment is a blank, or a line's end, to the script around it."""
    if context.state is State.JS_BLOCK_COMMENT:
        return "\n" if _LINE_ENDS.search(text) else " "
    return " " if context.state is State.CSS_BLOCK_COMMENT else ""
