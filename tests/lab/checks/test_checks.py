"""Runs the cases beside this file: NAME.yml holds documents, each of them files and what check NAME finds in them.

`files` are rule files by name, or `config.yaml`; a text that is no mapping of files is `rules.yml`. `finds` are the
places, `file:line` or `line`, each with a word of the message; none means that all is well. `options` are `scrape`
(seconds), `facts` (what a Prometheus said) and `files_only` (the configuration is not looked at).
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from alertd.lab.check import Options, check
from alertd.lab.checks import CHECKS
from alertd.lab.facts import Answer, Facts
from alertd.lab.lint import COMMENTS, NAMES, Choice
from alertd.lab.subjects import World

HOME = Path(__file__).parent
DOCS = HOME.parents[2] / "docs" / "checks"


def cases(name: str) -> list[dict[str, Any]]:
    path = HOME / f"{name}.yml"
    return list(yaml.safe_load_all(path.read_text())) if path.exists() else []


def every() -> Iterator[Any]:
    for name in NAMES:
        for index, case in enumerate(cases(name)):
            yield pytest.param(name, case, id=f"{name}-{index}-{case['case']}".replace(" ", "_"))


def facts(given: dict[str, Any]) -> Facts:
    return Facts(
        asked=True,
        metrics=frozenset(given["metrics"]) if "metrics" in given else None,
        labels={metric: frozenset(names) for metric, names in given.get("labels", {}).items()},
        answers={expr: Answer(**answer) for expr, answer in given.get("answers", {}).items()},
    )


@pytest.mark.parametrize(("name", "case"), list(every()))
def test_case(name: str, case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = case["files"] if "files" in case else {"rules.yml": case["rules"]}
    for path, text in files.items():
        Path(path).write_text(text)
    options = Options(Choice(enabled=frozenset({name})))
    if "scrape" in case:
        options = replace(options, scrape=timedelta(seconds=case["scrape"]))
    if "facts" in case:
        said = facts(case["facts"])
        options = replace(options, ask=lambda _: said)
    config = Path("config.yaml") if "config.yaml" in files else None
    report = check(config, [Path(path) for path in files if path != "config.yaml" and not config], options)
    assert report.problems == ()
    found = [finding for finding in report.findings if finding.check == name]
    places = [f"{finding.problem.path}:{finding.problem.line}" for finding in found]
    wanted = case.get("finds") or {}
    assert places == [place if ":" in str(place) else f"rules.yml:{place}" for place in wanted]
    for finding, words in zip(found, wanted.values(), strict=True):
        assert words in str(finding)


@pytest.mark.parametrize("name", NAMES)
def test_each_has_something_to_find_and_something_to_leave(name: str) -> None:
    wanted = [bool(case.get("finds")) for case in cases(name)]
    assert set(wanted) == {True, False}


def test_there_are_no_cases_of_something_else() -> None:
    assert {path.stem for path in HOME.glob("*.yml")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_has_a_page(name: str) -> None:
    page = (DOCS / f"{name}.md").read_text()
    assert page.startswith(f"# {name}\n")
    assert f"# alertd: disable={name} reason=" in page or name == COMMENTS
    severity = next((check.severity for check in CHECKS if check.name == name), "warning")
    assert f"Severity: {severity}" in page


@pytest.mark.parametrize("name", sorted({*NAMES} - {check.name for check in CHECKS if check.online}))
def test_what_the_page_calls_wrong_is_found_and_what_it_calls_mended_is_not(name: str, tmp_path: Path) -> None:
    wrong, mended = re.findall(r"^```yaml\n(.*?)^```$", (DOCS / f"{name}.md").read_text(), re.MULTILINE | re.DOTALL)
    choice = Choice(enabled=frozenset({name}))
    for text, expected in ((wrong, True), (mended, False)):
        config, rules = tmp_path / "config.yaml", tmp_path / "rules.yml"
        rules.write_text(as_file(text))
        config.write_text(text)
        report = check(config if "route:" in text else None, [rules], Options(choice))
        assert report.problems == ()
        assert (name in {finding.check for finding in report.findings}) == expected


def as_file(text: str) -> str:
    """A rule file of what a page shows: a file, some rules, or a configuration, which has one rule."""
    if text.startswith("groups:"):
        return text
    rules = text if text.startswith("- alert:") else "- {alert: InstanceDown, expr: up == 0}\n"
    return "groups:\n- name: g\n  rules:\n" + "".join(f"  {line}\n" for line in rules.splitlines())


def test_the_list_has_them_all() -> None:
    listed = (DOCS / "README.md").read_text()
    assert [name for name in NAMES if f"[{name}]({name}.md)" not in listed] == []
    assert {path.stem for path in DOCS.glob("*.md")} == {*NAMES, "README"}


def test_names_stand_once() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert COMMENTS in NAMES


def test_every_file_of_a_check_is_registered() -> None:
    home = Path(check.__code__.co_filename).parent / "checks"
    files = {path.stem.replace("_", "-") for path in home.glob("*.py")} - {"--init--"}
    assert files == {check.name for check in CHECKS}


def test_online_checks_say_nothing_when_nobody_was_asked() -> None:
    for one in CHECKS:
        if one.online:
            assert list(one.find(World())) == []
