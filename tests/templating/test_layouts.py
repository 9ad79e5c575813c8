"""Go's time layouts, both ways, and the text of durations."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from alertd.templating.layouts import format_time, parse_time
from alertd.templating.times import Duration

MOMENT = datetime(2024, 3, 5, 7, 8, 9, 120_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("2006-01-02T15:04:05Z07:00", "2024-03-05T07:08:09Z"),
        ("Mon Monday Jan January 1 2 _2 002 __2 06", "Tue Tuesday Mar March 3 5  5 065  65 24"),
        ("3 03 4 5 PM pm", "7 07 8 9 AM am"),
        (".000 ,000000 .999 .00x .0005", ".120 ,120000 .12 .12x .0009"),
        ("-0700 -07:00 -07 Z0700 MST -07:00:00", "+0000 +00:00 +00 Z UTC +00:00:00"),
        ("Janu Mond _2006 plain", "Janu Mond _2024 plain"),
    ],
)
def test_format(layout: str, expected: str) -> None:
    assert format_time(MOMENT, layout) == expected


def test_format_in_zones() -> None:
    layout = "15:04 -0700 MST"
    assert format_time(MOMENT.astimezone(ZoneInfo("Europe/Berlin")), layout) == "08:08 +0100 CET"
    assert format_time(MOMENT.astimezone(timezone(timedelta(hours=-3, minutes=-30))), layout) == "03:38 -0330 -0330"


@pytest.mark.parametrize(
    ("layout", "text", "expected"),
    [
        ("2006-01-02", "2024-02-29", datetime(2024, 2, 29, tzinfo=UTC)),
        ("2006-01-02T15:04:05Z07:00", "2024-03-05T07:08:09.12Z", MOMENT),
        ("Jan _2 2006 3:04PM", "Mar  5 2024 7:08PM", datetime(2024, 3, 5, 19, 8, tzinfo=UTC)),
        ("02 January 06 -0700", "05 March 70 +0200", datetime(1970, 3, 4, 22, tzinfo=UTC)),
        ("2006 002", "2024 065", datetime(2024, 3, 5, tzinfo=UTC)),
    ],
)
def test_parse(layout: str, text: str, expected: datetime) -> None:
    assert parse_time(layout, text) == expected


@pytest.mark.parametrize(("layout", "text"), [("2006-01-02", "2024-02-30"), ("2006", "x"), ("15:04", "25:00")])
def test_parse_refuses(layout: str, text: str) -> None:
    with pytest.raises(ValueError):
        parse_time(layout, text)


@pytest.mark.parametrize(
    ("nanoseconds", "expected"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1_500, "1.5µs"),
        (2_000_000, "2ms"),
        (1_000_000_000, "1s"),
        (-90_500_000_000, "-1m30.5s"),
        (3_600_000_000_000, "1h0m0s"),
        (2**63 - 1, "2562047h47m16.854775807s"),
    ],
)
def test_durations(nanoseconds: int, expected: str) -> None:
    assert Duration(nanoseconds).go_string() == expected
