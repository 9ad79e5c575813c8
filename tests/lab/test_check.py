"""What `alertd check` finds out about files, as values; how it prints them is in tests/cases."""

import json
from pathlib import Path

from click.testing import CliRunner

from alertd.cli import cli
from alertd.lab.check import check

RULES = "groups: [{name: g, rules: [{alert: A, expr: up}, {record: a:b, expr: up}]}]"


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
