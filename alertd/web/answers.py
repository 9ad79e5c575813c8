"""Answers in the forms in which Alertmanager gives them: JSON, a sentence as JSON, or a code with a message."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from starlette.responses import Response

_JSON = "application/json"


class Refusal(Exception):  # noqa: N818 - it is an answer, thrown from where it is found out
    """The request cannot be served: `answer` says why."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer
        super().__init__(answer.status_code)


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value as JSON."""
    return Response(encoded(value), status, headers, media_type=_JSON)


def encoded(value: Any) -> bytes:
    """JSON, also of texts that UTF-8 has no place for."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value).encode()


def refused(status: int, message: str, *, code: int = 0, headers: Mapping[str, str] | None = None) -> Response:
    """`{"code", "message"}`, as go-openapi answers what does not even look like a request; `code` 0: the status."""
    return answer({"code": code or status, "message": message}, status, headers)


def bad(message: str, status: int = 400) -> Refusal:
    """A sentence, as Alertmanager answers what looks right and is not."""
    return Refusal(answer(message, status))


def instant(at: datetime) -> str:
    """An aware UTC datetime with milliseconds, the way the v2 API writes them."""
    return at.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
