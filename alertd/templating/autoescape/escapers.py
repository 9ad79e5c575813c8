"""What makes a value harmless in its place: one function for each kind of place.

They are appended to the pipelines of a page under names that no template can write.
"""

import re
from typing import Any

from alertd.errors import TemplateError
from alertd.templating.autoescape.attributes import kind_of
from alertd.templating.autoescape.contexts import Kind
from alertd.templating.autoescape.styles import decoded
from alertd.templating.autoescape.tags import without_tags
from alertd.templating.bytestrings import encode
from alertd.templating.fmt import printed
from alertd.templating.functions import ANY, Function, Functions
from alertd.templating.gojson import to_json
from alertd.templating.limits import bounded
from alertd.templating.values import HTML, URL, Struct

HARMLESS = "ZgotmplZ"  # what html/template puts in the place of a value that it refuses; people search for it

_TEXT = str.maketrans(
    {"\0": "\ufffd", '"': "&#34;", "&": "&amp;", "'": "&#39;", "+": "&#43;", "<": "&lt;", ">": "&gt;"}
)
_ENTITIES_KEPT = {point: text for point, text in _TEXT.items() if point != ord("&")}
_UNQUOTED = _TEXT | {ord(character): f"&#{ord(character)};" for character in "\t\n\v\f\r =`"} | {0: "&#xfffd;"}
_UNQUOTED_KEPT = {point: text for point, text in _UNQUOTED.items() if point != ord("&")}
_JS_TEXT = {
    **{ord(character): f"\\u{ord(character):04x}" for character in "\"&'+<>`\0\v"},
    **str.maketrans({"\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", "/": "\\/", "\\": "\\\\"}),
    **str.maketrans({"\u2028": "\\u2028", "\u2029": "\\u2029"}),
}
_JS_REGEXP = {point: text for point, text in _JS_TEXT.items() if point != ord("`")} | {
    ord(character): f"\\{character}" for character in "$()*-.?[]^{|}"
}
_CSS = re.compile(r"[\0\t\n\f\r\"&'()+/:;<>\\{}](?=([0-9a-fA-F\t\n\f\r ]|\Z)?)")
_URL = re.compile(rb"[^A-Za-z0-9._~-]")
_URL_KEPT = re.compile(rb"%(?![0-9a-fA-F]{2})|[^A-Za-z0-9._~!#$&*+,/:;=?@\[\]%-]")
_BLANK = " \t\n\f\r"


def text_of(value: Any) -> str:
    """A value as a text; nothing at all is no text."""
    if value is None:
        return ""
    return str(value) if isinstance(value, str) else printed(value)


def _html(value: Any) -> str:
    return str(value) if isinstance(value, HTML) else text_of(value).translate(_TEXT)


def _rcdata(value: Any) -> str:
    return text_of(value).translate(_ENTITIES_KEPT if isinstance(value, HTML) else _TEXT)


def _attribute(value: Any) -> str:
    if isinstance(value, HTML):
        return without_tags(value).translate(_ENTITIES_KEPT)
    return text_of(value).translate(_TEXT)


def _unquoted(value: Any) -> str:
    if isinstance(value, HTML):
        return without_tags(value).translate(_UNQUOTED_KEPT)
    return text_of(value).translate(_UNQUOTED)


def _attribute_name(value: Any) -> str:
    name = text_of(value).lower()
    if not name or kind_of(name) is not Kind.PLAIN or not re.fullmatch("[0-9a-z]+", name):
        return HARMLESS
    return name


def _comment(_: Any) -> str:
    return ""


def _safe_scheme(url: str) -> bool:
    scheme, colon, _ = url.partition(":")
    return not colon or "/" in scheme or scheme.lower() in ("http", "https", "mailto")


def _url_filter(value: Any) -> str:
    if isinstance(value, URL) or _safe_scheme(text_of(value)):
        return text_of(value)
    return f"#{HARMLESS}"


def _percent(pattern: re.Pattern[bytes], text: str) -> str:
    escaped = pattern.sub(lambda found: b"".join(b"%%%02x" % byte for byte in found[0]), encode(text))
    return escaped.decode("ascii")


def _url_escape(value: Any) -> str:
    return _percent(_URL_KEPT if isinstance(value, URL) else _URL, text_of(value))


def _url_normalize(value: Any) -> str:
    return _percent(_URL_KEPT, text_of(value))


def _srcset(value: Any) -> str:
    text = text_of(value)
    if isinstance(value, URL):
        return _percent(_URL_KEPT, text).replace(",", "%2c")
    return ",".join(map(_srcset_part, text.split(",")))


def _srcset_part(part: str) -> str:
    """A URL and, after a blank, its size."""
    url = part.strip(_BLANK)
    start = part.index(url)
    url = re.split(f"[{_BLANK}]", url, maxsplit=1)[0]
    rest = part[start + len(url) :]
    if not _safe_scheme(url) or not re.fullmatch(f"[{_BLANK}A-Za-z0-9]*", rest):
        return f"#{HARMLESS}"
    return part[:start] + _percent(_URL_KEPT, url) + rest


def _js_value(value: Any) -> str:
    """As JSON, apart from words before and after it."""
    stringer = getattr(value, "go_string", None)
    try:
        text = to_json(stringer() if stringer and not isinstance(value, Struct) else value)
    except TemplateError as problem:
        return f" /* {str(problem).replace('*/', '* /')} */null "
    word = re.compile(r"[$\w]", re.ASCII)
    return f" {text} " if word.match(text[0]) or word.match(text[-1]) else text


def _js_text(value: Any) -> str:
    return text_of(value).translate(_JS_TEXT)


def _js_regexp(value: Any) -> str:
    return text_of(value).translate(_JS_REGEXP) or "(?:)"


def _css_text(value: Any) -> str:
    """Escapes in hexadecimal; a blank ends one that would otherwise go on."""

    def escape(found: re.Match[str]) -> str:
        if found[0] == "\\":
            return "\\\\"
        return f"\\{ord(found[0]):x}" + ("" if found[1] is None else " ")

    return _CSS.sub(escape, text_of(value))


def _css_value(value: Any) -> str:
    """Sizes, colours, names; anything that could do more is refused."""
    text = decoded(text_of(value))
    if re.search(r"""[\0"'()/;@\[\\\]`{}<>]|--""", text):
        return HARMLESS
    name = re.sub(r"[^-\w]", "", text, flags=re.ASCII).lower()
    return HARMLESS if "expression" in name or "mozbinding" in name else text


def _escaper(escape: Any) -> Function:
    return Function(lambda value: bounded(escape(value)), (ANY,))


ESCAPERS: Functions = {
    "html text": _escaper(_html),
    "html attribute": _escaper(_attribute),
    "html rcdata": _escaper(_rcdata),
    "html unquoted": _escaper(_unquoted),
    "html name": _escaper(_attribute_name),
    "html comment": _escaper(_comment),
    "url filter": _escaper(_url_filter),
    "url escape": _escaper(_url_escape),
    "url normalize": _escaper(_url_normalize),
    "url srcset": _escaper(_srcset),
    "js value": _escaper(_js_value),
    "js text": _escaper(_js_text),
    "js regexp": _escaper(_js_regexp),
    "css text": _escaper(_css_text),
    "css value": _escaper(_css_value),
}
