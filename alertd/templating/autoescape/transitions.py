"""How the text of a page moves the context on: each function reads one stretch of text in one state."""

import html
import re
from collections.abc import Callable
from dataclasses import replace

from alertd.errors import TemplateError
from alertd.templating.autoescape import scripts, styles
from alertd.templating.autoescape.attributes import kind_of
from alertd.templating.autoescape.contexts import VALUE_STATES, Context, Kind, Slash, State, UrlPart

Step = tuple[Context, int]

_TAG = re.compile(r"<!--|<(/?)([A-Za-z][A-Za-z0-9]*(?:[:-][A-Za-z0-9]+)*)")
_BLANKS = re.compile(r"[ \t\n\f\r]*")
_NAME = re.compile(r"[^ \t\n\f\r=>'\"<]*")
_SPECIAL = {"script": State.JS, "style": State.CSS, "textarea": State.RCDATA, "title": State.RCDATA}
_VALUE_ENDS = {'"': re.compile('"'), "'": re.compile("'"), " ": re.compile(r"[ \t\n\f\r>]")}
_SCRIPT_TYPES = re.compile(
    r"(?:application|text)/(?:x-)?(?:ecmascript|javascript|json)|text/(?:javascript1\.[0-5]|jscript|livescript)|module|"
)


def after_text(context: Context, text: str) -> Step:
    """The context after the first stretch of a text, and how long that was. Raises TemplateError."""
    if context.delimiter:
        return _in_value(context, text)
    end = _end_of_element(context, text)
    if end == 0:
        return Context(), 0
    return _TRANSITIONS[context.state](context, text[:end])


def _end_of_element(context: Context, text: str) -> int:
    """Where a script, a style, a title ends; the length of the text if it does not."""
    if not context.element or context.state in _IN_TAG:
        return len(text)
    found = re.search(rf"</{context.element}(?=[> \t\n\f/])", text, re.IGNORECASE)
    return found.start() if found else len(text)


def _in_value(context: Context, text: str) -> Step:
    """Inside of an attribute's value, up to its end."""
    found = _VALUE_ENDS[context.delimiter].search(text)
    value = text[: found.start()] if found else text
    if context.delimiter == " ":
        bad = re.search("[\"'<=`]", value)
        if bad:
            raise TemplateError(f"{bad[0]!r} in an attribute without quotes: {value[:40]!r}")
    if not found:
        return _through(context, html.unescape(text)), len(text)
    element = context.element
    if context.attribute is Kind.SCRIPT_TYPE and not _is_script(value):
        element = ""  # the body of a script that is no script needs no more care than text
    return Context(State.TAG, element=element), found.start() + (context.delimiter != " ")


def _is_script(value: str) -> bool:
    return _SCRIPT_TYPES.fullmatch(value.lower().partition(";")[0].strip()) is not None


def _through(context: Context, text: str) -> Context:
    while text:
        context, read = _TRANSITIONS[context.state](context, text)
        text = text[read:]
    return context


def _text(context: Context, text: str) -> Step:
    found = _TAG.search(text)
    if not found:
        return context, len(text)
    if found[0] == "<!--":
        return Context(State.COMMENT), found.end()
    name = found[2].lower()
    element = name if not found[1] and name in _SPECIAL else ""
    return Context(State.TAG, element=element), found.end()


def _tag(context: Context, text: str) -> Step:
    """The name of an attribute, or the end of the tag."""
    start = _skip(_BLANKS, text)
    if start == len(text):
        return context, start
    if text[start] == ">":
        return Context(_SPECIAL.get(context.element, State.TEXT), element=context.element), start + 1
    end = _name_end(text, start)
    if end == start:
        raise TemplateError(f"expected an attribute or the end of a tag, found {text[start : start + 20]!r}")
    name = text[start:end].lower()
    kind = Kind.SCRIPT_TYPE if context.element == "script" and name == "type" else kind_of(name)
    state = State.ATTRIBUTE_NAME if end == len(text) else State.AFTER_NAME
    return Context(state, attribute=kind, element=context.element), end


def _attribute_name(context: Context, text: str) -> Step:
    end = _name_end(text, 0)
    return (context if end == len(text) else context.at(State.AFTER_NAME)), end


def _name_end(text: str, start: int) -> int:
    end = _skip(_NAME, text, start)
    if text[end : end + 1] in ("'", '"', "<"):
        raise TemplateError(f"{text[end]!r} in the name of an attribute: {text[start : start + 20]!r}")
    return end


def _after_name(context: Context, text: str) -> Step:
    start = _skip(_BLANKS, text)
    if start == len(text):
        return context, start
    if text[start] != "=":
        return context.at(State.TAG), start
    return context.at(State.BEFORE_VALUE), start + 1


def _before_value(context: Context, text: str) -> Step:
    start = _skip(_BLANKS, text)
    if start == len(text):
        return context, start
    quote = text[start] if text[start] in "'\"" else ""
    return replace(context, state=VALUE_STATES[context.attribute], delimiter=quote or " "), start + len(quote)


def _comment(context: Context, text: str) -> Step:
    end = text.find("-->")
    return (Context(), end + 3) if end >= 0 else (context, len(text))


def _unchanged(context: Context, text: str) -> Step:
    return context, len(text)


def read_url(context: Context, text: str) -> Context:
    """What a piece of a URL tells of the pieces to come."""
    if "#" in text or "?" in text:
        return replace(context, url=UrlPart.QUERY)
    if context.url is UrlPart.NONE and text.strip(" \t\n\f\r"):
        return replace(context, url=UrlPart.PATH)
    return context


def _url(context: Context, text: str) -> Step:
    return read_url(context, text), len(text)


def _js(context: Context, text: str) -> Step:
    found = re.search("[\"`'/]", text)
    if not found:
        return replace(context, slash=scripts.slash_after(text, context.slash)), len(text)
    slash = scripts.slash_after(text[: found.start()], context.slash)
    following = text[found.start() : found.start() + 2]
    if following in ("//", "/*"):
        state = State.JS_LINE_COMMENT if following == "//" else State.JS_BLOCK_COMMENT
        return replace(context, state=state, slash=slash), found.end() + 1
    if found[0] != "/":
        return replace(context, state=scripts.STRINGS[found[0]], slash=Slash.REGEXP), found.end()
    if slash is Slash.UNKNOWN:
        raise TemplateError(f"a slash that may begin a regular expression or a division: {following!r}")
    if slash is Slash.REGEXP:
        return replace(context, state=State.JS_REGEXP, slash=slash), found.end()
    return replace(context, slash=Slash.REGEXP), found.end()


def _js_delimited(context: Context, text: str) -> Step:
    end = scripts.end_of_literal(context.state, text)
    if end < 0:
        return context, len(text)
    return replace(context, state=State.JS, slash=Slash.DIVISION), end


def _block_comment(context: Context, text: str) -> Step:
    end = text.find("*/")
    state = State.JS if context.state is State.JS_BLOCK_COMMENT else State.CSS
    return (context.at(state), end + 2) if end >= 0 else (context, len(text))


def _line_comment(context: Context, text: str) -> Step:
    js = context.state is State.JS_LINE_COMMENT
    found = re.search("[\n\r\u2028\u2029]" if js else "[\n\f\r]", text)
    return (context.at(State.JS if js else State.CSS), found.start()) if found else (context, len(text))


def _css(context: Context, text: str) -> Step:
    state, end = styles.next_literal(text)
    return (context.at(state) if state else context), end


def _css_string(context: Context, text: str) -> Step:
    end = styles.end_of_literal(context.state, text)
    if end < 0:
        return read_url(context, styles.decoded(text)), len(text)
    return read_url(context, styles.decoded(text[:end])).at(State.CSS), end


def _skip(pattern: re.Pattern[str], text: str, start: int = 0) -> int:
    found = pattern.match(text, start)
    return found.end() if found else start


_IN_TAG = frozenset(
    {State.TAG, State.ATTRIBUTE_NAME, State.AFTER_NAME, State.BEFORE_VALUE, State.ATTRIBUTE, State.COMMENT}
)
_TRANSITIONS: dict[State, Callable[[Context, str], Step]] = {
    State.TEXT: _text,
    State.TAG: _tag,
    State.ATTRIBUTE_NAME: _attribute_name,
    State.AFTER_NAME: _after_name,
    State.BEFORE_VALUE: _before_value,
    State.COMMENT: _comment,
    State.RCDATA: _unchanged,
    State.ATTRIBUTE: _unchanged,
    State.URL: _url,
    State.SRCSET: _url,
    State.JS: _js,
    State.JS_DOUBLE: _js_delimited,
    State.JS_SINGLE: _js_delimited,
    State.JS_TEMPLATE: _js_delimited,
    State.JS_REGEXP: _js_delimited,
    State.JS_BLOCK_COMMENT: _block_comment,
    State.JS_LINE_COMMENT: _line_comment,
    State.CSS: _css,
    State.CSS_DOUBLE: _css_string,
    State.CSS_SINGLE: _css_string,
    State.CSS_DOUBLE_URL: _css_string,
    State.CSS_SINGLE_URL: _css_string,
    State.CSS_URL: _css_string,
    State.CSS_BLOCK_COMMENT: _block_comment,
    State.CSS_LINE_COMMENT: _line_comment,
}
