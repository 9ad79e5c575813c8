"""PromQL at load: what is wrong is refused, what cannot be judged is accepted with a note, and nothing crashes."""

import pytest

from alertd.config.promql import check

FINE = [
    "up == 0", "1", "vector(1)", "time() > bool 5", "foo > bool 1", r"foo{a=~`\d+`} > 0", "foo{a=`x\"y\\`}",
    "holt_winters(foo[5m], 0.5, 0.5)", "1_000 > foo", "rate(foo{a='b'}[1h30m] offset 5m) > 0 # comment with ` and {",
    '{"http.requests", "a.b"="c"} > 0', "sum by (a) (rate(foo[5m])) / on (a) group_left bar",
    "max_over_time(rate(foo[5m])[1h:])", "foo @ end()", "-foo", "foo_1000_2 > 1e3",
]  # fmt: skip


@pytest.mark.parametrize("expr", FINE)
def test_accepted(expr: str) -> None:
    finding = check(expr)
    assert not finding.error
    assert not finding.note


WRONG = {
    "foo >": "not valid PromQL",
    "(foo": "a ( is not closed",
    "foo)": "unexpected )",
    'foo{a="b}': "a string is not closed",
    "foo{a=}": "",
    "lag(foo)": "unknown function",
    "rate(foo)": "expected type matrix",
    "sum(foo[5m])": "got matrix",
    "{}": "",
    '{a=~".*"}': "",
    "foo[5m5m]": "duration",
    "foo[-5m]": "brackets",
    "foo[5m]": "gives a range vector",
    "(foo[5m:1m])": "gives a range vector",
    '"text"': "gives a string",
    "1e400 > foo": "out of range",
    "foo{a={{ x }}}": "",
    "1 and 2": "",
    "foo{a=~'['}": "",
}


@pytest.mark.parametrize("expr", WRONG)
def test_refused(expr: str) -> None:
    finding = check(expr)
    assert finding.error
    assert WRONG[expr] in finding.error


def test_what_prometheus_records_is_its_own_affair() -> None:
    assert not check("foo[5m]", condition=False).error


def test_hints() -> None:
    assert "rate(x[5m])" in check("rate(foo)").hint
    assert "templates" in check("foo{a={{ x }}} >").hint
    assert "1h30m" in check("rate(foo[5m5m])").hint


@pytest.mark.parametrize(
    "expr",
    ["rate(foo[5m*2]) > 0", "rate(foo[5m] anchored) > 0", "rate(foo[1h:step()/2]) > 0", "foo offset (2*(5m+1s)) > 0",
     "histogram_count(foo </ 5)", "foo offset step()"],
)  # fmt: skip
def test_what_only_newest_servers_know_is_accepted_with_a_note(expr: str) -> None:
    finding = check(expr)
    assert not finding.error
    assert "newest servers" in finding.note


@pytest.mark.parametrize(
    "expr",
    ["+".join(["1"] * 10_000), "(" * 10_000 + "1" + ")" * 10_000, " or ".join(["foo"] * 5_000), "-" * 5_000 + "1",
     'foo{a="' + "x" * 1_000_000 + '"}', "sum(" * 5_000 + "x" + ")" * 5_000],
    ids=["sum", "parentheses", "or", "minus", "text", "calls"],
)  # fmt: skip
def test_what_is_too_large_for_the_parser_is_left_to_the_server(expr: str) -> None:
    finding = check(expr)
    assert not finding.error
    assert "too large to be checked" in finding.note


@pytest.mark.parametrize("expr", ["(" * 10_000, "1" + ")" * 10_000, "1+" * 10_000 + "'", "[" * 5_000 + "(" * 5_000])
def test_even_then_brackets_and_quotes_must_close(expr: str) -> None:
    assert check(expr).error
