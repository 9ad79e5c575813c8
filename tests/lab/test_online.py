"""What `alertd check --prometheus` asks, over real HTTP: what it makes of the answers, and of none."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from alertd.lab.check import Options, Report, check
from alertd.lab.online import Limits, asking
from tests.servers import Behaviour, Request, answer, http_server, silence

RULES = """
groups:
- name: g
  interval: 1m
  rules:
  - {alert: Counted, expr: 'errors_total{code="500"} > 5', for: 5m}
  - {alert: Missing, expr: erors_total > 5}
  - {alert: NoLabel, expr: 'errors_total{job="x"} > 5'}
  - {alert: Refused, expr: 'errors_total * up > 0'}
  - {alert: Constant, expr: "1"}
"""
QUICK = Limits(connect=0.5, read=0.3, bytes=1 << 16, failures=2)


def said(data: Any) -> Behaviour:
    return answer(body=json.dumps({"status": "success", "data": data}).encode())


def vector(count: int, **stats: Any) -> Behaviour:
    result = [{"metric": {}, "value": [0, str(count)]}] if count else []
    return said({"resultType": "vector", "result": result, **({"stats": stats} if stats else {})})


class Prometheus:
    """Answers by path; queries by what they hold."""

    def __init__(self) -> None:
        self.metrics: Behaviour = said(["errors_total", "up"])
        self.labels: Behaviour = said(["__name__", "code"])
        self.queries: dict[str, Behaviour] = {}
        self.otherwise: Behaviour = vector(0)
        self.asked: list[str] = []

    async def __call__(self, request: Request, writer: asyncio.StreamWriter) -> None:
        parts = urlsplit(request.path)
        if parts.path == "/api/v1/label/__name__/values":
            behave = self.metrics
        elif parts.path == "/api/v1/labels":
            behave = self.labels
        else:
            query = parse_qs(request.body.decode())["query"][0]
            self.asked.append(query)
            behave = next((one for part, one in self.queries.items() if part in query), self.otherwise)
        await behave(request, writer)


async def report(prometheus: Behaviour, tmp_path: Path, rules: str = RULES, limits: Limits = QUICK) -> Report:
    (tmp_path / "rules.yml").write_text(rules)
    async with http_server() as server:
        server.otherwise = prometheus
        options = Options(ask=asking(server.url, limits))
        return await asyncio.to_thread(check, None, [tmp_path / "rules.yml"], options)


def lines(found: Report) -> list[str]:
    return [f"{one.problem.rule}: {one.problem.message} [{one.check}]" for one in found.findings]


async def test_what_there_is_and_what_there_is_not(tmp_path: Path) -> None:
    server = Prometheus()
    server.queries = {"500": vector(12, timings={"evalTotalTime": 9.5}, samples={"totalQueryableSamples": 3456})}
    refusal = json.dumps({"status": "error", "errorType": "execution", "error": "many-to-many"}).encode()
    server.queries["* up"] = answer(422, refusal)
    found = await report(server, tmp_path)
    assert found.problems == ()
    assert lines(found) == [
        "Counted: 12 alerts right now, if it stays so for 5m [alerts-now]",
        "Counted: it takes 9.50 s and reads 3,456 samples, every 1m [query-cost]",
        "Missing: Prometheus has no metric erors_total [unknown-metric]",
        "NoLabel: no series of errors_total has a label job [unknown-label]",
        "Refused: Prometheus cannot answer it: many-to-many [query-fails]",
        "Constant: 1 alert right now [alerts-now]",
    ]
    assert "did you mean errors_total?" in str(found.findings[2])


async def test_each_expression_is_asked_once_and_counted(tmp_path: Path) -> None:
    server = Prometheus()
    rules = RULES + '  - {alert: Again, expr: erors_total > 5}\n  - {alert: Comment, expr: "up > 5 # so"}\n'
    await report(server, tmp_path, rules)
    assert sorted(server.asked) == [
        "1",
        "count(\nerors_total > 5\n)",
        "count(\nerrors_total * up > 0\n)",
        'count(\nerrors_total{code="500"} > 5\n)',
        'count(\nerrors_total{job="x"} > 5\n)',
        "count(\nup > 5 # so\n)",
    ]


@pytest.mark.parametrize(
    ("metrics", "reason"),
    [
        (answer(502, b"<html>bad gateway</html>"), "it answers with status 502"),
        (answer(301, b"", Location="https://elsewhere.example.org/"), "it answers with status 301"),
        (answer(200, b"<html>hello</html>"), "it does not answer as a Prometheus would"),
        (answer(200, b'{"data": 5}'), "it does not answer as a Prometheus would"),
        (answer(200, b"x" * (1 << 17)), "an answer of more than"),
        (silence, "it does not answer in time"),
    ],
)
async def test_nobody_who_answers_is_a_problem_with_advice(metrics: Behaviour, reason: str, tmp_path: Path) -> None:
    found = await report(metrics, tmp_path)
    assert [reason in str(problem) for problem in found.problems] == [True]
    assert "is the address right" in found.problems[0].hint
    assert not found.facts.asked
    assert not {"unknown-metric", "alerts-now"} & {finding.check for finding in found.findings}


async def test_a_server_that_is_not_there_and_its_password(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(RULES)
    async with http_server() as server:
        url = server.url.replace("http://", "http://me:secret@")
    found = await asyncio.to_thread(check, None, [tmp_path / "rules.yml"], Options(ask=asking(url, QUICK)))
    assert "no connection" in str(found.problems[0])
    assert "secret" not in str(found)


async def test_it_gives_up_on_a_server_that_answers_no_more(tmp_path: Path) -> None:
    server = Prometheus()
    server.otherwise = answer(502, b"")
    rules = "groups:\n- name: g\n  rules:\n" + "".join(f"  - {{alert: A{i}, expr: up > {i}}}\n" for i in range(50))
    found = await report(server, tmp_path, rules, Limits(at_once=1, failures=2))
    assert "left 50 questions without an answer: it answers with status 502" in str(found.problems[0])
    assert len(server.asked) == 2


async def test_a_rule_of_another_datasource_is_not_asked_here(tmp_path: Path) -> None:
    server = Prometheus()
    rules = "groups:\n- name: g\n  rules:\n  - {alert: A, expr: other > 5, datasource: elsewhere}\n"
    found = await report(server, tmp_path, rules)
    assert server.asked == []
    assert found.findings == ()
