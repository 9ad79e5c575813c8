"""On a real Prometheus fused queries give what each expression gives by itself, for every expression of the corpus."""

import asyncio
import math
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from alertd.clock import SystemClock
from alertd.config.http import HttpConfig
from alertd.core.samples import Answer
from alertd.datasources.fused import FusedDatasource
from alertd.datasources.fusion import fusible
from alertd.datasources.prometheus import PrometheusDatasource
from alertd.errors import QueryError
from tests.config import corpus
from tests.e2e.differential import theirs
from tests.e2e.differential.histories import STEP, history
from tests.e2e.differential.series import all_series

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not shutil.which("prometheus"), reason="needs a real Prometheus"),
    pytest.mark.timeout(400),
]

SECONDS = 60
OURS = sorted((Path(__file__).parents[2] / "rules").glob("*.yml"))


def files() -> list[Path]:
    return [*OURS, *(corpus.HOME / entry["file"] for entry in corpus.select("rules", "promtool_check", "pass"))]


def groups() -> list[dict[str, Any]]:
    """The groups of all files, with their conditions."""
    found = []
    for path in files():
        for group in yaml.load(path.read_text(), Loader=yaml.CSafeLoader)["groups"] or []:
            rules = [rule for rule in group.get("rules") or [] if "expr" in rule]
            found.append({**group, "file": str(path), "rules": [_spelled(one) for one in rules]})
    return found


def _spelled(rule: dict[str, Any]) -> dict[str, Any]:
    return {**rule, "expr": str(rule["expr"]), **{key: rule.get(key) or {} for key in ("labels", "annotations")}}


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[theirs.Prometheus]:
    server = theirs.Prometheus(tmp_path_factory.mktemp("prometheus"))
    begin = int(time.time()) // STEP * STEP - SECONDS
    try:
        server.feed(
            [(labels, list(history(labels, want, begin, SECONDS))) for labels, want in all_series(groups()).items()]
        )
        yield server
    finally:
        server.stop()


async def test_fused_is_as_single(prometheus: theirs.Prometheus) -> None:
    exprs = list(dict.fromkeys(rule["expr"] for group in groups() for rule in group["rules"]))
    at = datetime.fromtimestamp(int(time.time()) - STEP * 2, UTC)
    single = open_(prometheus)
    fused = FusedDatasource(open_(prometheus), 50, SystemClock())
    expected = await single.query(exprs, at)
    for _ in range(2):  # with culprits to be found, and with those known
        for begin in range(0, len(exprs), 500):
            some = exprs[begin : begin + 500]
            found = await fused.query(some, at)
            for expr, one, other in zip(some, found, expected[begin:], strict=False):
                assert meaning(one) == meaning(other), expr
    await asyncio.gather(single.aclose(), fused.aclose())
    assert sum(isinstance(one, Answer) and bool(one.samples) for one in expected) > len(exprs) / 10
    assert sum(map(fusible, exprs)) > 0.95 * len(exprs)


BROKEN = [
    'label_replace(up, "a", "$1", "b", "(")',
    "up * on(job) group_left vector(1) * on() up",
    "1 + time()",
    "nope(",
]


async def test_errors_are_those_of_single_queries(prometheus: theirs.Prometheus) -> None:
    exprs = [
        "vector(1)",
        BROKEN[0],
        "vector(2) > 1",
        *BROKEN[1:],
        'label_replace(vector(1), "x", "é\n", "", "") # note',
    ]
    single, fused = open_(prometheus), FusedDatasource(open_(prometheus), 50, SystemClock())
    at = datetime.now(UTC)
    expected = await single.query(exprs, at)
    for _ in range(3):
        assert list(map(meaning, await fused.query(exprs, at))) == list(map(meaning, expected))
    await asyncio.gather(single.aclose(), fused.aclose())
    assert any(isinstance(one, QueryError) for one in expected)


def open_(server: theirs.Prometheus) -> PrometheusDatasource:
    return PrometheusDatasource(name="main", url=server.url, clock=SystemClock(), http=HttpConfig())


def meaning(answer: Answer | QueryError) -> Any:
    """An answer without the order of its samples, and with a NaN that equals itself."""
    if isinstance(answer, QueryError):
        return str(answer), answer.failure
    return sorted((repr(one.labels), _number(one.value), one.histogram) for one in answer.samples), answer.warnings


def _number(value: float) -> str | float:
    return "NaN" if math.isnan(value) else value
