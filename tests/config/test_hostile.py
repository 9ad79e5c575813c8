"""Whatever a file holds, it is a problem with a place, never a traceback, and nothing grows without bound."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertd.config.load import read
from alertd.config.rules import RuleDefaults, load_file, parse_rules
from alertd.config.values import Overrides
from alertd.errors import ConfigError

BOMB = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
LONG = "x" * 1_000_000


def group(rules: str) -> str:
    return f"groups: [{{name: g, rules: [{rules}]}}]"


PROBLEMS = {
    "bomb": BOMB,
    "brackets": "[" * 100_000,
    "braces": "{a: " * 100_000,
    "dashes": "- " * 100_000,
    "NUL": group('{alert: "a\0b", expr: up}'),
    "escaped NUL": group('{alert: "a\\0b", expr: up}'),
    "NUL in a label": group('{alert: a, expr: up, labels: {x: "\\0"}}'),
    "NUL in an expression": group('{alert: a, expr: "up\\0"}'),
    "lists everywhere": "groups: [[[[]]]]",
    "mappings everywhere": "groups: {a: {b: {c: d}}}",
    "twice": group("{alert: a, expr: up}") + "\n" + group("{alert: a, expr: up}"),
    "long key": f"groups: [{{name: g, ? {LONG} : 1}}]",
    "long duration": group(f"{{alert: a, expr: up, for: {'9' * 100_000}s}}"),
    "long limit": f"groups: [{{name: g, limit: {'9' * 100_000}}}]",
    "open parentheses": group(f"{{alert: a, expr: '{'(' * 10_000}'}}"),
    "open template": group("{alert: a, expr: up, annotations: {x: '" + "{{ (" * 10_000 + "'}}"),
    "expression in pieces": group("{alert: a, expr: [up, up]}"),
    "merge of itself": "a: &a\n  <<: *a\n",
    "surrogate": "groups: \ud800",
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_problems(name: str, tmp_path: Path) -> None:
    path = tmp_path / "f.yml"
    path.write_bytes(PROBLEMS[name].encode("utf-8", "surrogatepass"))
    found = load_file(path, RuleDefaults(), "f.yml")
    assert found.problems
    for problem in found.problems:
        assert problem.path == "f.yml"
        assert problem.line
        assert len(str(problem)) < 3_000
    assert read(path, Overrides()).problems


@pytest.mark.parametrize(
    "rule",
    [
        "{alert: a, expr: '" + "+".join(["1"] * 10_000) + "'}",
        f"{{alert: a, expr: up, labels: {{x: {LONG}}}}}",
        f"{{alert: {LONG}, expr: up}}",
        '{alert: a, expr: up, labels: {x: "a\\nb", y: "<script>alert(1)</script>"}}',
        "{alert: a, expr: 'up{a=\"" + LONG + "\"}'}",
    ],
    ids=["10,000 operators", "long label", "long name", "HTML", "long matcher"],
)
def test_odd_but_valid(rule: str) -> None:
    assert parse_rules(group(rule), RuleDefaults(), "f.yml").problems == ()


@settings(max_examples=200)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=10),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["groups", "name", "rules", "alert", "record", "expr", "for", "labels", "interval", "x"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=20,
    )
)
def test_any_tree_is_read_or_refused(tree: object) -> None:
    try:
        found = parse_rules(json.dumps(tree, ensure_ascii=False), RuleDefaults(), "f.yml")
    except ConfigError:
        return  # a control character
    assert all(problem.path == "f.yml" and problem.line for problem in found.problems)


@settings(max_examples=200)
@given(st.text(st.characters() | st.sampled_from(" \n-:{}[]&*!|>'\"%@`#,?"), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(ConfigError):
        parse_rules(text, RuleDefaults(), "f.yml")
