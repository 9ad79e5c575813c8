"""On real servers fused queries give what each expression gives by itself, for every expression of the corpus."""

import asyncio
import re
import shutil
import time
import urllib.request
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
from tests.e2e.differential.remotewrite import HEADERS, Series, request
from tests.e2e.differential.series import all_series
from tests.e2e.rig import Process, free_port, get, until

pytestmark = [
    pytest.mark.e2e,
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


class VictoriaMetrics:
    """One server in a folder; `stop` it in the end."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        options = [f"-httpListenAddr=127.0.0.1:{port}", f"-storageDataPath={folder}/data", "-search.latencyOffset=0s"]
        self._process = Process("victoria-metrics", ["victoria-metrics", *options], folder)
        until(f"VictoriaMetrics to be ready, see {self._process.log}", lambda: get(f"{self.url}/health"))

    def feed(self, series: list[Series]) -> None:
        """Store these samples; when this returns they can be seen."""
        body = request(series)
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/api/v1/write", body, HEADERS), timeout=30).close()
        urllib.request.urlopen(f"{self.url}/internal/force_flush", timeout=30).close()

    def stop(self) -> None:
        self._process.stop()


Server = theirs.Prometheus | VictoriaMetrics
SERVERS = {"prometheus": theirs.Prometheus, "victoria-metrics": VictoriaMetrics}


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not shutil.which(request.param):
        pytest.skip(f"needs a real {request.param}")
    server = SERVERS[request.param](tmp_path_factory.mktemp(request.param))
    begin = int(time.time()) // STEP * STEP - SECONDS
    try:
        server.feed(
            [(labels, list(history(labels, want, begin, SECONDS))) for labels, want in all_series(groups()).items()]
        )
        yield server
    finally:
        server.stop()


async def test_fused_is_as_single(server: Server) -> None:
    exprs = list(dict.fromkeys(rule["expr"] for group in groups() for rule in group["rules"]))
    at = datetime.fromtimestamp(int(time.time()) - STEP * 2, UTC)
    single = open_(server)
    fused = FusedDatasource(open_(server), 50, SystemClock())
    expected = await single.query(exprs, at)
    for _ in range(2):  # with culprits to be found, and with those known
        for begin in range(0, len(exprs), 500):
            some = exprs[begin : begin + 500]
            found = await fused.query(some, at)
            for expr, one, other in zip(some, found, expected[begin:], strict=False):
                assert meaning(one) == meaning(other) or await _gives(single, expr, at, meaning(one)), expr
    await asyncio.gather(single.aclose(), fused.aclose())
    assert sum(isinstance(one, Answer) and bool(one.samples) for one in expected) > len(exprs) / 10
    assert sum(map(fusible, exprs)) > 0.95 * len(exprs)


async def _gives(single: PrometheusDatasource, expr: str, at: datetime, wanted: Any) -> bool:
    """Whether the server gives this at times: VictoriaMetrics adds up in any order, and `== 1` is then luck."""
    answers = await single.query([expr] * 50, at)
    return wanted in list(map(meaning, answers))


BROKEN = [
    'label_replace(up, "a", "$1", "b", "(")',
    "up * on(job) group_left vector(1) * on() up",
    "1 + time()",
    "nope(",
]


async def test_errors_are_those_of_single_queries(server: Server) -> None:
    exprs = [
        "vector(1)",
        BROKEN[0],
        "vector(2) > 1",
        *BROKEN[1:],
        'label_replace(vector(1), "x", "é\n", "", "") # note',
    ]
    single, fused = open_(server), FusedDatasource(open_(server), 50, SystemClock())
    at = datetime.fromtimestamp(int(time.time()), UTC)
    expected = await single.query(exprs, at)
    for _ in range(3):
        assert list(map(meaning, await fused.query(exprs, at))) == list(map(meaning, expected))
    await asyncio.gather(single.aclose(), fused.aclose())
    assert any(isinstance(one, QueryError) for one in expected)


def open_(server: Server) -> PrometheusDatasource:
    return PrometheusDatasource(name="main", url=server.url, clock=SystemClock(), http=HttpConfig())


def meaning(answer: Answer | QueryError) -> Any:
    """An answer without what differs from one single query to the next.

    That is the order, a sum's last digit, and which of several causes VictoriaMetrics comes upon first.
    """
    if isinstance(answer, QueryError):
        return re.sub(r"(?s) for \(time=.*", "", str(answer)), answer.failure
    samples = [(repr(one.labels), f"{round(one.value, 9):.9g}", one.histogram) for one in answer.samples]
    return sorted(samples), answer.warnings
