"""Durations: what Prometheus takes and refuses, and that what is written reads back."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.core import durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("0s", 0), ("05m", 300), ("1h5m", 3900), ("1d12h", 129_600), ("2m30s", 150), ("100ms", 0.1),
     ("1w", 604_800), ("1y", 31_536_000), ("60m", 3600), ("1h0m0s", 3600)],
)  # fmt: skip
def test_accepted(text: str, seconds: float) -> None:
    assert durations.parse(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    ["", "5", "90", "1.5h", "1h 5m", "5m1h", "-5m", "5M", "m", "5mm", "\u0665m", "5m\n", "1" * 101 + "s", "300y"],
)
def test_refused_with_advice(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        durations.parse(text)


def test_formatting() -> None:
    written = {"0s": 0, "1m30s": 90, "1h": 3600, "1w": 604_800, "8d": 691_200, "1y": 31_536_000, "5ms": 0.005}
    assert {durations.format(timedelta(seconds=seconds)): seconds for seconds in written.values()} == written
    assert durations.format(timedelta(seconds=-90)) == "-1m30s"


@given(st.timedeltas(timedelta(0), timedelta(days=365 * 200)))
def test_what_is_written_reads_back(duration: timedelta) -> None:
    rounded = timedelta(milliseconds=round(duration / timedelta(milliseconds=1)))
    assert durations.parse(durations.format(rounded)) == rounded
