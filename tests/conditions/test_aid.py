"""The aid for those who test their conditions, and what conditions import."""

import subprocess
import sys
from typing import Any

import pytest
from prometheus_api_client import PrometheusApiClientException
from prometheus_api_client.prometheus_connect import PrometheusConnect

from alertd import conditions
from alertd.conditions import Alert, QueryFailed, Sample, Skip, selector, skip, vector
from alertd.conditions.testing import NOON, call


def test_answers_by_query() -> None:
    def check(prom: PrometheusConnect, at: Any, low: float) -> Any:
        assert at == NOON
        for labels, value in vector(prom.custom_query("x")):
            if value < low:
                yield labels, value
        (one,) = prom.get_metric_range_data("y")
        yield {"points": str(len(one["values"]))}, prom.get_label_names() == ["job"]

    answers = {
        "x": [({"a": "1"}, 1), ({"a": "2"}, float("nan"))],
        "y[600s]": [({}, [(1, 2), (3, 4)])],
        "labels": ["job"],
    }
    assert call(check, prom=answers, low="2") == [Sample({"a": "1"}, 1.0), Sample({"points": "2"}, 1.0)]


def test_answers_that_are_failures() -> None:
    def check(prom: PrometheusConnect) -> bool:
        return bool(prom.custom_query("x"))

    with pytest.raises(PrometheusApiClientException):
        call(check, prom={"x": QueryFailed("slow", "timeout")})
    with pytest.raises(AssertionError, match="the test has no answer to 'x'; it has: 'y'"):
        call(check, prom={"y": 1})


def test_skipping_and_alerts() -> None:
    def check(alerts: list[Alert]) -> bool:
        return bool(alerts) or skip("nobody there")

    with pytest.raises(Skip, match="nobody there"):
        call(check)
    assert call(check, alerts=[Alert("A", {}, "firing", 1)]) == [Sample()]


def test_selectors_hold_no_promql() -> None:
    assert selector("up") == "up"
    assert selector("up", job='a"} or vector(1) #', line="b\\\n") == r'up{job="a\"} or vector(1) #",line="b\\\n"}'
    assert selector("", {"service.name": "x"}) == '{"service.name"="x"}'


def test_nothing_else_is_exported() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = conditions.nothing  # type: ignore[attr-defined]


def test_the_daemon_s_side_does_not_import_requests() -> None:
    """It would cost 150 ms and 22 MB."""
    code = "import sys, alertd.conditions.python, alertd.conditions.gate; sys.exit('requests' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
