"""The golden templates whose queries need PromQL: a real Prometheus answers them, over the series of each case."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest

from alertd.clock import SystemClock
from alertd.config.http import HttpConfig
from alertd.datasources.prometheus import PrometheusDatasource
from alertd.errors import QueryError
from tests.e2e.rig import Process, free_port, get, until
from tests.templating.corpus import load, needs_corpus
from tests.templating.series import Answer, NeedsEngineError
from tests.templating.test_goldens import rule_text

pytestmark = [pytest.mark.e2e, needs_corpus]
_BEGIN, _DAY = 1_704_067_200, 86_400  # every case has a day of its own, so that no query sees another's series
_NOTATION = re.compile(r"(?P<first>-?[\d.]+)(?P<step>[+-][\d.]+)x(?P<count>\d+)")


def needy() -> list[dict[str, Any]]:
    """The cases that tests/templating leaves to a Prometheus."""
    golden, found = load("golden/prometheus_templates.json"), []
    for case in golden["cases"]:
        try:
            rule_text(case, golden)
        except NeedsEngineError:
            found.append(case)
    return found


def exposition(cases: list[dict[str, Any]]) -> Iterator[str]:
    """The series of all cases as OpenMetrics, those of a metric together."""
    lines: dict[str, list[str]] = {}
    for day, case in enumerate(cases):
        for selector, notation in case.get("series", {}).items():
            metric = selector.split("{")[0]
            lines.setdefault(metric, []).extend(_samples(selector, notation, _BEGIN + day * _DAY))
    for metric, found in lines.items():
        yield f"# TYPE {metric} unknown"
        yield from found
    yield "# EOF\n"


def _samples(selector: str, notation: str, begin: int) -> Iterator[str]:
    match = _NOTATION.fullmatch(notation)
    assert match, notation
    labels = re.sub(r"=\s*'([^']*)'", r'="\1"', selector)
    for index in range(int(match["count"]) + 1):
        yield f"{labels} {float(match['first']) + index * float(match['step'])} {begin + index * 60}"


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "series.txt").write_text("\n".join(exposition(needy())))
    argv = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "series.txt", "data"]
    subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "prometheus.yml").write_text("")
    address = f"127.0.0.1:{free_port()}"
    options = ["--storage.tsdb.retention.time=10y", f"--web.listen-address={address}"]
    argv = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data", *options]
    process = Process("prometheus", argv, tmp_path)
    try:
        until("Prometheus to be ready", lambda: get(f"http://{address}/-/ready"))
        yield f"http://{address}"
    finally:
        process.stop()


def test_they_are_as_promtool_expands_them(prometheus: str) -> None:
    golden = load("golden/prometheus_templates.json")
    cases = needy()
    assert len(cases) > 20
    wrong = []
    for day, case in enumerate(cases):
        at = datetime.fromtimestamp(_BEGIN + day * _DAY + golden["eval_time_unix"], UTC)

        def ask(expr: str, _: Mapping[str, str], at: datetime = at) -> Answer:
            return anyio.run(_ask, prometheus, expr, at)

        text = rule_text(case, golden, ask)
        if text != (None if case["error"] else case["expected"]):
            wrong.append((case["id"], case["template"], text, case["expected"]))
    assert wrong == []


async def _ask(url: str, expr: str, at: datetime) -> Answer:
    datasource = PrometheusDatasource(name="", url=url, clock=SystemClock(), http=HttpConfig())
    try:
        (found,) = await datasource.query([expr], at)
    finally:
        await datasource.aclose()
    if isinstance(found, QueryError):
        raise found
    return [(sample.labels, sample.value) for sample in found.samples]
