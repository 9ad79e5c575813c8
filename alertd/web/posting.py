"""Alertmanager's `POST /api/v2/alerts`: alerts of others, such as a Prometheus' with rules of its own."""

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from alertd.core.alerts import Alert
from alertd.core.labels import Labels
from alertd.core.posted import Posting
from alertd.errors import StoreError
from alertd.web import asked
from alertd.web.answers import answer, bad
from alertd.web.endpoints import Endpoint

_MOST_NAMED = 20  # of the problems of one request

Take = Callable[[Sequence[Alert]], Awaitable[None]]
Read = Callable[[Posting], Alert]
Refuse = Callable[[int], None]


class _Alert(msgspec.Struct, rename="camel"):
    labels: dict[str, str | None] | None = None
    annotations: dict[str, str | None] | None = None
    starts_at: str | None = None
    ends_at: str | None = None
    generator_url: str | None = msgspec.field(default=None, name="generatorURL")


_DECODER = msgspec.json.Decoder(list[_Alert] | None)


def endpoints(read: Read, take: Take, refuse: Refuse) -> Sequence[Endpoint]:
    """`read` makes an alert of what is said of it, or raises ValueError; `take` takes alerts in, or raises StoreError;
    `refuse` hears how many make no sense.

    Those that make sense are taken even if others of the same request do not.
    """

    async def post(request: Request) -> Response:
        given = await asked.body(request, _DECODER, "alerts") or []
        postings = [_posting(one, number) for number, one in enumerate(given)]
        alerts, problems = _sorted_out(postings, read)
        try:
            await take(alerts)
        except StoreError as error:
            return answer(f"the alerts were not stored: {error}", 500)
        if problems:
            refuse(len(problems))
            more = f"; and {len(problems) - _MOST_NAMED} more" if len(problems) > _MOST_NAMED else ""
            raise bad("; ".join(problems[:_MOST_NAMED]) + more)
        return Response()

    return (Endpoint("POST", "/api/v2/alerts", post),)


def _sorted_out(postings: Sequence[Posting], read: Read) -> tuple[list[Alert], list[str]]:
    alerts: list[Alert] = []
    problems: list[str] = []
    for posting in postings:
        try:
            alerts.append(read(posting))
        except ValueError as problem:
            problems.append(str(problem))
    return alerts, problems


def _posting(given: _Alert, number: int) -> Posting:
    """Raises Refusal for what has the wrong shape."""
    url = given.generator_url or ""
    if url and not _is_link(url):
        raise asked.wrong(f"{number}.generatorURL", "uri", url)
    return Posting(
        labels=Labels(asked.texts(asked.needed(given.labels, f"{number}.labels"))),
        annotations=asked.texts(given.annotations),
        starts_at=asked.instant(given.starts_at, f"{number}.startsAt"),
        ends_at=asked.instant(given.ends_at, f"{number}.endsAt"),
        generator_url=url,
    )


def _is_link(url: str) -> bool:
    """Whether it is a URL with a scheme, or an absolute path, without blanks."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return (bool(parts.scheme) or url.startswith("/")) and url.isprintable() and " " not in url
