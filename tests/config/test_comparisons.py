"""What is left of an expression without its comparison."""

import pytest

from alertd.config.comparisons import Comparison, comparisons


@pytest.mark.parametrize(
    ("expr", "found"),
    [
        ("x > 0.9", [("x", ">", 0.9, False)]),
        ('up{job="a"} == 0', [('up{job="a"}', "==", 0, False)]),
        ("((x / y) * 100) <= (80 / 100 - 1)", [("((x / y) * 100)", "<=", 80 / 100 - 1, False)]),
        ("-0.5 < rate(x[5m])", [("rate(x[5m])", ">", -0.5, False)]),
        ("x > 1 or y < 2", [("x", ">", 1, False), ("y", "<", 2, False)]),
        ("x > 1 and on (job) z", [("x", ">", 1, True)]),
        ("(x != 3) unless z", [("x", "!=", 3, True)]),
        ("x", []),
        ("x > y", []),
        ("x > bool 1", []),
        ("1 > 2", []),
        ("x and y > 2", []),
        ("absent(x)", []),
        ("x > 1 / 0", []),
        ("not ( promql", []),
    ],
)
def test_found(expr: str, found: list[tuple[str, str, float, bool]]) -> None:
    assert comparisons(expr) == tuple(Comparison(*one) for one in found)


@pytest.mark.parametrize(
    ("op", "value", "distance"),
    [(">", 0.75, 0.25), (">=", 2, 0), ("<", 1.5, 0.5), ("<=", 0, 0), ("==", 0.5, 0.5), ("==", 1, 0), ("!=", 1, 0)],
)
def test_distance(op: str, value: float, distance: float) -> None:
    assert Comparison("x", op, 1).distance(value) == distance


@pytest.mark.parametrize(
    ("op", "held"),
    [(">", [2]), (">=", [1, 2]), ("<", [0]), ("<=", [0, 1]), ("==", [1]), ("!=", [0, 2])],
)
def test_which_values_hold(op: str, held: list[float]) -> None:
    assert [value for value in (0, 1, 2) if Comparison("x", op, 1).holds(value)] == held
