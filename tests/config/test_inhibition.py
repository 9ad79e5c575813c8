"""inhibit_rules: what is read becomes the core's rules, in its newer and its older form."""

import pytest

from alertd.core.inhibition import InhibitRule
from alertd.core.matchers import Matcher


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("{}", InhibitRule(name="inhibit_rules[0]")),
        (
            "{name: x, source_matchers: ['a=\"b\"', 'c!~d'], target_matchers: ['{e=f,g=h}'], equal: [i, __name__, i]}",
            InhibitRule(
                (Matcher("a", "=", "b"), Matcher("c", "!~", "d")),
                (Matcher("e", "=", "f"), Matcher("g", "=", "h")),
                ("i", "__name__"),
                "x",
            ),
        ),
        (
            "{source_match: {a: b}, source_match_re: {c: 'd|e'}, target_match: {f: 5}, target_match_re: {g: h.*}}",
            InhibitRule(
                (Matcher("a", "=", "b"), Matcher("c", "=~", "d|e")),
                (Matcher("f", "=", "5"), Matcher("g", "=~", "h.*")),
                name="inhibit_rules[0]",
            ),
        ),
        (
            "{source_match: {a: b}, source_matchers: [c=d]}",
            InhibitRule((Matcher("a", "=", "b"), Matcher("c", "=", "d")), name="inhibit_rules[0]"),
        ),
    ],
)
def test_rules(config, text: str, rule: InhibitRule) -> None:
    found = config(f"inhibit_rules: [{text}]")
    assert found.inhibit_rules == (rule,)


def test_an_older_expression_matches_the_whole_value(config) -> None:
    (rule,) = config("inhibit_rules: [{source_match_re: {a: 'b|c'}}]").inhibit_rules
    assert [rule.source[0].matches({"a": value}) for value in ("b", "c", "bc")] == [True, True, False]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{source_match: {'': b}}", "a matcher needs a label name"),
        ("{target_match_re: {'': b}}", "a matcher needs a label name"),
        ("{target_match_re: {a: '('}}", "bad regular expression"),
        ("{target_matchers: [a]}", "bad matcher"),
        ("{equal: [a, '']}", "a label needs a name"),
        ("{equal: a}", "expected a list"),
        ("{sources: []}", "unknown key"),
    ],
)
def test_mistakes(said, text: str, why: str) -> None:
    found = said(f"inhibit_rules: [{text}]")
    assert [why in problem for problem in found] == [True], found


def test_a_route_without_a_label_name_is_refused_likewise(said) -> None:
    (found,) = said("route: {receiver: a, routes: [{match: {'': b}}]}\nreceivers: [{name: a}]")
    assert "a matcher needs a label name" in found
