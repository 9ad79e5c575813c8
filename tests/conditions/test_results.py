"""What a condition may return, and what it is told that returns something else."""

import math

import pytest

from alertd.core.alerts import Alert, State
from alertd.core.labels import Labels
from alertd.core.samples import Answer, Sample, Skipped
from alertd.errors import QueryError, QueryFailure
from tests.conditions.conftest import AT, Bench

HEAD = "from alertd.conditions import Sample, skip\n"
ONE = Sample(Labels(), 1.0)


@pytest.mark.parametrize(
    ("body", "samples"),
    [
        ("return True", [ONE]),
        ("return False", []),
        ("return 0", []),
        ("return -2.5", [Sample(Labels(), -2.5)]),
        ("return float('inf')", [Sample(Labels(), math.inf)]),
        ("return True, 'it burns ☃'", [Sample(Labels(), 1.0, annotations={"message": "it burns ☃"})]),
        ("return 7, 'seven'", [Sample(Labels(), 7.0, annotations={"message": "seven"})]),
        ("return False, 'fine'", []),
        ("return []", []),
        ("yield from ()", []),
        ("yield Sample({'a': 'ü'}, 0)", [Sample(Labels({"a": "ü"}), 0.0)]),
        ("yield {'code': 500}, 3", [Sample(Labels({"code": "500"}), 3.0)]),
        ("return {'a': 'b'}, 3", [Sample(Labels({"a": "b"}), 3.0)]),
        ("return [({'a': 'b'}, 3, {'n': 'm'})]", [Sample(Labels({"a": "b"}), 3.0, annotations={"n": "m"})]),
        ("return Sample({'a': ''})", [ONE]),
        ("return {Sample: 1}.keys() and (Sample({'i': str(i)}) for i in range(1))", [Sample(Labels({"i": "0"}), 1.0)]),
    ],
)
async def test_is_an_answer(bench: Bench, body: str, samples: list[Sample]) -> None:
    assert await bench.run(f"{HEAD}def check():\n    {body}") == Answer(tuple(samples))


async def test_a_sample_may_be_no_number(bench: Bench) -> None:
    answer = await bench.run(f"{HEAD}def check(): return [Sample(value=float('nan'))]")
    assert isinstance(answer, Answer)
    assert math.isnan(answer.samples[0].value)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("skip('no data yet')", "no data yet"),
        ("return skip('no data yet')", "no data yet"),
        ("yield True, 1; skip('half way')", "half way"),
        ("return float('nan')", "it returned NaN, which is no data"),
        ("skip('\\ud800')", "?"),
        ("try: skip('firm')\n    except Exception: return True", "firm"),
    ],
)
async def test_skips(bench: Bench, body: str, reason: str) -> None:
    if body.startswith("yield"):
        body = body.replace("True", "{'a': 'b'}")
    assert await bench.run(f"{HEAD}def check():\n    {body}") == Skipped(reason)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("pass", "returned nothing: return False if all is well, or call skip(reason)"),
        ("return 'yes'", "it returned 'yes'; expected a bool"),
        ("return {'a': 1}", "it returned {'a': 1}; expected a bool"),
        ("return object", "it returned <class 'object'>; expected a bool"),
        ("return [1]", "it returned 1 among the samples"),
        ("return None, 'x'", "it returned (None, message)"),
        ("return [Sample({'a': 'b'}, 'many')]", "a sample has the value 'many', which is no number"),
        ("return [Sample({'a': None})]", "the label 'a' is None; write text"),
        ("return [Sample({1: 'a'})]", "the name of a label is 1; write text"),
        ("return [Sample('a')]", "the labels of a sample are 'a'; write a dict"),
        ("return [Sample({'a': '\\ud800'})]", "the label 'a' is not valid Unicode: '\\ud800'"),
        ("return True, '\\udfff'", "the message is not valid Unicode"),
        ("return [Sample({'a': 'b'}), ({'a': 'b', 'c': ''}, 2)]", 'two samples with the labels {a="b"}'),
        ("return [Sample({'a': 'x' * 100_000})]", "a sample has 100001 characters of text, more than 65536"),
        ("while True: yield {'a': 'b'}, 1", "two samples with the labels"),
        ("n = 0\n    while True: n += 1; yield {'a': str(n)}, 1", "it returned more than 10000 samples"),
        ("for n in range(9999): yield {'a': str(n) + 'x' * 60_000}, 1", "its samples are too large together"),
        ("return type('T', (), {'__repr__': lambda s: 1/0})()", "it returned an object of T"),
    ],
)
async def test_is_nonsense(bench: Bench, body: str, message: str) -> None:
    answer = await bench.run(f"{HEAD}def check():\n    {body}", timeout=20)
    assert isinstance(answer, QueryError)
    assert message in str(answer)
    assert answer.failure is QueryFailure.EXECUTION
    assert not answer.blind


async def test_numbers_of_numpy_are_numbers(bench: Bench) -> None:
    pytest.importorskip("numpy")
    answer = await bench.run("import numpy\ndef check(): return numpy.float64(2) > 1, 'x'", timeout=20)
    assert isinstance(answer, Answer)
    assert answer.samples[0].value == 1.0


async def test_alerts_are_given_to_who_names_them(bench: Bench) -> None:
    text = """
        def check(at, alerts):
            yield {"at": at.isoformat()}, len(alerts)
            for one in alerts:
                yield {**one.labels, "state": one.state, "named": one.name, "firing": one.firing}, one.value
    """
    labels = Labels({"alertname": "Disk", "host": "a"})
    bench.alive = [
        Alert("r", labels, State.FIRING, AT, value=math.inf),
        Alert("r", labels, State.RESOLVED, AT),
    ]
    answer = await bench.run(text)
    assert isinstance(answer, Answer)
    assert answer.samples[0] == Sample(Labels({"at": "2026-01-14T12:00:00+00:00"}), 1.0)
    assert answer.samples[1] == Sample(
        Labels({"alertname": "Disk", "host": "a", "state": "firing", "named": "Disk", "firing": "True"}), math.inf
    )
