"""Whoever misspells a name is asked whether another one was meant, in the same words everywhere."""

from datetime import UTC, datetime

import pytest

from alertd import spelling
from alertd.errors import TemplateError
from alertd.templating import rules
from alertd.templating.ruledata import RuleData
from tests.house.tree import ROOT

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def test_a_close_name_is_asked_about_and_else_all_are_told() -> None:
    assert spelling.suggest("recievers", ["route", "receivers"]) == 'did you mean "receivers"?'
    assert spelling.suggest("x", ["route", "receivers"]) == "there is: receivers, route"
    assert spelling.suggest("x", [f"name{number}" for number in range(31)]) == ""


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("{{ $value | humanise }}", "there is no function 'humanise'; did you mean \"humanize\"?"),
        ("{{ $lables.job }}", 'undefined variable $lables; did you mean "$labels"?'),
        ("{{ nope }}", "there is no function 'nope'"),
    ],
)
def test_templates_of_rules(text: str, asked: str) -> None:
    with pytest.raises(TemplateError) as raised:
        rules.check(text)
    assert raised.value.message == asked


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("{{ toUper `x` }}", 'did you mean "toUpper"?'),
        ("{{ .Lables }}", 'did you mean "Labels"?'),
        ("{{ .Nothing }}", "float64 }"),
    ],
)
def test_what_is_only_known_when_it_is_expanded(text: str, asked: str) -> None:
    with pytest.raises(TemplateError) as raised:
        rules.expand(text, RuleData({}, 1.0, NOON))
    assert raised.value.message.endswith(asked)


def test_nobody_else_compares_names() -> None:
    assert [path.stem for path in (ROOT / "alertd").rglob("*.py") if "difflib" in path.read_text()] == ["spelling"]
