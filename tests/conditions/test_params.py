"""Parameters are checked and become what their annotations say."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from alertd.conditions import params


@dataclass
class Window:
    size: timedelta
    step: int = 1


def check(
    prom: "Nowhere",  # type: ignore[name-defined]  # noqa: F821 - what alertd gives is not looked at
    at: object,
    budget: float,
    window: timedelta = timedelta(minutes=5),
    days: "list[date]" = [],  # noqa: B006
    mode: Literal["fast", "slow"] = "fast",
    share: Annotated[float, Field(le=1)] = 0.5,
    shape: Window | None = None,
    anything=None,  # type: ignore[no-untyped-def]
) -> bool:
    return True


def test_values_become_what_the_annotations_say() -> None:
    given = {"budget": "0.5", "window": "1h30m", "days": ["2026-12-25"], "shape": {"size": 3}, "anything": {"a": [1]}}
    assert params.bind(check, given) == {
        "budget": 0.5,
        "window": timedelta(minutes=90),
        "days": [date(2026, 12, 25)],
        "shape": Window(timedelta(seconds=3)),
        "anything": {"a": [1]},
    }
    assert params.wanted(check) == {"prom", "at"}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, 'the parameter "budget" is missing (add it to params, or give it a default)'),
        ({"budget": 1, "windw": 1}, 'unknown parameter "windw" (did you mean "window"?)'),
        ({"budget": 1, "prom": 1}, 'the parameter "prom" is given by alertd (choose another name)'),
        ({"budget": None}, "params.budget: Input should be a valid number"),
        ({"budget": 1, "window": "5 minutes"}, "params.window: not a duration: '5 minutes'"),
        ({"budget": 1, "mode": "medium"}, "params.mode: Input should be 'fast' or 'slow'"),
        ({"budget": 1, "share": 2}, "params.share: Input should be less than or equal to 1"),
        ({"budget": 1, "shape": {"step": 2}}, "params.shape: size: Field required"),
    ],
)
def test_misfits_are_named(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(params.UnusableError) as raised:
        params.bind(check, given)
    assert problem in str(raised.value)


def test_functions_that_take_anything() -> None:
    def anything(**more: Any) -> bool:
        return bool(more)

    assert params.bind(anything, {"a": 1}) == {"a": 1}
    assert params.wanted(anything) == set()


def positional(a: int, /) -> bool:
    return True


def unknown(a: "Nowhere") -> bool:  # type: ignore[name-defined]  # noqa: F821
    return True


@pytest.mark.parametrize(
    ("function", "problem"),
    [(positional, 'cannot be passed by name (remove the "/")'), (unknown, "its annotation cannot be used: name")],
)
def test_functions_that_cannot_be_called(function: Callable[..., Any], problem: str) -> None:
    with pytest.raises(params.UnusableError) as raised:
        params.bind(function, {"a": 1})
    assert problem in str(raised.value)
