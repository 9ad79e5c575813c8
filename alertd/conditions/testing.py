"""To test a condition without a Prometheus: `call` runs it as a worker would, with the answers that a test gives.

samples = call(budget_burn, prom={"sum(errors)": 3}, at=NOON, budget=0.5)
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from alertd.conditions import Alert, Sample, calling
from alertd.conditions.limits import Limits
from alertd.conditions.pinning import API, endpoint, pin

Point = tuple[float, float]
Series = tuple[Mapping[str, str], float | Sequence[Point]]
Answer = float | Iterable[Series] | Exception | Callable[[dict[str, str]], Any]
NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)  # a Wednesday


def call(
    function: Callable[..., Any],
    *,
    prom: Mapping[str, Answer] | None = None,
    at: datetime = NOON,
    alerts: Sequence[Alert] = (),
    **params: Any,
) -> list[Sample]:
    """The samples that the condition gives. Raises Skip if it skips, and whatever else it raises.

    `prom` has an answer for every query: a number, a list of (labels, value), or for a range of (labels, points);
    an exception to raise; or a function that makes one of these of the request's parameters.
    """
    answers = dict(prom or {})

    def relay(path: str, form: list[tuple[str, str]]) -> bytes:
        how = endpoint(path)
        asked = dict(pin(how, form, at))
        key = asked.get("query") or unquote(path.removeprefix(API))
        assert key in answers, f"the test has no answer to {key!r}; it has: {', '.join(map(repr, answers))}"
        return _json(answers[key], asked)

    return calling.call(function, params, at, relay, lambda: list(alerts), Limits())[0]


def _json(answer: Any, asked: dict[str, str]) -> bytes:
    if callable(answer):
        answer = answer(asked)
    if isinstance(answer, Exception):
        raise answer
    return json.dumps({"status": "success", "data": _data(answer, asked)}).encode()


def _data(answer: Any, asked: dict[str, str]) -> Any:
    if "query" not in asked:
        return answer
    time = float(asked.get("time", asked.get("end", "0")))
    if isinstance(answer, (int, float)):
        answer = [({}, answer)]
    series = [_series(labels, value, time) for labels, value in answer]
    ranged = "step" in asked or any("values" in one for one in series)
    return {"resultType": "matrix" if ranged else "vector", "result": series}


def _series(labels: Mapping[str, str], value: Any, time: float) -> dict[str, Any]:
    if isinstance(value, (int, float)):
        return {"metric": dict(labels), "value": [time, _number(value)]}
    return {"metric": dict(labels), "values": [[at, _number(one)] for at, one in value]}


def _number(value: float) -> str:
    return repr(float(value)).replace("inf", "Inf").replace("nan", "NaN")
