"""The way back: what is written, what is said about the rest, and that the real tools take all of it."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from alertd.cli import cli
from alertd.config.rules import RuleDefaults, load_rules
from alertd.errors import ConfigError
from alertd.lab import export
from tests.config import corpus

HOME = Path(__file__).parents[2]

RULES = """\
groups:
- name: g
  interval: 30s
  cooldown: 1h
  eval_delay: 10s
  labels: {team: db, tier: "1"}
  rules:
  - alert: DiskFull   # a comment
    expr: |
      free < 0.1
        and up
    for: 5m
    severity: critical
    cooldown: 2h
    notify: [dba]
    labels: {team: storage, octal: 0777, answer: "yes"}
    description: It is full.
    annotations: {description: Quite full., summary: '{{ $labels.x }}'}
    runbook_url: http://wiki/full
  - {alert: Low, expr: free, when: value < 0.1}
  - {alert: Off, expr: up == 0, enabled: false}
  - {record: a:b, expr: sum(up)}
---
groups:
- {name: h, rules: [{alert: Up, expr: up, enabled: true}]}
"""
EXPORTED: Any = {
    "groups": [
        {
            "name": "g",
            "interval": "30s",
            "query_offset": "10s",
            "rules": [
                {
                    "alert": "DiskFull",
                    "expr": "free < 0.1\n  and up\n",
                    "for": "5m",
                    "labels": {"team": "storage", "tier": "1", "octal": 0o777, "answer": "yes", "severity": "critical"},
                    "annotations": {
                        "description": "Quite full.",
                        "runbook_url": "http://wiki/full",
                        "summary": "{{ $labels.x }}",
                    },
                },
                {"record": "a:b", "expr": "sum(up)", "labels": {"team": "db", "tier": "1"}},
            ],
        },
        {"name": "h", "rules": [{"alert": "Up", "expr": "up"}]},
    ]
}


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_rules(tmp_path: Path) -> None:
    made = export.rules(written(tmp_path / "r.yml", RULES))
    assert yaml.safe_load(made.text) == EXPORTED
    assert "octal: 0777\n" in made.text
    assert "expr: |\n" in made.text
    notes = [str(note).partition("r.yml:")[2] for note in made.notes]
    assert notes == [
        '4:3: "cooldown" is alertd\'s own, and left out',
        '14:5: "cooldown" is alertd\'s own, and left out',
        '15:5: "notify" is alertd\'s own, and left out',
        '20:5: the rule Low is left out: its condition is "when"',
        "21:5: the rule Off is left out: it is not enabled",
    ]


CONFIG = """\
prometheus: {url: http://p}
global: {smtp_from: "${SENDER}", smtp_smarthost: "m:25"}
receivers:
- name: a
  stdout_configs: [{}]
  webhook_configs: [{url: "http://x", secret: c2VjcmV0, timeout: 5s}]
  email_configs: [{to: a@b, timeout: 5s}]
"""


def test_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDER", "us@example.org")
    made = export.config(written(tmp_path / "c.yml", CONFIG))
    assert yaml.safe_load(made.text) == {
        "global": {"smtp_from": "${SENDER}", "smtp_smarthost": "m:25"},
        "route": {"receiver": "a"},
        "receivers": [
            {"name": "a", "webhook_configs": [{"url": "http://x", "timeout": "5s"}], "email_configs": [{"to": "a@b"}]}
        ],
    }
    said = "\n".join(map(str, made.notes))
    for what in ('"prometheus" is alertd', '"secret" is alertd', 'no "stdout_configs"', "variables of the environment"):
        assert what in said


def test_the_command(tmp_path: Path) -> None:
    written(tmp_path / "r.yml", RULES)
    done = CliRunner().invoke(cli, ["export", "rules", str(tmp_path / "r.yml"), "--output", str(tmp_path / "o.yml")])
    assert (done.exit_code, done.stdout) == (0, "")
    assert "the rule Off is left out" in done.stderr
    assert yaml.safe_load((tmp_path / "o.yml").read_text()) == EXPORTED
    bad = CliRunner().invoke(cli, ["export", "config", str(tmp_path / "r.yml")])
    assert bad.exit_code == 1
    assert "a second document" in bad.stderr


def test_the_file_itself_is_checked_whatever_its_name(tmp_path: Path) -> None:
    written(tmp_path / "r1.yml", "groups: []")
    bad = written(tmp_path / "r[1].yml", "groups: [{name: g, rules: [{alert: A, expr: '('}]}]")
    with pytest.raises(ConfigError):
        export.rules(bad)


def test_keys_of_vmalert_are_not_called_ours(tmp_path: Path) -> None:
    text = "groups: [{name: g, type: prometheus, concurrency: 2, datasource: x, rules: [{alert: A, expr: up}]}]"
    notes = [note.message for note in export.rules(written(tmp_path / "r.yml", text)).notes]
    assert notes == [
        '"type" is not Prometheus\', and left out',
        '"concurrency" is not Prometheus\', and left out',
        '"datasource" is alertd\'s own, and left out',
    ]


def test_a_text_that_looks_like_a_variable_stays_that_text(tmp_path: Path) -> None:
    text = """\
global: {slack_api_url: "http://s/"}
route: {receiver: a, routes: [{matchers: ['x="$${NAME}"']}]}
receivers: [{name: a, slack_configs: [{text: '{{ reReplaceAll "a(.)" "${1}" "ab" }}'}]}]
"""
    made = export.config(written(tmp_path / "c.yml", text))
    assert yaml.safe_load(made.text)["route"]["routes"] == [{"matchers": ['x="${NAME}"']}]
    assert '"${1}"' in made.text
    assert made.notes == ()


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    written(tmp_path / "r.yml", RULES)
    target = str(tmp_path / "none" / "o.yml")
    done = CliRunner().invoke(cli, ["export", "rules", str(tmp_path / "r.yml"), "--output", target])
    assert done.exit_code == 1
    assert f"{target}: cannot be written: No such file" in done.stderr


def said(*argv: str | Path) -> str:
    done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, timeout=100)
    return "" if done.returncode == 0 else done.stdout + done.stderr


# What Alertmanager has learnt since 0.25, the oldest amtool that is met.
NEWER = frozenset((
    "smtp_tls_config", "no_proxy", "proxy_from_environment", "http_headers", "labels", "name", "threading", "timeout",
))  # fmt: skip

needs_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="needs promtool")
needs_amtool = pytest.mark.skipif(not shutil.which("amtool"), reason="needs amtool")


@pytest.mark.e2e
@needs_promtool
def test_promtool_takes_our_rules(tmp_path: Path) -> None:
    for path in (HOME / "rules").glob("*.yml"):
        made = written(tmp_path / path.name, export.rules(path).text)
        assert said("promtool", "check", "rules", made) == ""


@pytest.mark.e2e
@needs_promtool
@corpus.present
def test_what_promtool_takes_it_takes_again(tmp_path: Path) -> None:
    made = []
    for number, entry in enumerate(corpus.select("rules", "promtool_check", "pass")):
        path = corpus.HOME / entry["file"]
        again = written(tmp_path / f"{number}.yml", export.rules(path).text)
        assert meaning(again) == meaning(path), path
        made.append(again)
    assert made
    for begin in range(0, len(made), 200):
        assert said("promtool", "check", "rules", *made[begin : begin + 200]) == ""


@pytest.mark.e2e
@needs_amtool
def test_amtool_knows_our_example_but_for_keys_newer_than_itself(tmp_path: Path) -> None:
    made = written(tmp_path / "a.yml", export.config(HOME / "config.example.yaml").text)
    unknown = set(re.findall(r"field (\w+) not found", complaint := said("amtool", "check-config", made)))
    assert unknown <= NEWER
    assert all("field" in line for line in complaint.splitlines()[1:] if line.startswith("  ")), complaint
    assert "yaml: unmarshal errors" in complaint or not complaint


def meaning(path: Path) -> Sequence[Any]:
    """What a rule file says, wherever it stands."""
    found = load_rules((str(path),), RuleDefaults(), Path())
    return [
        (group.name, group.interval, group.limit, one.name, one.expr, one.for_, one.keep_firing_for, one.labels,
         one.annotations)
        for group in found.groups for one in group.rules
    ]  # fmt: skip


@pytest.mark.e2e
@needs_amtool
@corpus.present
def test_what_amtool_takes_it_takes_again(tmp_path: Path) -> None:
    made: list[Path] = []
    for entry in corpus.select("alertmanager", "amtool_check", "pass"):
        path = corpus.HOME / entry["file"]
        if "${" not in path.read_text():
            # Beside the original, so to speak: the templates it names by relative paths are there.
            folder = tmp_path / str(len(made))
            shutil.copytree(path.parent, folder, symlinks=True)
            made.append(written(folder / "exported.yml", export.config(path).text))
    assert made
    assert said("amtool", "check-config", *made) == ""
