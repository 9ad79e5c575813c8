"""`alertd check --prometheus` beside a real Prometheus: what it knows of metrics, labels, alerts and cost."""

import json
from typing import Any

import pytest

from alertd.config import expressions
from alertd.lab.reach import labels_of
from tests.e2e.conftest import Rig
from tests.e2e.rig import free_port, run, until

pytestmark = pytest.mark.e2e

RULES = """
groups:
- name: demo
  rules:
  - {alert: Broken, expr: 'broken{job!=""} > 0', for: 2m}
  - {alert: Quiet, expr: broken > 5}
  - {alert: Misspelled, expr: brokken > 0}
  - {alert: NoSuchLabel, expr: 'broken{zone="aa"} > 0'}
  - {alert: ManyToMany, expr: 'broken * on () broken > 0'}
  - {alert: Gone, expr: absent(nothing), for: 5m}
"""


def ask(rig: Rig, url: str) -> tuple[int, dict[str, Any]]:
    (rig.folder / "check.yml").write_text(RULES)
    shown = run("check", "check.yml", "--prometheus", url, "-o", "json", cwd=rig.folder)
    return shown.returncode, json.loads(shown.stdout)


def test_what_a_real_prometheus_says(rig: Rig) -> None:
    rig.exporter.set('broken{job="a"}', 1)
    rig.exporter.set('broken{job="b"}', 1)
    until("both series to be scraped", lambda: len(rig.prometheus.value("broken == 1")) == 2)
    code, document = ask(rig, rig.prometheus.url)
    found = {(one["rule"], one["check"]): one for one in document["findings"]}
    assert set(found) == {
        ("Broken", "alerts-now"),
        ("Misspelled", "unknown-metric"),
        ("NoSuchLabel", "unknown-label"),
        ("ManyToMany", "query-fails"),
        ("Gone", "alerts-now"),
    }
    assert found["Broken", "alerts-now"]["message"] == "2 alerts right now, if it stays so for 2m"
    assert found["Misspelled", "unknown-metric"]["hint"] == "did you mean broken?"
    assert "many-to-many" in found["ManyToMany", "query-fails"]["message"]
    assert code == 1  # an expression that cannot be answered is an error
    cost = document["answers"]["broken > 5"]
    assert cost["samples"] >= 2
    assert 0 <= cost["seconds"] < 5


def test_the_sum_of_it_for_people(rig: Rig) -> None:
    until("the series to be scraped", lambda: rig.prometheus.value("broken == 0"))
    (rig.folder / "check.yml").write_text("groups: [{name: g, rules: [{alert: A, expr: broken == 0}]}]")
    shown = run("check", "check.yml", "--prometheus", rig.prometheus.url, cwd=rig.folder)
    assert shown.returncode == 0
    assert "asked Prometheus: 1 expression, 1 series right now, 0.0" in shown.stdout


def test_no_prometheus_there(rig: Rig) -> None:
    code, document = ask(rig, f"http://127.0.0.1:{free_port()}")
    assert code == 1
    assert "no connection" in document["problems"][0]["message"]
    assert {one["check"] for one in document["findings"]} == set()


EXPRESSIONS = """
a
a > 0
a > bool 0
-a
sum(a)
sum by (x, nowhere) (a)
sum without (x) (a)
count_values("n", a)
count_values by (x) ("n", a)
topk(1, a)
topk by (x) (1, a)
quantile(0.5, a)
a + b
a >= on (x) b
a >= ignoring (y) b
a * on (x) group_left () c
a * on (x) group_left (z) c
c * on (x) group_right (z) a
a and on (x) c
a unless on (x) nothing
a or c
0 < a
a * 2
vector(1)
time() + vector(0)
absent(nothing{x="1", y=~"2"})
absent(sum(nothing{x="1"}))
absent_over_time(nothing{x="1"}[5m])
label_replace(sum(a), "new", "1", "", "")
label_join(sum by (x) (a), "new", "-", "x")
histogram_quantile(0.5, h_bucket)
histogram_quantile(0.5, sum by (le, x) (h_bucket))
max_over_time(a[1m])
max_over_time(sum by (x) (a)[1m:1s])
rate(a[1m])
timestamp(a)
hour()
hour(a)
scalar(sum(a)) + a
round(a, 5)
clamp_max(a, 1)
sort_desc(a)
a{z=""}
""".strip().splitlines()


def test_the_labels_of_a_result_are_among_those_it_can_have(rig: Rig) -> None:
    """What `lost-label` takes for granted, asked of a real Prometheus: no result has a label it calls lost."""
    series = ['a{x="1",y="2",job="t"}', 'a{x="2",y="2",job="t"}', 'b{x="1",y="2",job="t"}', 'c{x="1",z="3",job="t"}']
    rig.exporter.set_all(dict.fromkeys(series, 1.0))
    rig.exporter.set_all({'h_bucket{x="1",le="1",job="t"}': 1.0, 'h_bucket{x="1",le="+Inf",job="t"}': 2.0})
    until("all series to be scraped twice", lambda: len(rig.prometheus.value("count_over_time(h_bucket[1m]) > 1")) == 2)
    for text in EXPRESSIONS:
        expr = expressions.read(text)
        assert expr is not None, text
        results = rig.prometheus.value(text)
        assert results, text
        has = {name for one in results for name in one["metric"]} - {"__name__"}
        can = labels_of(expr)
        assert {name for name in has if name not in can} == set(), text
