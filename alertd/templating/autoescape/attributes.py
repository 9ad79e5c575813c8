"""What the value of an attribute is, by its name; an unknown name is judged with caution.

Source of the rules: the HTML standard's list of attributes, https://html.spec.whatwg.org/#attributes-3
"""

from alertd.templating.autoescape.contexts import Kind

_URLS = frozenset(
    [
        "action",
        "archive",
        "background",
        "cite",
        "classid",
        "codebase",
        "data",
        "formaction",
        "href",
        "icon",
        "longdesc",
        "manifest",
        "poster",
        "profile",
        "src",
        "usemap",
        "xmlns",
    ]
)
_UNSAFE = frozenset(
    [
        "accept-charset",
        "async",
        "challenge",
        "charset",
        "content",
        "crossorigin",
        "defer",
        "enctype",
        "form",
        "formenctype",
        "formmethod",
        "formnovalidate",
        "http-equiv",
        "keytype",
        "language",
        "method",
        "novalidate",
        "pattern",
        "rel",
        "sandbox",
        "srcdoc",
        "type",
        "value",
    ]
)
_PLAIN = frozenset({"srclang"})


def kind_of(name: str) -> Kind:
    """The kind of an attribute, whose name is in lower case."""
    if name.startswith("data-"):
        name = name.removeprefix("data-")
    elif ":" in name:
        space, _, name = name.partition(":")
        if space == "xmlns":
            return Kind.URL
    if name in _URLS:
        return Kind.URL
    if name in _UNSAFE:
        return Kind.UNSAFE
    if name == "style":
        return Kind.CSS
    if name == "srcset":
        return Kind.SRCSET
    if name.startswith("on"):
        return Kind.JS
    if name not in _PLAIN and any(part in name for part in ("src", "uri", "url")):
        return Kind.URL
    return Kind.PLAIN
