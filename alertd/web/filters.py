"""The query parameters by which the v2 API lets people choose alerts, receivers and silences."""

from typing import Any

from starlette.requests import Request

from alertd import regex
from alertd.core import matchers
from alertd.core.filters import Filter
from alertd.core.matchers import Grammar, Matcher
from alertd.web.answers import bad

_TRUE = frozenset(("1", "checked", "on", "ok", "selected", "t", "true", "y", "yes"))


def of(request: Request, grammar: Grammar) -> Filter:
    """What a request asks for. Raises Refusal."""
    return Filter(
        matchers=read_matchers(request, "filter", grammar),
        receiver=_receiver(request),
        receiver_matchers=read_matchers(request, "receiver_matchers", grammar),
        active=flag(request, "active"),
        silenced=flag(request, "silenced"),
        inhibited=flag(request, "inhibited"),
        muted=flag(request, "muted"),
    )


def flag(request: Request, name: str) -> bool:
    """A switch that is on unless it is turned off; what is no word for `yes` turns it off, as it does there."""
    value = request.query_params.get(name, "")
    return not value or value.lower() in _TRUE


def read_matchers(request: Request, name: str, grammar: Grammar) -> tuple[Matcher, ...]:
    """One matcher a parameter. Raises Refusal."""
    return tuple(_matcher(text, grammar) for text in request.query_params.getlist(name))


def _matcher(text: str, grammar: Grammar) -> Matcher:
    try:
        found = matchers.parse(text, grammar)
    except ValueError as problem:
        raise bad(str(problem)) from None
    if len(found) != 1 or text.strip().startswith("{"):
        raise bad(f'bad matcher format: {text[:100]} (write one matcher a filter, like name="value")')
    return found[0]


def _receiver(request: Request) -> Any:
    text = request.query_params.get("receiver", "")
    if not text:
        return None
    try:
        return regex.compile(text)
    except ValueError as problem:
        raise bad(f"failed to parse receiver param: {problem}") from None
