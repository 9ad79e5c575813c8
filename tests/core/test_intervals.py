"""Time intervals: fields, ranges, the ends of months, time zones and the hours that summer time skips or repeats."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from alertd.core.intervals import DAY, Calendar, Span
from alertd.core.routes import Route

BERLIN, NEW_YORK, KATHMANDU = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Kathmandu")
NIGHT = ((2 * 60, 3 * 60),)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("span", "inside", "outside"),
    [
        (Span(), ["2026-01-01 00:00", "1999-12-31 23:59:59"], []),
        (
            Span(times=((540, 1020),)),
            ["2026-01-01 09:00", "2026-01-01 16:59:59.9"],
            ["2026-01-01 08:59", "2026-01-01 17:00"],
        ),
        (
            Span(times=((0, 60), (1380, DAY))),
            ["2026-01-01 00:00", "2026-01-01 23:59:59"],
            ["2026-01-01 01:00", "2026-01-01 22:59"],
        ),
        (Span(times=()), [], ["2026-01-01 09:00"]),
        (Span(weekdays=((1, 5),)), ["2026-11-02 00:00", "2026-11-06 23:59"], ["2026-11-01 12:00", "2026-11-07 12:00"]),
        (Span(weekdays=((0, 0), (6, 6))), ["2026-11-01 12:00", "2026-11-07 12:00"], ["2026-11-02 00:00"]),
        (Span(days=((1, 5),)), ["2026-02-01 00:00", "2026-02-05 23:59"], ["2026-02-06 00:00", "2026-02-28 00:00"]),
        (
            Span(days=((-3, -1),)),
            ["2026-02-26 00:00", "2026-02-28 12:00", "2024-02-29 12:00"],
            ["2026-02-25 23:59", "2024-02-26 12:00"],
        ),
        (Span(days=((29, 31),)), ["2026-01-29 12:00", "2024-02-29 12:00"], ["2026-02-28 12:00", "2026-03-01 12:00"]),
        (Span(days=((31, 31),)), ["2026-01-31 12:00"], ["2026-04-30 12:00", "2026-05-01 12:00"]),
        (Span(days=((25, -1),)), ["2026-02-25 12:00", "2026-02-28 12:00"], ["2026-02-24 12:00"]),
        (Span(days=((-31, -29),)), ["2026-01-01 12:00", "2026-01-03 12:00"], ["2026-01-04 12:00", "2026-02-01 12:00"]),
        (Span(days=((-31, -27),)), ["2026-02-02 12:00", "2026-02-01 12:00"], ["2026-02-03 12:00"]),
        (Span(months=((1, 3), (12, 12))), ["2026-03-31 23:59", "2026-12-01 00:00"], ["2026-04-01 00:00"]),
        (
            Span(years=((2024, 2026),)),
            ["2024-01-01 00:00", "2026-12-31 23:59"],
            ["2023-12-31 23:59", "2027-01-01 00:00"],
        ),
        (
            Span(times=((540, 600),), weekdays=((1, 1),), months=((11, 11),)),
            ["2026-11-02 09:30"],
            ["2026-11-03 09:30", "2026-11-02 10:00", "2026-12-07 09:30"],
        ),
        (
            Span(times=((540, 600),), zone=KATHMANDU),
            ["2026-11-02 03:15", "2026-11-02 04:14"],
            ["2026-11-02 03:14", "2026-11-02 04:15"],
        ),
        (Span(weekdays=((1, 1),), zone=NEW_YORK), ["2026-11-03 04:59"], ["2026-11-02 04:59", "2026-11-03 05:00"]),
        (Span(years=((2027, 2027),), zone=KATHMANDU), ["2026-12-31 18:15"], ["2026-12-31 18:14"]),
        # Summer time: 02:00-03:00 is skipped in spring, and comes twice in autumn.
        (
            Span(times=NIGHT, zone=BERLIN),
            ["2026-03-28 01:30"],
            ["2026-03-29 00:59", "2026-03-29 01:00", "2026-03-29 01:30"],
        ),
        (
            Span(times=NIGHT, zone=BERLIN),
            ["2026-10-25 00:00", "2026-10-25 00:59", "2026-10-25 01:00", "2026-10-25 01:59"],
            ["2026-10-24 23:59", "2026-10-25 02:00"],
        ),
        (
            Span(times=((540, 1020),), zone=BERLIN),
            ["2026-03-27 08:00", "2026-03-30 07:00"],
            ["2026-03-27 07:59", "2026-03-30 15:00"],
        ),
        (Span(times=((540, 1020),), zone=NEW_YORK), ["2026-10-30 13:00", "2026-11-02 14:00"], ["2026-11-02 13:59"]),
    ],
)
def test_contains(span: Span, inside: list[str], outside: list[str]) -> None:
    span = span if span.zone else Span(span.times, span.weekdays, span.days, span.months, span.years, UTC)
    assert [text for text in inside if not span.contains(at(text))] == []
    assert [text for text in outside if span.contains(at(text))] == []


def test_without_a_zone_it_is_that_of_the_machine() -> None:
    local = at("2026-06-01 12:30").astimezone()
    minute = local.hour * 60 + local.minute
    assert Span(times=((minute, minute + 1),)).contains(at("2026-06-01 12:30"))
    assert not Span(times=((minute + 1, DAY),)).contains(at("2026-06-01 12:30"))


WORK = Span(times=((540, 1020),), zone=UTC)
WEEKEND = Span(weekdays=((0, 0), (6, 6)), zone=UTC)
CALENDAR = Calendar({"work": [WORK], "weekend": [WEEKEND], "any": [WORK, WEEKEND], "none": []})
SUNDAY, MONDAY, NIGHTLY = at("2026-11-01 12:00"), at("2026-11-02 12:00"), at("2026-11-02 03:00")


@pytest.mark.parametrize(
    ("mute", "active", "now", "verdict"),
    [
        ((), (), MONDAY, ((), ())),
        (("work",), (), MONDAY, (("work",), ())),
        (("work",), (), NIGHTLY, ((), ())),
        (("work", "none", "any"), (), MONDAY, (("work", "any"), ())),
        ((), ("work",), MONDAY, ((), ())),
        ((), ("work",), NIGHTLY, ((), ("work",))),
        ((), ("weekend", "work"), MONDAY, ((), ())),
        ((), ("weekend", "work"), NIGHTLY, ((), ("weekend", "work"))),
        ((), ("none",), MONDAY, ((), ("none",))),
        (("weekend",), ("weekend",), SUNDAY, (("weekend",), ())),
        (("any",), ("weekend",), MONDAY, (("any",), ("weekend",))),
        (("unheard of",), (), MONDAY, ((), ())),
    ],
)
def test_routes(mute: tuple[str, ...], active: tuple[str, ...], now: datetime, verdict: object) -> None:
    route = Route("{}", "ops", mute_time_intervals=mute, active_time_intervals=active)
    assert CALENDAR.muting(route, now) == verdict
    assert CALENDAR.muting(route, now) == verdict, "asked again"
