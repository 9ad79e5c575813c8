"""From bytes to samples: whatever the bytes are, there is an answer or a QueryError that says what is wrong."""

import gc
import json
import math
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.core.labels import Labels
from alertd.core.samples import Answer
from alertd.datasources.decoding import decode
from alertd.errors import QueryError, QueryFailure
from alertd.testing.hostile import TEXTS


def body(data: Any = None, **more: Any) -> bytes:
    return json.dumps({"status": "success", "data": data, **more}).encode()


def vector(*series: Any, **more: Any) -> bytes:
    return body({"resultType": "vector", "result": series}, **more)


def one(value: str = "1", **labels: str) -> dict[str, Any]:
    return {"metric": labels, "value": [1767225600.123, value]}


def failure(status: int, given: bytes, location: str = "") -> QueryError:
    with pytest.raises(QueryError) as caught:
        decode(status, given, location)
    return caught.value


def refusal(kind: str, status: int = 422) -> QueryError:
    return failure(status, json.dumps({"status": "error", "errorType": kind, "error": "because"}).encode())


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("-0", 0), ("1.5e-7", 1.5e-7), ("1e+06", 1e6), ("+Inf", math.inf), ("-Inf", -math.inf),
     ("9007199254740993", 9007199254740993.0), ("5e-324", 5e-324)],
)  # fmt: skip
def test_numbers(text: str, value: float) -> None:
    assert [sample.value for sample in decode(200, vector(one(text))).samples] == [value]


def test_no_number() -> None:
    (sample,) = decode(200, vector(one("NaN"))).samples
    assert math.isnan(sample.value)


def test_nothing_found_is_an_answer() -> None:
    assert decode(200, vector()) == Answer(())


def test_a_scalar_is_a_sample_without_labels() -> None:
    (sample,) = decode(200, body({"resultType": "scalar", "result": [1767225600, "3.5"]})).samples
    assert (sample.labels, sample.value) == (Labels(), 3.5)


@pytest.mark.parametrize(("kind", "result", "words"), [
    ("string", [1767225600, "text"], "a string"),
    ("matrix", [{"metric": {}, "values": [[1767225600, "1"]]}], "a range"),
])  # fmt: skip
def test_results_that_no_alert_can_come_from(kind: str, result: Any, words: str) -> None:
    error = failure(200, body({"resultType": kind, "result": result}))
    assert error.failure is QueryFailure.BAD_QUERY
    assert words in str(error)


def test_histograms_beside_floats() -> None:
    histogram = {"metric": {"le": "x"}, "histogram": [1767225600, {"count": "3", "sum": "4", "buckets": []}]}
    first, second = decode(200, vector(histogram, one("2"))).samples
    assert (first.value, json.loads(first.histogram)["count"]) == (0, "3")
    assert (second.value, second.histogram) == (2, "")


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_label_values_arrive_as_they_are(text: str) -> None:
    if any("\ud800" <= character <= "\udfff" for character in text):
        pytest.skip("no server sends half a character")
    (sample,) = decode(200, vector(one(evil=text))).samples
    assert sample.labels["evil"] == text


def test_label_names_may_be_any_text_and_series_may_come_twice() -> None:
    labels = {"__name__": "größe", "my.label/🔥": "x", "empty": ""}
    answer = decode(200, vector(one("1", **labels), one("2", **labels)))
    assert [sample.value for sample in answer.samples] == [1, 2]
    assert {sample.labels for sample in answer.samples} == {Labels({"__name__": "größe", "my.label/🔥": "x"})}


def test_keys_of_newer_servers_are_no_matter() -> None:
    more = {"isPartial": False, "trace": [{}], "stats": {"seriesFetched": "2"}}
    data = {"resultType": "vector", "result": [{**one(), "group": 0}], "analysis": {}, "explanation": None}
    assert len(decode(200, body(data, **more)).samples) == 1


def test_remarks() -> None:
    answer = decode(200, vector(one(), warnings=["no store is reachable"], infos=["may not be a counter"]))
    assert answer.warnings == ("no store is reachable", "may not be a counter")
    assert decode(200, vector(one(), warnings=None, infos=None)).warnings == ()
    partial = decode(200, vector(one(), isPartial=True))
    assert partial.partial
    assert "the answer is partial" in partial.warnings[0]
    assert not answer.partial


def test_remarks_are_bounded() -> None:
    answer = decode(200, vector(warnings=["w" * 10_000] * 1_000))
    assert sum(map(len, answer.warnings)) < 50_000
    assert answer.warnings[-1] == "and 980 more remarks"


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        ("bad_data", 400, QueryFailure.BAD_QUERY), ("execution", 422, QueryFailure.EXECUTION),
        ("timeout", 503, QueryFailure.TIMEOUT), ("canceled", 503, QueryFailure.TIMEOUT),
        ("unavailable", 503, QueryFailure.UNREACHABLE), ("internal", 500, QueryFailure.UNREACHABLE),
        ("422", 422, QueryFailure.BAD_QUERY), ("too_many_requests", 429, QueryFailure.UNREACHABLE),
        ("", 403, QueryFailure.REFUSED), ("execution", 200, QueryFailure.EXECUTION),
    ],
)  # fmt: skip
def test_what_the_api_refuses(kind: str, status: int, expected: QueryFailure) -> None:
    error = refusal(kind, status)
    assert error.failure is expected
    assert str(error) == f"{kind or status}: because"


def test_an_error_that_repeats_a_long_query_is_cut() -> None:
    given = json.dumps({"status": "error", "errorType": "bad_data", "error": "x" * 1_000_000}).encode()
    assert len(str(failure(400, given))) < 3_000


@given(st.binary(max_size=50), st.integers(0, 300), st.integers(0, 300), st.sampled_from([200, 301, 400, 404, 503]))
def test_whatever_the_bytes_are_there_is_an_answer_or_a_query_error(
    noise: bytes, begin: int, end: int, status: int
) -> None:
    whole = vector(one("1", a="ä"), {"metric": {}, "histogram": [1, {"count": "3"}]}, warnings=["w"])
    assert _said(status, whole[:begin] + noise + whole[end:])


def _said(status: int, body: bytes) -> Answer | str:
    try:
        return decode(status, body)
    except QueryError as error:
        return str(error)


MALFORMED, DOWN, REFUSED = QueryFailure.MALFORMED, QueryFailure.UNREACHABLE, QueryFailure.REFUSED


@pytest.mark.parametrize(
    ("status", "given", "expected", "words"),
    [
        (200, b"", MALFORMED, "with nothing"),
        (200, b"<!DOCTYPE html><title>Log in</title>", MALFORMED, "is the URL right?"),
        (200, b"\n  <html>", MALFORMED, "a page"),
        (200, vector(one())[:-20], MALFORMED, "not one of Prometheus' API"),
        (200, b"null", MALFORMED, "not one of"), (200, b"[]", MALFORMED, "not one of"),
        (200, b'{"status":"success"}', MALFORMED, "no data"),
        (200, b'{"status":"success","data":null}', MALFORMED, "no data"),
        (200, b'{"status":"fine","data":{}}', MALFORMED, "not one of"),
        (200, body({"resultType": "vector"}), MALFORMED, "not one of"),
        (200, body({"resultType": "streams", "result": []}), MALFORMED, "not one of"),
        (200, body({"resultType": "vector", "result": {}}), MALFORMED, "not one of"),
        (200, vector({"metric": {"a": 1}, "value": [1, "1"]}), MALFORMED, "not one of"),
        (200, vector({"metric": {}, "value": [1, 1]}), MALFORMED, "not one of"),
        (200, vector({"metric": {}, "value": []}), MALFORMED, "not one of"),
        (200, vector({"metric": {}}), MALFORMED, "without a value"),
        (200, vector(one("one")), MALFORMED, "no number: 'one'"),
        (200, body({"resultType": "scalar", "result": [1, "x" * 10_000]}), MALFORMED, "no number"),
        (200, b'{"status":"success","data":"\xff\xfe"}', MALFORMED, "not one of"),
        (200, b"[" * 100_000, MALFORMED, "not one of"),
        (200, b'{"x":' * 100_000, MALFORMED, "not one of"),
        (200, b"\0" * 1_000, MALFORMED, "not one of"),
        (401, b"", REFUSED, "credentials"), (403, b"<html>", REFUSED, "credentials"),
        (404, b"404 page not found", MALFORMED, "without /api"), (405, b"", MALFORMED, "POST"),
        (429, b"slow down", DOWN, "429"), (500, b"<html>", DOWN, "500"), (502, b"", DOWN, "502"),
        (503, b"Service Unavailable", DOWN, "503"), (503, vector(one()), DOWN, "503"),
        (400, b"too many outstanding requests", QueryFailure.BAD_QUERY, "400: too many outstanding"),
        (400, b"<html>The plain HTTP request was sent to HTTPS port", MALFORMED, "400"),
    ],
)  # fmt: skip
def test_answers_that_are_none(status: int, given: bytes, expected: QueryFailure, words: str) -> None:
    error = failure(status, given)
    assert error.failure is expected
    assert words in str(error)
    assert len(str(error)) < 500


@pytest.mark.parametrize(
    ("location", "words"),
    [("https://u:hush@prom:9090/x?token=hush", "to https://prom:9090/x"), ("/login?hush", "to /login"),
     ("", "redirects (302): "), ("http://[hush", "redirects (302): "), ("x" * 10_000, "xxx")],
)  # fmt: skip
def test_a_redirect_says_where_to(location: str, words: str) -> None:
    error = failure(302, b"<html>", location)
    assert error.failure is QueryFailure.MALFORMED
    assert words in str(error)
    assert "follow_redirects: true" in str(error)
    assert "hush" not in str(error)
    assert len(str(error)) < 500


def test_what_an_answer_of_many_series_takes() -> None:
    count = 5000
    labels = {"__name__": "up", "instance": "host-00", "job": "bench", "zone": "aa"}
    given = vector(*(one(**labels, id=f"{number:09}") for number in range(count)))
    decode(200, given)
    gc.collect()
    tracemalloc.start()
    try:
        answer = decode(200, given)
        kept, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(answer.samples) == count
    assert kept / count < 200
    assert most / count < 270
