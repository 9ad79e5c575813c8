"""The text of a piece of HTML, without its tags: what of it may stand in an attribute."""

import re

from alertd.errors import TemplateError
from alertd.templating.autoescape.contexts import Context, State
from alertd.templating.autoescape.transitions import after_text


def without_tags(html: str) -> str:
    """What a reader would see of it, roughly; entities stay."""
    context, at = Context(), 0
    parts: list[str] = []
    while at < len(html):
        try:
            following, read = after_text(context, html[at:])
        except TemplateError:
            return re.sub("<.*", "", "".join(parts), flags=re.DOTALL)
        if context.state in (State.TEXT, State.RCDATA):
            end = at + read if following.state is context.state else html.rindex("<", at, at + read)
            parts.append(html[at:end])
        context, at = following, at + read
    return "".join(parts)
