"""The bytes of an answer become samples; msgspec reads them straight into the shape of Prometheus' API."""

from typing import Literal

import msgspec

from alertd.core.labels import Labels
from alertd.core.samples import Answer, Sample
from alertd.errors import QueryError, QueryFailure

_MOST_SHOWN = 200  # characters of a strange answer that a message shows


class _Series(msgspec.Struct):
    metric: dict[str, str] = {}
    value: tuple[float, str] | None = None
    histogram: tuple[float, msgspec.Raw] | None = None


class _Vector(msgspec.Struct, tag="vector", tag_field="resultType"):
    result: list[_Series]


class _Scalar(msgspec.Struct, tag="scalar", tag_field="resultType"):
    result: tuple[float, str]


class _Text(msgspec.Struct, tag="string", tag_field="resultType"):
    result: msgspec.Raw


class _Matrix(msgspec.Struct, tag="matrix", tag_field="resultType"):
    result: msgspec.Raw


class _Reply(msgspec.Struct):
    status: Literal["success", "error"]
    data: _Vector | _Scalar | _Text | _Matrix | None = None
    error: str = ""
    error_type: str = msgspec.field(default="", name="errorType")
    warnings: list[str] = []
    infos: list[str] = []


_DECODER = msgspec.json.Decoder(_Reply)
_FAILURES = {
    "bad_data": QueryFailure.BAD_QUERY,
    "execution": QueryFailure.EXECUTION,
    "timeout": QueryFailure.TIMEOUT,
    "canceled": QueryFailure.TIMEOUT,
}


def decode(status: int, body: bytes) -> Answer:
    """The samples of an instant query. Raises QueryError, which tells a refused query from a broken server."""
    try:
        reply = _DECODER.decode(body)
    except msgspec.MsgspecError as problem:
        raise _malformed(status, body, problem) from None
    if reply.status == "error":
        failure = _FAILURES.get(reply.error_type) or _by_status(status)
        raise QueryError(f"{reply.error_type or 'error'}: {reply.error}", failure)
    if reply.data is None:
        raise QueryError("the answer has no data", QueryFailure.MALFORMED)
    return Answer(_samples(reply.data), (*reply.warnings, *reply.infos))


def _samples(data: _Vector | _Scalar | _Text | _Matrix) -> tuple[Sample, ...]:
    if isinstance(data, _Scalar):
        return (Sample(Labels(), float(data.result[1])),)
    if not isinstance(data, _Vector):
        kind = "a string" if isinstance(data, _Text) else "a range of samples"
        raise QueryError(f"the expression gives {kind}, not samples of one instant", QueryFailure.BAD_QUERY)
    try:
        return tuple(map(_sample, data.result))
    except ValueError as problem:
        raise QueryError(f"the answer has a value that is no number: {problem}", QueryFailure.MALFORMED) from None


def _sample(series: _Series) -> Sample:
    if series.value is not None:
        return Sample(Labels(series.metric), float(series.value[1]))
    if series.histogram is not None:
        return Sample(Labels(series.metric), 0.0, bytes(series.histogram[1]).decode("utf-8", "replace"))
    raise QueryError("the answer has a series without a value", QueryFailure.MALFORMED)


def _by_status(status: int) -> QueryFailure:
    if status in (401, 403):
        return QueryFailure.REFUSED
    return QueryFailure.BAD_QUERY if status in (400, 422) else QueryFailure.UNREACHABLE


def _malformed(status: int, body: bytes, problem: Exception) -> QueryError:
    if status in (401, 403):
        return QueryError(f"the server answers {status}: it wants other credentials", QueryFailure.REFUSED)
    if status >= 500:
        return QueryError(f"the server answers {status}", QueryFailure.UNREACHABLE)
    start = body[:_MOST_SHOWN].decode("utf-8", "replace").replace("\n", " ").strip()
    if not body:
        return QueryError(f"the server answers {status} with nothing", QueryFailure.MALFORMED)
    if start.startswith("<"):
        return QueryError(
            f"the server answers {status} with a page, not with JSON: is the URL right?", QueryFailure.MALFORMED
        )
    return QueryError(f"the answer ({status}) is not one of Prometheus' API: {problem}", QueryFailure.MALFORMED)
