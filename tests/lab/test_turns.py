"""When the time intervals of a route turn: edges of the day, zones, summer time, and those that never do."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from alertd.core.intervals import DAY, Span
from alertd.core.routes import Route
from alertd.lab.turns import next_turn

BERLIN, KATHMANDU = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu")
INTERVALS = {
    "night": (Span(times=((0, 360),)),),
    "late": (Span(times=((1380, DAY),)),),
    "coffee": (Span(times=((613, 618),), weekdays=((1, 5),)),),
    "skipped": (Span(times=((120, 180),), zone=BERLIN),),
    "nepal": (Span(times=((540, 600),), zone=KATHMANDU),),
    "weekend": (Span(weekdays=((0, 0), (6, 6))),),
    "leap": (Span(months=((2, 2),), days=((29, 29),)),),
    "always": (Span(),),
    "never": (),
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("mute", "active", "now", "turn"),
    [
        (["night"], [], "2026-01-01 03:00:01", "2026-01-01 06:00"),
        (["night"], [], "2026-01-01 06:00", "2026-01-02 00:00"),
        (["night", "late"], [], "2026-01-01 23:30", "2026-01-02 06:00"),
        (["coffee"], [], "2026-01-02 11:00", "2026-01-05 10:13"),
        (["coffee"], [], "2026-01-05 10:13", "2026-01-05 10:18"),
        (["skipped"], [], "2026-03-28 12:00", "2026-03-30 00:00"),
        (["nepal"], [], "2026-01-01 00:00", "2026-01-01 03:15"),
        ([], ["weekend"], "2026-11-21 12:00", "2026-11-23 00:00"),
        ([], ["weekend"], "2026-11-23 00:00", "2026-11-28 00:00"),
        (["night"], ["weekend"], "2026-11-27 12:00", "2026-11-28 06:00"),
        (["leap"], [], "2027-06-01 12:00", "2028-02-29 00:00"),
        (["leap"], [], "2026-06-01 12:00", None),
        (["always"], [], "2026-06-01 12:00", None),
        (["never", "unknown"], [], "2026-06-01 12:00", None),
        ([], [], "2026-06-01 12:00", None),
    ],
)
def test_next_turn(mute: list[str], active: list[str], now: str, turn: str | None) -> None:
    route = Route("{}", "ops", mute_time_intervals=tuple(mute), active_time_intervals=tuple(active))
    assert next_turn(INTERVALS, route, at(now)) == (at(turn) if turn else None)
