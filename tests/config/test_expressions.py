"""PromQL expressions as values: every kind of node, what is the same however it is written, and what is not read."""

from datetime import timedelta

import pytest

from alertd.config.expressions import (
    MAX_DEPTH,
    Aggregate,
    Binary,
    Call,
    Negation,
    Number,
    Selector,
    Text,
    Window,
    is_scalar,
    read,
    walk,
)
from alertd.core.matchers import Matcher

A, B = Selector("a"), Selector("b")
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", A),
        ("((a))", A),
        ("a offset 5m", A),
        ("a @ end()", A),
        ('{__name__="a"}', A),
        ('a{x="1",y!="2",z=~"3|4",w!~"5"}', Selector("a", (
            Matcher("x", "=", "1"), Matcher("y", "!=", "2"), Matcher("z", "=~", "3|4"), Matcher("w", "!~", "5")))),
        ('{__name__=~"a.*"}', Selector("", (Matcher("__name__", "=~", "a.*"),))),
        ('a{x="1" or y="2"}', Selector("a", (), alternatives=True)),
        ("1_000", Number(1000.0)),
        ("-a", Negation(A)),
        ("rate(a[1m])", Call("rate", (Window(A, MINUTE),))),
        ("max_over_time(a[1m:10s])", Call("max_over_time", (Window(A, MINUTE, subquery=True),))),
        ('label_join(a, "x", `-`, "y")', Call("label_join", (A, Text("x"), Text("-"), Text("y")))),
        ("sum(a)", Aggregate("sum", A)),
        ("sum by (x) (a)", Aggregate("sum", A, labels=frozenset("x"))),
        ("sum(a) without (x)", Aggregate("sum", A, labels=frozenset("x"), without=True)),
        ("topk(3, a)", Aggregate("topk", A, Number(3.0))),
        ("a > b", Binary(">", A, B)),
        ("a > bool b", Binary(">", A, B, boolean=True)),
        ("a and on (x) b", Binary("and", A, B, on=frozenset("x"))),
        ("a and on () b", Binary("and", A, B, on=frozenset())),
        ("a / ignoring (x) b", Binary("/", A, B, ignoring=frozenset("x"))),
        ("a * on (x) group_left (y) b", Binary("*", A, B, on=frozenset("x"), many="left", include=frozenset("y"))),
        ("a * on (x) group_right () b", Binary("*", A, B, on=frozenset("x"), many="right")),
    ],
)  # fmt: skip
def test_each_kind(text: str, expected: object) -> None:
    assert read(text) == expected


@pytest.mark.parametrize("text", ["a >", "unknown_function(a)", "a{", "", "(" * 400 + "a" + ")" * 400])
def test_what_cannot_be_read_is_none(text: str) -> None:
    assert read(text) is None


def test_what_is_nested_too_deep_is_none() -> None:
    assert read("-" * 10 + "a") is not None
    assert read(" + ".join("a" * (MAX_DEPTH + 10))) is None


@pytest.mark.parametrize(
    ("text", "compares"), [("a > 5", True), ("a > bool 5", False), ("a + 5", False), ("a and b", False)]
)
def test_a_comparison_is_one_that_filters(text: str, compares: object) -> None:
    binary = read(text)
    assert isinstance(binary, Binary)
    assert binary.compares == compares


def test_walking_goes_from_left_to_right_parents_first() -> None:
    expr = read("sum(a) > quantile(0.5, rate(b[1m]))")
    assert expr is not None
    assert [type(node).__name__ for node in walk(expr)] == [
        "Binary", "Aggregate", "Selector", "Aggregate", "Number", "Call", "Window", "Selector",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "scalar"),
    [("1", True), ("time() - 5", True), ("scalar(a)", True), ("-(1)", True), ("vector(1)", False), ("a + 1", False)],
)
def test_numbers_and_vectors(text: str, scalar: object) -> None:
    expr = read(text)
    assert expr is not None
    assert is_scalar(expr) == scalar
