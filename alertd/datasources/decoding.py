"""The bytes of an answer become samples; msgspec reads them straight into the shape of Prometheus' API."""

from collections.abc import Iterator, Sequence
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from alertd.core.labels import Labels
from alertd.core.samples import Answer, PlainSamples, Sample
from alertd.errors import QueryError, QueryFailure

_MOST_SHOWN = 200  # characters of a strange answer that a message shows
_MOST_SAID = 2_000  # characters of an error or a remark: some repeat the whole query
_MOST_REMARKS = 20
_MOST_NUMBERS = 1000  # beyond which hardly any is there twice
_PARTIAL = (
    "the answer is partial: some of the servers behind this one did not contribute; alerts that it does not have stay"
)


class _Series(msgspec.Struct, gc=False):
    metric: dict[str, str] = {}
    value: tuple[float, str] | None = None
    histogram: tuple[float, msgspec.Raw] | None = None


class _Vector(msgspec.Struct, tag="vector", tag_field="resultType"):
    result: list[msgspec.Raw]  # each is read when its turn comes: thousands in another form would be too much at once


class _Scalar(msgspec.Struct, tag="scalar", tag_field="resultType"):
    result: tuple[float, str]


class _Text(msgspec.Struct, tag="string", tag_field="resultType"):
    result: msgspec.Raw


class _Matrix(msgspec.Struct, tag="matrix", tag_field="resultType"):
    result: msgspec.Raw


class _Reply(msgspec.Struct):
    status: Literal["success", "error"]
    data: _Vector | _Scalar | _Text | _Matrix | None = None
    error: str | None = None
    error_type: str | None = msgspec.field(default=None, name="errorType")
    warnings: list[str] | None = None
    infos: list[str] | None = None
    is_partial: bool = msgspec.field(default=False, name="isPartial")  # VictoriaMetrics


_DECODER = msgspec.json.Decoder(_Reply)
_SERIES = msgspec.json.Decoder(_Series)
_FAILURES = {
    "bad_data": QueryFailure.BAD_QUERY,
    "execution": QueryFailure.EXECUTION,
    "timeout": QueryFailure.TIMEOUT,
    "canceled": QueryFailure.TIMEOUT,
}
_HINTS = {
    401: (QueryFailure.REFUSED, "it wants other credentials: see http_config"),
    403: (QueryFailure.REFUSED, "it wants other credentials: see http_config"),
    404: (QueryFailure.MALFORMED, "there is no query API there: is the URL right? It is the address without /api"),
    405: (QueryFailure.MALFORMED, "it does not take a POST: is the URL right?"),
    429: (QueryFailure.UNREACHABLE, "it is asked more than it allows: a lower concurrency may help"),
}


def decode(status: int, body: bytes, location: str = "") -> Answer:
    """The samples of an instant query. Raises QueryError, which tells a refused query from a broken server.

    `location` is where a redirect points.
    """
    try:
        reply = _DECODER.decode(body)
    except (ValueError, RecursionError) as problem:  # of msgspec, of UTF-8, of a thousand brackets
        raise _malformed(status, body, location, problem) from None
    if reply.status == "error":
        failure = _FAILURES.get(reply.error_type or "") or _by_status(status)
        raise QueryError(_said(f"{reply.error_type or status}: {reply.error or 'no reason given'}"), failure)
    if status >= 300:
        raise _strange(status, location)
    if reply.data is None:
        raise QueryError("the answer has no data", QueryFailure.MALFORMED)
    try:
        samples = _samples(reply.data)
    except (ValueError, RecursionError) as problem:
        raise _malformed(status, body, location, problem) from None
    return Answer(samples, _remarks(reply), partial=reply.is_partial)


def _samples(data: _Vector | _Scalar | _Text | _Matrix) -> Sequence[Sample]:
    if isinstance(data, _Scalar):
        return (Sample(Labels(), _number(data.result[1])),)
    if not isinstance(data, _Vector):
        kind = "a string" if isinstance(data, _Text) else "a range of samples"
        raise QueryError(f"the expression gives {kind}, not samples of one instant", QueryFailure.BAD_QUERY)
    histograms: dict[int, Sample] = {}
    plain = PlainSamples(_rows(data.result, histograms))
    return tuple(histograms.get(index, sample) for index, sample in enumerate(plain)) if histograms else plain


def _rows(series: list[msgspec.Raw], histograms: dict[int, Sample]) -> Iterator[tuple[Labels, float]]:
    """Labels and value of each; which of them are `histograms` is noted there. A series is let go once it is read.

    Most values of labels and samples are there many times, and kept once.
    """
    texts, numbers = dict[str, str](), dict[str, float]()
    series.reverse()
    for index in range(len(series)):
        one = _SERIES.decode(series.pop())
        labels = Labels({name: texts.setdefault(value, value) for name, value in one.metric.items()})
        if one.value is not None:
            yield labels, _known_number(one.value[1], numbers)
        elif one.histogram is not None:
            histograms[index] = Sample(labels, 0.0, bytes(one.histogram[1]).decode("utf-8", "replace"))
            yield labels, 0.0
        else:
            raise QueryError("the answer has a series without a value", QueryFailure.MALFORMED)


def _known_number(text: str, numbers: dict[str, float]) -> float:
    number = numbers.get(text)
    if number is None:
        number = _number(text)
        if len(numbers) < _MOST_NUMBERS:
            numbers[text] = number
    return number


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        message = f"the answer has a value that is no number: {text[:_MOST_SHOWN]!r}"
        raise QueryError(message, QueryFailure.MALFORMED) from None


def _remarks(reply: _Reply) -> tuple[str, ...]:
    partial = [_PARTIAL] if reply.is_partial else []
    remarks = [*partial, *(reply.warnings or ()), *(reply.infos or ())]
    more = [f"and {len(remarks) - _MOST_REMARKS} more remarks"] if len(remarks) > _MOST_REMARKS else []
    return (*map(_said, remarks[:_MOST_REMARKS]), *more)


def _said(text: str) -> str:
    return text if len(text) <= _MOST_SAID else f"{text[:_MOST_SAID]}…"


def _by_status(status: int) -> QueryFailure:
    if status in (401, 403):
        return QueryFailure.REFUSED
    return QueryFailure.BAD_QUERY if status in (400, 422) else QueryFailure.UNREACHABLE


def _malformed(status: int, body: bytes, location: str, problem: Exception) -> QueryError:
    start = " ".join(body[:_MOST_SHOWN].decode("utf-8", "replace").split())
    if status in (400, 422) and start and not start.startswith("<"):
        return QueryError(f"the server answers {status}: {start}", QueryFailure.BAD_QUERY)
    if status >= 300:
        return _strange(status, location)
    if not body:
        return QueryError(f"the server answers {status} with nothing", QueryFailure.MALFORMED)
    if start.startswith("<"):
        return QueryError(
            f"the server answers {status} with a page, not with JSON: is the URL right?", QueryFailure.MALFORMED
        )
    return QueryError(
        f"the answer ({status}, {len(body)} bytes) is not one of Prometheus' API: {problem}", QueryFailure.MALFORMED
    )


def _strange(status: int, location: str) -> QueryError:
    if status < 400:
        return QueryError(_redirect(status, location), QueryFailure.MALFORMED)
    usual = QueryFailure.UNREACHABLE if status >= 500 else QueryFailure.MALFORMED
    failure, hint = _HINTS.get(status, (usual, ""))
    return QueryError(f"the server answers {status}" + (f": {hint}" if hint else ""), failure)


def _redirect(status: int, location: str) -> str:
    try:
        parts = urlsplit(location[:_MOST_SHOWN])
        host = parts.netloc.rpartition("@")[2]
        target = f"{parts.scheme}://{host}{parts.path}" if host else parts.path
    except ValueError:
        target = ""
    there = f" to {target}" if target else ""
    return f"the server redirects ({status}){there}: write the URL it means, or follow_redirects: true in http_config"
