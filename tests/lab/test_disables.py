"""What a comment that disables checks is about, and what is no such comment."""

from datetime import date

import pytest

from alertd.config import yamltext
from alertd.lab.disables import Disable, Scope, disables
from alertd.lab.subjects import Source

COMMENT = '# alertd: disable=always-fires reason="x"'


def read(text: str, *, rules: bool = True) -> list[Disable]:
    return list(disables(Source("a.yml", text, tuple(yamltext.parse(text))), rules=rules))


RULES = """{top}
groups:{groups}
{before_group}
- name: g{group}
  {in_group}
  rules:{rules}
  {before}
  - alert: A{alert}
    {within}
    expr: |
      up{expr}
  - alert: B
    expr: up
{end}
"""
PLACES = ("top", "groups", "before_group", "group", "in_group", "rules", "before", "alert", "within", "expr", "end")
GROUP, RULE = Scope(group=4), Scope(group=4, rule=8)


@pytest.mark.parametrize(
    ("place", "scope"),
    [
        ("top", Scope()), ("groups", Scope()), ("before_group", GROUP), ("group", GROUP), ("in_group", GROUP),
        ("rules", GROUP), ("before", RULE), ("alert", RULE), ("within", RULE), ("expr", RULE), ("end", Scope()),
    ],
)  # fmt: skip
def test_what_it_is_about_is_where_it_stands(place: str, scope: Scope) -> None:
    text = RULES.format(**{one: f" {COMMENT}" if one == place else "" for one in PLACES})
    assert [one.scope for one in read(text)] == [scope]


def test_in_a_configuration_it_is_about_a_line_or_everything() -> None:
    text = f"{COMMENT}\nroute: {{receiver: a}}\nreceivers:\n{COMMENT}\n- name: a\n- name: b {COMMENT}\n"
    assert [one.scope for one in read(text, rules=False)] == [Scope(), Scope(line=5), Scope(line=6)]


def test_every_part_is_read() -> None:
    found = read("# alertd: disable = a, b-c  reason='why not' until=2026-05-31\ngroups: []")
    assert found == [Disable("a.yml", 1, 1, Scope(), ("a", "b-c"), "why not", date(2026, 5, 31))]
    assert [found[0].active(date(2026, 5, day)) for day in (30, 31)] == [True, True]
    assert not found[0].active(date(2026, 6, 1))


@pytest.mark.parametrize(
    "text",
    [
        'a: "# alertd: disable=x"',
        "a: |\n  # alertd: disable=x\n",
        "# alertd: is a fine program",
        "# about alertd: disable=x",
        "a: b#alertd:disable=x",
    ],
)
def test_what_is_none(text: str) -> None:
    assert read(text, rules=False) == []


def test_each_of_many_finds_its_rule() -> None:
    text = "groups:\n- name: g\n  rules:\n" + f"  {COMMENT}\n  - {{alert: A, expr: up}}\n" * 5000
    assert {one.scope.rule for one in read(text)} == set(range(5, 10_005, 2))
