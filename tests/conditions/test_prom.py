"""What a condition sees of Prometheus: through the daemon, as of one instant, with errors that say what they are."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from alertd.clock import SystemClock
from alertd.conditions.gate import HttpGate
from alertd.conditions.python import PythonConditions
from alertd.config.http import HttpConfig
from alertd.config.values import DatasourceConfig
from alertd.core.samples import Answer
from alertd.errors import QueryError, QueryFailure
from alertd.testing import RecordingTracer
from tests.conditions.conftest import AT, Bench, FakeGate, settled
from tests.servers import Behaviour, HttpServer, answer, http_server, raw, silence

NOW = f"{AT.timestamp():.3f}"
HEAD = "from datetime import datetime, timedelta, UTC\nfrom alertd.conditions import QueryFailed\n"


def reply(data: Any, **more: Any) -> Behaviour:
    return answer(200, json.dumps({"status": "success", "data": data, **more}).encode())


def series(*values: tuple[dict[str, str], str]) -> Behaviour:
    return reply({"resultType": "vector", "result": [{"metric": m, "value": [1, v]} for m, v in values]})


@pytest.fixture
async def server() -> AsyncIterator[HttpServer]:
    async with http_server() as one:
        yield one


@pytest.fixture
async def prom(bench: Bench, server: HttpServer) -> AsyncIterator[Bench]:
    """A bench whose datasource is that server, with credentials."""
    config = DatasourceConfig(
        name="main",
        url=f"{server.url}/prefix/",
        http=HttpConfig.model_validate({"authorization": {"credentials": "s3cret"}}),
        timeout=timedelta(seconds=3),
        headers={"X-Scope-OrgID": "t3nant"},
        query_params={"dedup": "true"},
        concurrency=4,
        fusion=1,
        compression=False,
        max_response_bytes=1 << 20,
    )
    gate = HttpGate(config, SystemClock())
    bench.conditions(gate)
    yield bench
    await gate.aclose()


async def test_credentials_are_seen_by_the_server_only(prom: Bench, server: HttpServer) -> None:
    server.otherwise = series(({"job": "ü"}, "+Inf"), ({"job": "b"}, "NaN"))
    text = """
        import gc
        def check(prom):
            for one in prom.custom_query("up"):
                yield one["metric"], float(one["value"][1])
            held = [str(vars(prom)), str(vars(prom._session)), open("/proc/self/environ").read()]
            held += [str(one) for one in gc.get_objects() if isinstance(one, (dict, list, tuple))]
            words = ["".join(reversed(word)) for word in ("terc3s", "tnan3t", ":1.0.0.721")]  # not found in this file
            secrets = [word for word in words if word in "".join(held)]
            yield {"secrets": " ".join(secrets), "url": prom.url}, 0
    """
    got = await prom.run(text, timeout=20)
    assert isinstance(got, Answer), got
    assert [str(sample.value) for sample in got.samples] == ["inf", "nan", "0.0"]
    assert dict(got.samples[2].labels) == {"url": "http://prometheus"}
    (request,) = server.requests
    assert request.headers["authorization"] == "Bearer s3cret"
    assert request.headers["x-scope-orgid"] == "t3nant"
    assert (request.method, request.path) == ("POST", "/prefix/api/v1/query")
    form = parse_qs(request.body.decode())
    assert form["query"] == ["up"]
    assert form["time"] == [NOW]
    assert form["dedup"] == ["true"]


async def test_a_long_query_is_in_the_body(prom: Bench, server: HttpServer) -> None:
    server.otherwise = series()
    await prom.run("def check(prom): return bool(prom.custom_query('x' * 50_000))")
    assert len(server.requests[0].body) > 50_000
    assert server.requests[0].path == "/prefix/api/v1/query"


PAST, FUTURE = "1000", "9999999999"


@pytest.mark.parametrize(
    ("call", "path", "expected"),
    [
        ("custom_query('x')", "query", {"time": NOW}),
        ("custom_query('x', {'time': 1000})", "query", {"time": PAST}),
        ("custom_query('x', {'time': 9999999999})", "query", {"time": NOW}),
        ("custom_query('x', {'time': '2036-01-01T00:00:00Z'})", "query", {"time": NOW}),
        ("custom_query('x', {'time': at + timedelta(days=1)})", "query", {"time": NOW}),
        ("get_current_metric_value('x', {'a': 'b\"}'})", "query", {"query": 'x{a="b\\"}"}', "time": NOW}),
        (
            "custom_query_range('x', at - timedelta(hours=1), at + timedelta(hours=1), '60')",
            "query_range",
            {"start": f"{AT.timestamp() - 3600:.0f}", "end": NOW, "step": "60"},
        ),
        (
            "custom_query_range('x', datetime(1970, 1, 1, 0, 16, 40), datetime(2100, 1, 1), '60')",
            "query_range",
            {"start": PAST, "end": NOW},
        ),
        ("get_metric_range_data('x')", "query", {"query": "x[600s]", "time": f"{AT.timestamp():.0f}"}),
        (
            "get_metric_range_data('x', start_time=at - timedelta(minutes=5), end_time=at + timedelta(days=1))",
            "query",
            {"query": "x[300s]", "time": f"{AT.timestamp():.0f}"},
        ),
        (
            "get_metric_range_data('x', {'a': \"'\"}, chunk_size=timedelta(days=1))",
            "query",
            {"query": 'x{a="\'"}[600s]'},
        ),
        ("get_series(datetime(1970, 1, 1, 0, 16, 40), at + timedelta(1))", "series", {"start": "1000.0", "end": NOW}),
        ("get_label_names()", "labels", {"end": NOW}),
        ("get_label_values('job')", "label/job/values", {"end": NOW}),
        ("all_metrics()", "label/__name__/values", {"end": NOW}),
        ("get_metric_aggregation('x', ['max'])", "query", {"query": "x", "time": NOW}),
        ("get_target_metadata({'job': 'a\"b'}, 'up')", "targets/metadata", {"match_target": '{job="a\\"b"}'}),
        ("check_prometheus_connection()", "query", {"query": "1"}),
    ],
)
async def test_nothing_is_later_than_the_instant(bench: Bench, call: str, path: str, expected: dict[str, str]) -> None:
    if "aggregation" in call:
        pytest.importorskip("numpy")
    if path.startswith("label") or path in ("series", "targets/metadata"):
        bench.gate.answer = b'{"status": "success", "data": []}'
    answer = await bench.run(f"{HEAD}def check(prom, at):\n    prom.{call}\n    return True", timeout=20)
    assert isinstance(answer, Answer), answer
    (asked,) = bench.gate.asked
    assert asked[0] == f"/api/v1/{path}"
    assert asked[1] | expected == asked[1]


async def test_the_range_by_default_ends_at_every_call_s_instant(bench: Bench) -> None:
    conditions, rule = bench.conditions(), bench.rule()
    bench.write("def check(prom): return bool(prom.get_metric_range_data('x'))")
    for day in (0, 1, 2):
        assert isinstance(await conditions.call(rule, AT + timedelta(days=day)), Answer)
    times = [float(form["time"]) - AT.timestamp() for _, form in bench.gate.asked]
    assert times == [0, 86400, 172800]


async def test_what_the_library_s_answers_lack(bench: Bench) -> None:
    bench.gate.answer = json.dumps(
        {"status": "success", "warnings": ["partial"], "data": {"resultType": "scalar", "result": [1, "2.5"]}}
    ).encode()
    got = await bench.run(
        "from alertd.conditions import vector\ndef check(prom): return list(vector(prom.custom_query('2.5')))"
    )
    assert isinstance(got, Answer)
    assert got.samples[0].value == 2.5
    assert got.warnings == ("partial",)


@pytest.mark.parametrize(
    ("behaviour", "failure", "words"),
    [
        (
            answer(400, b'{"status":"error","errorType":"bad_data","error":"parse error"}'),
            QueryFailure.BAD_QUERY,
            "parse",
        ),
        (answer(200, b'{"status":"error","errorType":"execution","error":"many"}'), QueryFailure.EXECUTION, "many"),
        (answer(503, b'{"status":"error","errorType":"timeout","error":"slow"}'), QueryFailure.TIMEOUT, "slow"),
        (answer(200, b"<html>"), QueryFailure.MALFORMED, "not one of Prometheus"),
        (answer(401, b"who are you"), QueryFailure.REFUSED, "credentials"),
        (answer(502, b"<html>"), QueryFailure.UNREACHABLE, "502"),
        (answer(302, b"", Location="http://127.0.0.1:1/"), QueryFailure.MALFORMED, "302"),
        (raw(b"nonsense"), QueryFailure.UNREACHABLE, ""),
        (answer(200, b"x" * (2 << 20)), QueryFailure.TOO_LARGE, "larger"),
        (silence, QueryFailure.TIMEOUT, ""),
    ],
)
async def test_errors_are_typed_and_nothing_is_asked_twice(
    prom: Bench, server: HttpServer, behaviour: Behaviour, failure: QueryFailure, words: str
) -> None:
    server.otherwise = behaviour
    got = await prom.run("def check(prom): return bool(prom.custom_query('x'))", timeout=2)
    assert isinstance(got, QueryError)
    assert (got.failure, words in str(got)) == (failure, True), got
    assert len(server.requests) == 1
    assert await settled(1)  # it was Prometheus that was slow, so nobody had to die
    text = (
        f"{HEAD}def check(prom):\n    try: prom.custom_query('x')\n    except QueryFailed as e: return True, e.failure"
    )
    caught = await prom.run(text, timeout=2)
    assert isinstance(caught, Answer), caught
    assert caught.samples[0].annotations["message"] == failure


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("for _ in range(101): prom.custom_query('x')", "a call may ask 100 times"),
        ("prom._session.request('POST', prom.url + '/api/v1/admin/tsdb/delete_series')", "may not ask /api/v1/admin"),
        ("prom.get_label_values('../../admin/x?')", "may not ask"),
        ("prom._session.get('http://elsewhere/-/quit')", "may not ask /-/quit"),
        ("prom.custom_query('x', {'time': 'tomorrow'})", "\"time\" is no time: 'tomorrow'"),
        ("prom.custom_query('x', {'time': 'inf'})", "is no time"),
        ("prom.custom_query('x' * (20 << 20))", "a query of 20971"),
        ("prom.custom_query('\\ud800')", "UnicodeEncodeError"),
        ("prom.get_metric_range_data('x', store_locally=True)", "keeps nothing on the disk"),
    ],
)
async def test_what_may_not_be_asked(bench: Bench, body: str, said: str) -> None:
    got = await bench.run(f"def check(prom):\n    {body}\n    return True")
    assert isinstance(got, QueryError)
    assert said in str(got)
    assert isinstance(await bench.run("def check(prom): return True"), Answer)


async def test_all_answers_together_are_limited(prom: Bench, server: HttpServer) -> None:
    server.otherwise = reply({"resultType": "vector", "result": [], "padding": "x" * 600_000})
    few = prom.conditions(prom.made[0].gates[""], answer_bytes=1_000_000)
    prom.write("def check(prom):\n    for _ in range(2): prom.custom_query('x')\n    return True")
    got = await few.call(prom.rule(), AT)
    assert isinstance(got, QueryError)
    assert got.failure is QueryFailure.TOO_LARGE


async def test_a_datasource_that_is_not_there(bench: Bench) -> None:
    bench.conditions(FakeGate()).gates = {}
    got = await bench.run("def check(prom): return bool(prom.custom_query('x'))")
    assert "the rule's datasource is not configured" in str(got)


async def test_a_caught_failure_does_not_save_from_the_deadline(prom: Bench, server: HttpServer) -> None:
    server.otherwise = silence
    text = "def check(prom):\n    while True:\n        try: prom.custom_query('x')\n        except Exception: pass"
    got = await prom.run(text, timeout=0.5)
    assert isinstance(got, QueryError)
    assert "longer than 0.5 s" in str(got) or "may ask 100 times" in str(got)


async def test_what_a_condition_asks_is_part_of_the_trace_of_its_evaluation(bench: Bench, server: HttpServer) -> None:
    tracer, clock = RecordingTracer(), SystemClock()
    config = DatasourceConfig(
        "", server.url, HttpConfig(), timedelta(seconds=5), {}, {}, 2, 1, compression=False, max_response_bytes=1 << 20
    )
    gate = HttpGate(config, clock, tracer)
    conditions = PythonConditions(gates={"": gate}, clock=clock, output=bench.printed.append, tracer=tracer)
    server.otherwise = series(({}, "1"))
    bench.write("def check(prom):\n    return bool(prom.custom_query('up'))\n")
    try:
        with tracer.span("alertd.evaluate group"):
            await conditions.call(bench.rule(timeout=20), AT)
    finally:
        await conditions.aclose()
        await gate.aclose()
    evaluation, condition, asked = tracer.spans
    assert (condition.name, condition.parent, asked.parent) == ("alertd.condition", evaluation.id, condition.id)
    assert server.requests[0].headers["traceparent"] == asked.id
