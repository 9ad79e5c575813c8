"""Numbers as text: the fewest digits, in every form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.templating.floats import exponential, formatted, plain, shortest


@pytest.mark.parametrize(
    ("value", "short", "long", "scientific"),
    [
        (0.0, "0", "0", "0e+00"),
        (-0.0, "-0", "-0", "-0e+00"),
        (1.0, "1", "1", "1e+00"),
        (123456.5, "123456.5", "123456.5", "1.234565e+05"),
        (1e6, "1e+06", "1000000", "1e+06"),
        (0.0001, "0.0001", "0.0001", "1e-04"),
        (-0.00001234, "-1.234e-05", "-0.00001234", "-1.234e-05"),
        (5.960464477539063e-08, "5.960464477539063e-08", "0.00000005960464477539063", "5.960464477539063e-08"),
        (1.7976931348623157e308, "1.7976931348623157e+308", "17976931348623157" + "0" * 292, "1.7976931348623157e+308"),
    ],
)
def test_forms(value: float, short: str, long: str, scientific: str) -> None:
    assert (shortest(value), plain(value), exponential(value)) == (short, long, scientific)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_form_means_the_number(value: float) -> None:
    assert [float(shortest(value)), float(plain(value)), float(exponential(value))] == [value] * 3
    assert float.fromhex(formatted(value, "x", None)) == value
