"""A character of a value is found in the file, however the value is written there."""

from pathlib import Path

import pytest

from alertd.config import yamltext
from alertd.config.rules import RuleDefaults, parse_rules
from alertd.config.sourcetext import SourceText

WRITTEN = [
    "a: foo X bar",
    "a:   'foo ''s'' X'",
    'a: "foo \\"s\\" \\\\ X"',
    'a: "foo \\n X"',
    'a: "foo \\\n  bar X"',
    "a:\n  foo\n\n  bar X",
    "a: |\n  foo\n    bar\n  X",
    "a: |2-\n    foo\n  X",
    "a: >-\n  foo\n  bar\n\n  X",
    "a: 'foo\n  X'",
    "b: ü\na: ü X",
    "b: 1\r\na: |\r\n  foo\r\n  X",
]


@pytest.mark.parametrize("text", WRITTEN)
def test_every_way_to_write_a_value(text: str) -> None:
    (root,) = yamltext.parse(text)
    node = root.find(("a",))
    assert node.text
    lines = text.replace("\r", "").split("\n")
    line = next(number for number, one in enumerate(lines, 1) if "X" in one)
    assert SourceText(text).position(node, node.text.index("X")) == (line, lines[line - 1].index("X") + 1)


@pytest.mark.parametrize("text", ["a: &b foo X", 'a: "\\u0041 X"', "a: ''"])
def test_else_it_is_where_the_value_is(text: str) -> None:
    node = yamltext.parse(text)[0].find(("a",))
    assert SourceText(text).position(node, (node.text or "").find("X")) == (1, 4)


def test_a_mistake_in_an_expression_has_its_place_in_the_file() -> None:
    text = """\
groups:
- name: g
  rules:
  - alert: A
    expr: |
      sum(rate(foo[5m]))
        > 1
      adn bar > 2
"""
    (problem,) = parse_rules(text, RuleDefaults(), "f.yml", Path()).problems
    assert str(problem) == (
        'f.yml:8:7: group "g", rule "A": could not parse the expression: unexpected "adn" (did you mean "and"?)'
    )
