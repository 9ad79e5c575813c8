"""The dashboard and the rules about alertd ask for metrics that there are, and PromQL that Prometheus reads."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import promql_parser
import pytest
import yaml

from alertd.telemetry.catalogue import ROWS

HOME = Path(__file__).parents[2]
_OURS = re.compile(r"\b(?:alertd|process|python_gc)_\w+")
_PARTS = re.compile(r"_(?:bucket|count|sum)$")


def dashboard() -> Iterator[tuple[str, str]]:
    board = json.loads((HOME / "docs" / "grafana.json").read_text())
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"].replace("$__rate_interval", "5m")


def rules() -> Iterator[tuple[str, str]]:
    for group in yaml.safe_load((HOME / "rules" / "alertd.yml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


@pytest.mark.parametrize(("name", "expr"), [*dashboard(), *rules()])
def test_the_metrics_are_there_with_these_labels(name: str, expr: str) -> None:
    promql_parser.parse(expr)
    for metric in _OURS.findall(expr):
        row = ROWS.get(metric) or ROWS[_PARTS.sub("", metric)]
        assert (row.kind == "histogram") == (metric not in ROWS), f"{name}: {metric}"
    labels = {label.strip() for by in re.findall(r"by \(([^)]*)\)", expr) for label in by.split(",")}
    known = {label for metric in _OURS.findall(expr) for label in ROWS[_name(metric)].labels}
    assert labels <= known | {"le", "instance", "job"}, name


def _name(metric: str) -> str:
    return metric if metric in ROWS else _PARTS.sub("", metric)


def test_panels_do_not_lie_on_each_other() -> None:
    board = json.loads((HOME / "docs" / "grafana.json").read_text())
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        fields = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not taken & fields, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= fields
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
