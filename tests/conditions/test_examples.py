"""The conditions we hand out, each seen firing and quiet, called as their rules call them."""

import json
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from alertd.conditions import Alert, Sample, Skip
from alertd.conditions.testing import NOON, call
from alertd.config import scripts
from alertd.core.rules import Rule, Script
from alertd.core.samples import Answer
from tests.conditions.conftest import Bench

RULES = Path(__file__).parents[2] / "rules"
WRITTEN = {
    rule["alert"]: rule
    for group in yaml.safe_load((RULES / "conditions/examples.yml").read_text())["groups"]
    for rule in group["rules"]
}


def given(alert: str) -> dict[str, Any]:
    params: dict[str, Any] = WRITTEN[alert]["params"]
    return params


def load(name: str) -> ModuleType:
    module = ModuleType(name)
    sys.modules[name] = module
    exec(compile((RULES / "conditions" / f"{name}.py").read_text(), name, "exec"), vars(module))
    return module


@pytest.mark.parametrize("alert", WRITTEN)
async def test_they_can_be_loaded_and_take_the_parameters(alert: str, bench: Bench) -> None:
    path, _, function = WRITTEN[alert]["python"].rpartition(":")
    assert scripts.check(RULES / "conditions" / path, function, given(alert)) == []
    if "anomaly" in path:
        pytest.importorskip("pandas")
    rule = Rule(alert, "", script=Script(str(RULES / "conditions" / path), function, given(alert)))
    assert await bench.conditions().inspect([rule]) == []


def history(asked: dict[str, str]) -> Any:
    """Ten requests a second in past weeks, wavering by one; twelve now."""
    if "step" not in asked:
        return [({"job": "web"}, 12.0), ({"job": "new"}, 99.0)]
    start, end = float(asked["start"]), float(asked["end"])
    assert NOON.timestamp() - end > 3600
    return [({"job": "web"}, [(start + 60 * n, 10 + n % 3 - 1) for n in range(int(end - start) // 60)])]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the library, by pandas
async def test_unusual() -> None:
    pytest.importorskip("pandas")
    unusual, params = load("anomaly").unusual, given("RequestsUnusual")
    asked = {params["query"]: history}
    assert call(unusual, prom=asked, **{**params, "deviations": 4}) == []
    (sample,) = call(unusual, prom=asked, **{**params, "deviations": 2})
    assert (sample.labels, sample.value) == ({"job": "web"}, 12.0)
    assert sample.annotations["usual"].startswith("10 ± 0.8")
    with pytest.raises(Skip, match="no history"):
        call(unusual, prom={params["query"]: lambda asked: []}, **params)


async def test_unusual_in_a_worker(bench: Bench) -> None:
    """With pandas, within the limits."""
    pytest.importorskip("pandas")
    past = {"metric": {"job": "web"}, "values": [[1, "1"], [2, "2"], [3, "1"]]}
    now = {"metric": {"job": "web"}, "value": [4, "9"]}
    bench.gate.ranges = answer_of("matrix", past)
    bench.gate.answer = answer_of("vector", now)
    path = RULES / "conditions/anomaly.py"
    rule = Rule("x", "", script=Script(str(path), "unusual", given("RequestsUnusual"), timedelta(seconds=20)))
    answer = await bench.conditions().call(rule, NOON)
    assert isinstance(answer, Answer), answer
    assert answer.samples[0].value == 9
    assert bench.lines("stderr") == []


def answer_of(kind: str, *series: dict[str, Any]) -> bytes:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": series}}).encode()


def alert(name: str, state: str = "firing", **labels: str) -> Alert:
    return Alert(name, {"alertname": name, **labels}, state, 1.0)


async def test_together() -> None:
    together, params = load("composite").together, given("HttpSlowAndFailing")
    first, second = params["first"], params["second"]
    alerts = [alert(first, job="a"), alert(first, job="b"), alert(second, job="b"), alert(second, "pending", job="a")]
    assert call(together, alerts=alerts, **params) == [Sample({"job": "b"}, 1.0)]
    assert call(together, alerts=alerts[:2], **params) == []


@pytest.mark.parametrize(
    ("at", "fires"),
    [
        (NOON, True),
        (datetime.fromisoformat("2026-01-14T06:59:00+00:00"), False),  # 07:59 in Berlin
        (datetime.fromisoformat("2026-01-14T07:00:00+00:00"), True),
        (datetime.fromisoformat("2026-07-15T06:00:00+00:00"), True),  # summer: 08:00
        (datetime.fromisoformat("2026-01-14T17:00:00+00:00"), False),
        (datetime.fromisoformat("2026-01-17T12:00:00+00:00"), False),  # a Saturday
        (datetime.fromisoformat("2026-12-25T12:00:00+00:00"), False),
    ],
)
async def test_too_few(at: datetime, fires: bool) -> None:
    too_few, params = load("opening_hours").too_few, given("OrdersMissing")
    assert params["holidays"][0] == date(2026, 12, 25)
    samples = call(too_few, prom={params["query"]: 3}, at=at, **params)
    assert bool(samples) is fires
    assert call(too_few, prom={params["query"]: 5}, at=at, **params) == []
    if fires:
        assert "Europe/Berlin; at least 5 are usual" in samples[0].annotations["message"]
        with pytest.raises(Skip):
            call(too_few, prom={params["query"]: []}, at=at, **params)


async def test_too_few_in_a_worker(bench: Bench) -> None:
    path = RULES / "conditions/opening_hours.py"
    rule = Rule("x", "", script=Script(str(path), "too_few", given("OrdersMissing")))
    bench.gate.answer = answer_of("vector", {"metric": {}, "value": [1, "3"]})
    answer = await bench.conditions().call(rule, NOON)
    assert isinstance(answer, Answer), answer
    assert answer.samples[0].annotations["message"] == "3 at 13:00 Europe/Berlin; at least 5 are usual"
