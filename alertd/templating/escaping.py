"""`html`, `js` and `urlquery`: the escaping that templates ask for by name."""

from urllib.parse import quote_plus

from alertd.templating.bytestrings import encode
from alertd.templating.limits import bounded
from alertd.templating.quoting import printable

_HTML = str.maketrans({"\0": "\ufffd", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;"})
_JAVASCRIPT = {
    "\\": "\\\\",
    "'": "\\'",
    '"': '\\"',
    "<": "\\u003C",
    ">": "\\u003E",
    "&": "\\u0026",
    "=": "\\u003D",
}


def html(text: str) -> str:
    return bounded(text.translate(_HTML))


def javascript(text: str) -> str:
    return bounded("".join(map(_javascript, text)))


def url_query(text: str) -> str:
    """Percent-encoded, a space as a plus sign."""
    return bounded(quote_plus(encode(text), safe="~"))


def _javascript(character: str) -> str:
    if character in _JAVASCRIPT:
        return _JAVASCRIPT[character]
    point = ord(character)
    if point >= 0x80:
        return character if printable(character) else f"\\u{point:04X}"
    return character if character >= " " else f"\\u00{point:02X}"
