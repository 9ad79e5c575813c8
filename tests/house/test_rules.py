"""The rules we hand out are good, and every one of them has been seen firing."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.rig import alertd
from tests.house.tree import ROOT

RULES = sorted((ROOT / "rules").glob("*.yml"))
TESTS = sorted((ROOT / "rules/tests").glob("*.yml"))
# What promtool knows of a rule and of a group; the rest is alertd's and says nothing about when an alert fires.
PROMETHEUS_RULE = {"alert", "expr", "for", "keep_firing_for", "labels", "annotations"}
PROMETHEUS_GROUP = {"name", "interval", "limit", "rules"}


def alerts(path: Path) -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


def for_promtool(text: str) -> str:
    """A rule file as Prometheus would read it: alertd's keys become the labels and annotations they stand for."""
    groups = yaml.safe_load(text)["groups"]
    for group in groups:
        group["rules"] = [translated(rule) for rule in group["rules"]]
    return yaml.safe_dump({"groups": [only(group, PROMETHEUS_GROUP) for group in groups]}, sort_keys=False)


def translated(rule: dict[str, Any]) -> dict[str, Any]:
    labels, annotations = rule.get("labels", {}), rule.get("annotations", {})
    severity = {"severity": rule["severity"]} if "severity" in rule else {}
    texts = only(rule, {"description", "runbook_url"})
    return {**only(rule, PROMETHEUS_RULE), "labels": {**labels, **severity}, "annotations": {**texts, **annotations}}


def only(mapping: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key in keys}


def test_alertd_accepts_them() -> None:
    argv = [alertd(), "check", *map(str, RULES)]
    shown = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stdout + shown.stderr


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_each_says_how_bad_it_is_and_what_is_wrong(path: Path) -> None:
    for rule in alerts(path):
        assert rule.get("severity"), rule["alert"]
        assert rule.get("annotations", {}).get("summary"), rule["alert"]
        assert rule.get("cooldown") or rule["severity"] == "info", rule["alert"]


def test_names_are_given_once() -> None:
    names = [rule["alert"] for path in RULES for rule in alerts(path)]
    assert len(names) == len(set(names))


def test_each_is_seen_firing_and_quiet() -> None:
    firing, quiet = set(), set()
    for path in TESTS:
        for test in yaml.safe_load(path.read_text())["tests"]:
            for case in test["alert_rule_test"]:
                (firing if case.get("exp_alerts") else quiet).add(case["alertname"])
    names = {rule["alert"] for path in RULES for rule in alerts(path)}
    assert firing == names
    assert quiet == names - {"Watchdog"}


@pytest.mark.skipif(not shutil.which("promtool"), reason="needs promtool: `make test` installs it")
@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_promtool_sees_them_fire_as_the_tests_say(path: Path, tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    for rules in RULES:
        (tmp_path / rules.name).write_text(for_promtool(rules.read_text()))
    shutil.copy(path, tmp_path / "tests")
    argv = ["promtool", "test", "rules", path.name]
    shown = subprocess.run(argv, cwd=tmp_path / "tests", capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stdout + shown.stderr
