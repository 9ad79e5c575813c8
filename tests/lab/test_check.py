"""What `alertd check` finds out about files, as values; how it prints them is in tests/cases."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

from click.testing import CliRunner

from alertd.cli import cli
from alertd.lab.check import Options, check

ROOT = Path(__file__).parents[2]

RULES = "groups: [{name: g, rules: [{alert: A, expr: up == 0}, {record: a:b, expr: up}]}]"


def test_rule_files_by_themselves(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/a.yml").write_text(RULES)
    (tmp_path / "deep/b.yaml").write_text("groups: [{name: g, intervall: 1m}]")
    (tmp_path / "deep/c.txt").write_text("[")
    report = check(None, [tmp_path])
    assert (report.files, report.groups, report.rules, report.recordings) == (2, 2, 1, 1)
    assert [Path(problem.path).name for problem in report.problems] == ["b.yaml"]


def test_a_configuration_and_what_it_names(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(RULES)
    path = tmp_path / "config.yaml"
    path.write_text("prometheus: {url: http://x}\nrule_files: [a.yml]\nreceivers: [{name: a}]\ntemplates: [x]")
    report = check(path, [tmp_path / "a.yml"])  # named twice, checked once
    assert report.problems == ()
    assert (report.files, report.rules) == (2, 1)
    assert "templates" in report.notes[0].message


def test_nothing_in_a_file_steers_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    path.write_text('groups: [{name: "\\e[2J\\u202e", rules: [{alert: "a\\nb", expr: "up >"}]}]')
    result = CliRunner().invoke(cli, ["check", str(path)])
    assert result.exit_code == 1
    assert result.output.count("\n") == 2
    assert "\x1b" not in result.output
    assert "\u202e" not in result.output


def test_schemas_are_printed_as_json() -> None:
    for what in ("rules", "config"):
        result = CliRunner().invoke(cli, ["schema", what])
        assert result.exit_code == 0
        assert json.loads(result.output)["$schema"].startswith("https://json-schema.org/")


def test_findings_are_sorted_by_file_and_line_those_of_the_configuration_first(tmp_path: Path) -> None:
    for name in ("a.yml", "b.yml"):
        (tmp_path / name).write_text("groups: [{name: g, rules: [\n{alert: B, expr: up},\n{alert: A, expr: down}]}]")
    path = tmp_path / "config.yaml"
    path.write_text(
        "prometheus: {url: http://x}\nrule_files: [b.yml]\nroute: {receiver: a}\nreceivers: [{name: a}, {name: b}]"
    )
    report = check(path, [tmp_path / "a.yml"])
    places = [(Path(one.problem.path).name, one.problem.line) for one in report.findings]
    assert places == [("config.yaml", 4), ("b.yml", 2), ("b.yml", 3), ("a.yml", 2), ("a.yml", 3)]


def test_a_file_with_problems_is_not_looked_at_further_and_hides_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("groups: [{name: g, rules: [{alert: A, expr: up}, {alert: B, expr: 'up >'}]}]")
    (tmp_path / "b.yml").write_text("groups: [{name: g, rules: [{alert: A, expr: up}]}]")
    report = check(None, [tmp_path])
    assert len(report.problems) == 1
    assert [Path(one.problem.path).name for one in report.findings] == ["b.yml"]


def test_what_the_group_says_is_told_once(tmp_path: Path) -> None:
    rules = ", ".join(f"{{alert: A{index}, expr: up == {index}}}" for index in range(5))
    path = tmp_path / "a.yml"
    path.write_text(f"groups: [{{name: g, interval: 1m, cooldown: 10s, rules: [{rules}]}}]")
    assert [one.check for one in check(None, [path]).findings] == ["below-interval"]


def test_a_comment_holds_until_the_end_of_its_last_day(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    comment = '# alertd: disable=always-fires reason="x" until=2026-05-31'
    path.write_text(f"groups: [{{name: g, rules: [{{alert: A, expr: up}}]}}] {comment}\n")
    last, after = (check(None, [path], Options(today=date(2026, month, day))) for month, day in ((5, 31), (6, 1)))
    assert last.findings == ()
    assert [one.check for one in after.findings] == ["always-fires", "disable"]


def test_severities_are_coloured_on_a_terminal_only(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    path.write_text("groups: [{name: g, rules: [{alert: A, expr: up}]}]")
    shown = [CliRunner().invoke(cli, ["check", str(path)], color=colour).output for colour in (True, False)]
    assert "\x1b[33mwarning: \x1b[0m" in shown[0]
    assert "\x1b" not in shown[1]


def test_the_rules_we_hand_out_are_clean() -> None:
    report = check(ROOT / "config.example.yaml", [*sorted((ROOT / "rules").glob("*.yml")), ROOT / "rules/conditions"])
    assert report.rules > 40
    assert (report.problems, report.findings) == ((), ())


def test_nobody_pays_for_the_client_who_does_not_ask() -> None:
    program = (
        "import sys, alertd.cli.check; sys.exit({'requests', 'prometheus_api_client'} & set(sys.modules) != set())"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
