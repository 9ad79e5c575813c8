"""time_intervals: what is read becomes the core's spans, and what makes no sense is refused with advice."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from alertd.core.intervals import DAY, Span

INTERVAL = "time_intervals: [{name: n, time_intervals: [%s]}]"
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("{}", Span(zone=UTC)),
        ("{location: Europe/Berlin}", Span(zone=BERLIN)),
        ("{location: Local}", Span(zone=None)),
        ("{location: ''}", Span(zone=UTC)),
        ("{times: [{start_time: '00:00', end_time: '24:00'}]}", Span(times=((0, DAY),), zone=UTC)),
        ("{times: [{start_time: '09:30', end_time: '10:05'}]}", Span(times=((570, 605),), zone=UTC)),
        ("{times: []}", Span(times=(), zone=UTC)),
        ("{times: null}", Span(zone=UTC)),
        ("{weekdays: ['sunday', 'Monday:friday']}", Span(weekdays=((0, 0), (1, 5)), zone=UTC)),
        ("{days_of_month: ['1:5', '-3:-1', -1, '20:-1', 31]}",
         Span(days=((1, 5), (-3, -1), (-1, -1), (20, -1), (31, 31)), zone=UTC)),
        ("{months: ['january:march', 'MAY', 6, '11:december']}",
         Span(months=((1, 3), (5, 5), (6, 6), (11, 12)), zone=UTC)),
        ("{years: ['2026:2028', 2030]}", Span(years=((2026, 2028), (2030, 2030)), zone=UTC)),
        ("{years: ['2026'], months: ['1'], location: UTC}", Span(months=((1, 1),), years=((2026, 2026),), zone=UTC)),
    ],
)  # fmt: skip
def test_spans(config, text: str, span: Span) -> None:
    found = config(INTERVAL % text)
    assert found.intervals == {"n": (span,)}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{weekdays: ['saturday:sunday']}", "not a range"),
        ("{weekdays: [mon]}", "'mon' is not a name like monday"),
        ("{weekdays: ['saturdy:sunday']}", "'saturdy' is not a name like monday (did you mean \"saturday\"?)"),
        ("{weekdays: ['1:5']}", "'1' is not"),
        ("{weekdays: ['monday:']}", "'' is not"),
        ("{weekdays: ['monday:tuesday:friday']}", "not a range"),
        ("{weekdays: monday}", "expected a list"),
        ("{weekdays: [[monday]]}", "expected text"),
        ("{days_of_month: ['-3:5']}", "not a range"),
        ("{days_of_month: ['-1:-3']}", "not a range"),
        ("{days_of_month: ['28:-1']}", "not a range"),  # in February there would be none
        ("{days_of_month: ['0']}", "'0' is not between 1 and 31"),
        ("{days_of_month: ['-32']}", "'-32' is not between 1 and 31"),
        ("{days_of_month: [first]}", "'first' is not between 1 and 31"),
        ("{months: ['december:january']}", "not a range"),
        ("{months: [januar]}", "'januar' is not a name like february"),
        ("{months: ['0:5']}", "'0' is not between 1 and 12"),
        ("{months: [-1]}", "'-1' is not between 1 and 12"),
        ("{years: ['2026:2025']}", "not a range"),
        ("{years: ['26th']}", "'26th' is not between 1 and 9999"),
        ("{location: Europe/Belrin}", "unknown time zone 'Europe/Belrin': did you mean \"Europe/Berlin\"?"),
        ("{location: ../../etc/passwd}", "unknown time zone"),
        ("{location: Europe}", "unknown time zone 'Europe'"),
        ("{location: Nowhere}", "unknown time zone 'Nowhere'"),
        ("{times: [{start_time: '24:00', end_time: '24:00'}]}", "before end_time"),
        ("{times: [{start_time: '9:00', end_time: '10:00'}]}", "not a time of day: '9:00'"),
        ("{times: [{start_time: '09:00'}]}", 'the key "end_time" is missing'),
        ("{time: []}", 'unknown key "time"'),
    ],
)
def test_mistakes(said, text: str, why: str) -> None:
    found = said(INTERVAL % text)
    assert [why in problem for problem in found] == [True], found


def test_the_older_name_of_the_section_is_read_too(config) -> None:
    found = config("""\
        route: {receiver: a, routes: [{mute_time_intervals: [old], active_time_intervals: [new]}]}
        receivers: [{name: a}]
        time_intervals: [{name: new, time_intervals: [{}, {years: ['2026']}]}]
        mute_time_intervals: [{name: old}]
        """)
    assert {name: len(spans) for name, spans in found.intervals.items()} == {"new": 2, "old": 0}


def test_a_name_stands_for_one_interval(said) -> None:
    (found,) = said("time_intervals: [{name: n}]\nmute_time_intervals: [{name: n}]")
    assert 'two time intervals are named "n"' in found


def test_a_route_that_names_a_bad_interval_is_not_to_blame(said) -> None:
    (found,) = said("""\
        route: {receiver: a, routes: [{mute_time_intervals: [n], active_time_intervals: [m]}]}
        receivers: [{name: a}]
        time_intervals: [{name: n, time_intervals: [{weekdays: [mon]}]}]
        """)
    assert "'mon' is not" in found
