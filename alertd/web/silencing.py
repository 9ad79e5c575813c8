"""Alertmanager's endpoints about silences."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from alertd.core.matchers import Grammar, Matcher
from alertd.core.silences import Draft, Silence, State
from alertd.errors import SilenceError, StoreError
from alertd.web import asked, filters
from alertd.web.answers import answer, bad, instant
from alertd.web.endpoints import Endpoint

_PATH = "/api/v2/silence/{silenceID}"
_OPS = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}


class Silencer(Protocol):
    """Whoever keeps silences."""

    async def put(self, draft: Draft) -> Silence: ...
    async def expire(self, silence_id: str) -> Silence: ...
    def get(self, silence_id: str) -> Silence: ...
    def list(self) -> Sequence[Silence]: ...


class _Matcher(msgspec.Struct, rename="camel"):
    name: str | None = None
    value: str | None = None
    is_regex: bool | None = None
    is_equal: bool | None = None


class _Silence(msgspec.Struct, rename="camel"):
    matchers: list[_Matcher] | None = None
    starts_at: str | None = None
    ends_at: str | None = None
    created_by: str | None = None
    comment: str | None = None
    id: str | None = None
    annotations: dict[str, str | None] | None = None


_DECODER = msgspec.json.Decoder(_Silence)


def endpoints(
    silencer: Silencer, now: Callable[[], datetime], grammar: Callable[[], Grammar] = lambda: Grammar.FALLBACK
) -> Sequence[Endpoint]:
    """Everything about silences."""

    async def listed(request: Request) -> Response:
        matchers, at = filters.read_matchers(request, "filter", grammar()), now()
        states = {state for state in State if filters.flag(request, state)}
        found = (one for one in silencer.list() if one.state(at) in states and _fits(one, matchers))
        return answer([_page(one, at) for one in found])

    async def put(request: Request) -> Response:
        silence = await _done(silencer.put(_draft(await asked.body(request, _DECODER, "silence"))))
        return answer({"silenceID": silence.id})

    async def get(request: Request) -> Response:
        return answer(_page(_found(silencer, asked.uuid(request, "silenceID")), now()))

    async def expire(request: Request) -> Response:
        silence = _found(silencer, asked.uuid(request, "silenceID"))
        if silence.state(now()) is not State.EXPIRED:
            await _done(silencer.expire(silence.id))
        return Response()

    return (
        Endpoint("GET", "/api/v2/silences", listed),
        Endpoint("POST", "/api/v2/silences", put),
        Endpoint("GET", _PATH, get),
        Endpoint("DELETE", _PATH, expire),
    )


async def _done(work: Awaitable[Silence]) -> Silence:
    """The silence as it is then. Raises Refusal."""
    try:
        return await work
    except SilenceError as error:
        raise bad(str(error), 404 if error.missing else 400) from None
    except StoreError as error:
        raise bad(f"the silence was not stored: {error}", 500) from None


def _found(silencer: Silencer, silence_id: str) -> Silence:
    """Raises Refusal."""
    try:
        return silencer.get(silence_id)
    except SilenceError as error:
        raise bad(str(error), 404) from None


def _fits(silence: Silence, wanted: Sequence[Matcher]) -> bool:
    """Whether a silence is about what these ask for: the values of its own matchers stand for labels."""
    own = {matcher.name: matcher.value for matcher in silence.matchers}
    return all(matcher.matches(own) for matcher in wanted)


def _draft(given: _Silence) -> Draft:
    """Raises Refusal."""
    comment, created_by = asked.needed(given.comment, "comment"), asked.needed(given.created_by, "createdBy")
    ends_at = asked.needed(asked.instant(given.ends_at, "endsAt"), "endsAt")
    matchers = asked.needed(given.matchers, "matchers")
    starts_at = asked.needed(asked.instant(given.starts_at, "startsAt"), "startsAt")
    if not matchers:
        raise asked.too_few("matchers")
    return Draft(
        matchers=tuple(_matcher(one, f"matchers.{number}") for number, one in enumerate(matchers)),
        ends_at=ends_at,
        starts_at=starts_at,
        id=given.id or "",
        created_by=created_by,
        comment=comment,
        annotations=asked.texts(given.annotations),
    )


def _matcher(given: _Matcher, path: str) -> Matcher:
    """Raises Refusal."""
    is_regex = asked.needed(given.is_regex, f"{path}.isRegex")
    name, value = asked.needed(given.name, f"{path}.name"), asked.needed(given.value, f"{path}.value")
    try:
        return Matcher(name, _OPS[is_regex, given.is_equal is not False], value)
    except ValueError as problem:
        raise bad(f"silence invalid: {problem}") from None


def _page(silence: Silence, now: datetime) -> Mapping[str, Any]:
    page = {
        "id": silence.id,
        "status": {"state": silence.state(now)},
        "updatedAt": instant(silence.updated_at),
        "comment": silence.comment,
        "createdBy": silence.created_by,
        "endsAt": instant(silence.ends_at),
        "matchers": [_matcher_page(one) for one in silence.matchers],
        "startsAt": instant(silence.starts_at),
    }
    return {**page, "annotations": dict(silence.annotations)} if silence.annotations else page


def _matcher_page(matcher: Matcher) -> Mapping[str, Any]:
    is_regex, is_equal = "~" in matcher.op, matcher.op in ("=", "=~")
    return {"isEqual": is_equal, "isRegex": is_regex, "name": matcher.name, "value": matcher.value}
