"""`/api/v1/why`: why somebody was told of an alert, or was not, as sentences in the order in which it happened."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from alertd.core import durations
from alertd.core.instants import rfc3339
from alertd.core.labels import Labels
from alertd.core.matchers import Matcher, parse
from alertd.core.story import DAY, Chapter, Question, Story
from alertd.errors import StoreError
from alertd.web.answers import Refusal, answer
from alertd.web.endpoints import Endpoint

Answer = Callable[[Question], Awaitable[Story]]
PATH = "/api/v1/why"


def endpoints(ask: Answer) -> Sequence[Endpoint]:
    """`ask` tells the story, or raises StoreError."""

    async def why(request: Request) -> Response:
        question = read(request)
        try:
            story = await ask(question)
        except StoreError as error:
            return _failed(500, "internal", f"the history could not be read: {error}")
        return answer({"status": "success", "data": page(story)})

    return (Endpoint("GET", PATH, why),)


def read(request: Request) -> Question:
    """What is asked for. Raises Refusal."""
    query = request.query_params
    fingerprint, rule, name = (query.get(key, "") for key in ("fingerprint", "rule", "alert"))
    try:
        matchers = tuple(one for text in query.getlist("filter") for one in parse(text))
        at = instant(query["at"]) if "at" in query else None
        since = durations.parse(query["since"]) if "since" in query else DAY
    except ValueError as problem:
        raise Refusal(_failed(400, "bad_data", str(problem))) from None
    named = (Matcher("alertname", "=", name),) if name else ()
    if not (named or matchers or fingerprint or rule):
        raise Refusal(_failed(400, "bad_data", "say which alert: alert, filter, fingerprint or rule"))
    return Question((*named, *matchers), fingerprint.lower(), rule, at, since)


def instant(text: str) -> datetime:
    """RFC 3339, or seconds since 1970. Raises ValueError with advice."""
    try:
        if text.replace(".", "", 1).isdecimal():
            return datetime.fromtimestamp(float(text), UTC)
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None and at - timedelta(days=3650) < at:
            return at.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise ValueError(f"not an instant: {text[:100]!r} (write 2026-01-31T12:00:00Z, or seconds since 1970)")


def page(story: Story) -> Mapping[str, Any]:
    """A story as JSON. `found` says whether there was such an alert."""
    alerts = [one for one in story.chapters if one.labels is not None]
    return {
        "found": bool(alerts),
        "alerts": [_alert(one) for one in alerts],
        "rules": [_rule(one) for one in story.chapters if one.labels is None],
        "answer": story.answer,
        "more": story.more,
    }


def _alert(chapter: Chapter) -> Mapping[str, Any]:
    labels = chapter.labels or Labels()
    return {"labels": dict(labels), "fingerprint": labels.fingerprint, "story": list(_sentences(chapter))}


def _rule(chapter: Chapter) -> Mapping[str, Any]:
    return {"title": chapter.title, "story": list(_sentences(chapter))}


def _sentences(chapter: Chapter) -> Iterable[Mapping[str, str]]:
    return ({"at": rfc3339(one.at), "kind": str(one.kind), "text": one.text} for one in chapter.sentences)


def _failed(status: int, kind: str, error: str) -> Response:
    return answer({"status": "error", "errorType": kind, "error": error}, status)
