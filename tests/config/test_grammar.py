"""The grammar that was chosen reads the matchers of routes and inhibit rules."""

from pathlib import Path

import pytest

from alertd.config.load import read
from alertd.config.values import Overrides
from alertd.core.matchers import Grammar

UTF8, CLASSIC, FALLBACK = Grammar.UTF8, Grammar.CLASSIC, Grammar.FALLBACK
ROUTE = "route: {{receiver: a, routes: [{{matchers: ['{}'], receiver: a}}]}}\nreceivers: [{{name: a}}]\n"
INHIBIT = "inhibit_rules: [{{source_matchers: ['{}'], target_matchers: [a=b]}}]\n"
CASES = [
    ('"föö"="bar"', UTF8, 'föö="bar"'),
    ('"föö"="bar"', FALLBACK, 'föö="bar"'),
    ('"föö"="bar"', CLASSIC, None),
    ("foo=bar{", CLASSIC, 'foo="bar{"'),
    ("foo=bar{", FALLBACK, 'foo="bar{"'),
    ("foo=bar{", UTF8, None),
    ('foo="\\x41"', UTF8, 'foo="A"'),
    ('foo="\\x41"', FALLBACK, 'foo="\\\\x41"'),
]


@pytest.mark.parametrize(("text", "grammar", "meaning"), CASES)
def test_a_matcher_in_each_grammar(tmp_path: Path, text: str, grammar: Grammar, meaning: str | None) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(ROUTE.format(text))
    reading = read(path, Overrides(matchers=grammar))
    if reading.config is None:
        assert meaning is None
        assert "bad matcher" in str(reading.problems[0])
    else:
        (child,) = reading.config.route.routes
        assert [str(matcher) for matcher in child.matchers] == [meaning]
    path.write_text(INHIBIT.format(text))
    assert (read(path, Overrides(matchers=grammar)).config is None) is (meaning is None)
