"""What a request asks for, read into values; whatever has the wrong shape is refused as go-openapi does."""

from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from starlette.requests import Request

from alertd.web.answers import Refusal, refused

T = TypeVar("T")
_JSON = "application/json"
_NEVER = datetime(1, 1, 1, tzinfo=UTC)  # Go's zero time, which is none
_MISSING, _WRONG, _TOO_FEW = 602, 601, 612  # go-openapi's codes


async def body(request: Request, decoder: "msgspec.json.Decoder[T]", name: str) -> T:
    """The JSON of a request. Raises Refusal."""
    kind = request.headers.get("content-type", "application/octet-stream").partition(";")[0].strip().lower()
    if kind != _JSON:
        raise Refusal(refused(415, f"unsupported media type {kind[:100]!r}, only [{_JSON}] are allowed"))
    content = await request.body()
    if not content:
        raise missing(name)
    try:
        return decoder.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError) as problem:
        raise Refusal(refused(400, f"the body is not what is expected of {name}: {problem}")) from None


def missing(path: str) -> Refusal:
    """Something is required that is not there."""
    return Refusal(refused(422, f"{path} in body is required", code=_MISSING))


def wrong(path: str, what: str, value: str, *, where: str = "body") -> Refusal:
    """A text is not of the kind that is expected."""
    return Refusal(refused(422, f"{path} in {where} must be of type {what}: {value[:200]!r}", code=_WRONG))


def too_few(path: str) -> Refusal:
    """A list is empty."""
    return Refusal(refused(422, f"{path} in body should have at least 1 items", code=_TOO_FEW))


def needed(value: T | None, path: str) -> T:
    """The value, if there is one. Raises Refusal."""
    if value is None:
        raise missing(path)
    return value


def instant(text: str | None, path: str) -> datetime | None:
    """An RFC 3339 time; Go's zero time is none. Raises Refusal."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        at = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refusal(refused(400, f"{path} is not a time: {text[:100]!r} (write 2026-01-31T12:00:00Z)")) from None
    return None if at == _NEVER else at


def uuid(request: Request, name: str) -> str:
    """An id in the path. Raises Refusal."""
    text: str = request.path_params[name]
    try:
        return str(UUID(text))
    except ValueError:
        raise wrong(name, "uuid", text, where="path") from None


def texts(given: dict[str, Any] | None) -> dict[str, str]:
    """Labels or annotations; to give nothing for one is to give the empty text, as in Go."""
    return {name: "" if value is None else value for name, value in (given or {}).items()}
