"""Groups: when they are due, and what becomes of alerts with the same labels."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alertd.core.alerts import Alert, State
from alertd.core.groups import Group, collapse, group_key
from alertd.core.labels import Labels
from alertd.core.matchers import parse
from alertd.core.routes import Route

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROUTE = Route("{}", "ops", group_wait=timedelta(seconds=30), group_interval=timedelta(minutes=5))


def alert(rule: str = "r", state: State = State.FIRING, since: datetime = NOW, **labels: str) -> Alert:
    resolved_at = since + timedelta(minutes=1) if state is State.RESOLVED else None
    return Alert(rule, Labels(labels), state, since, fired_at=since, resolved_at=resolved_at)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


@pytest.mark.parametrize(("fired", "due"), [(0, 30), (-10, 20), (-60, 0)])
def test_a_new_group_waits_group_wait_after_its_alert_began(fired: float, due: float) -> None:
    group = Group(ROUTE, Labels())
    group.insert(alert(since=NOW + seconds(fired)), NOW)
    assert group.due_at == NOW + seconds(due)


@pytest.mark.parametrize(("after", "tick"), [(1, 300), (300, 300), (301, 600), (599, 600), (3000, 3000)])
def test_a_flushed_group_looks_at_the_next_tick(after: float, tick: float) -> None:
    group = Group(ROUTE, Labels(), flushed_at=NOW)
    group.insert(alert(), NOW + seconds(after))
    assert group.due_at == NOW + seconds(tick)


def test_the_earliest_instant_wins() -> None:
    group = Group(ROUTE, Labels())
    for offset in (50, 20, 90):
        group.look_at(NOW + seconds(offset))
    group.look_at(None)
    assert group.due_at == NOW + seconds(20)


def test_a_flush_that_lies_ahead_was_written_before_the_clock_was_set_back() -> None:
    group = Group(ROUTE, Labels(), flushed_at=NOW + seconds(9000))
    assert group.next_tick(NOW) == NOW


def test_the_key_is_alertmanagers() -> None:
    assert group_key(ROUTE, Labels({"b": "2", "a": 'x"y\n'})) == r'{}:{a="x\"y\n", b="2"}'


def test_one_alert_a_label_set_firing_before_resolved_and_the_earliest_first() -> None:
    older = alert("r2", since=NOW - seconds(60), x="1")
    ended = alert("r3", State.RESOLVED, x="1")
    assert collapse([ended, alert("r1", x="1"), older]) == (older,)
    later = replace(ended, rule="r4", resolved_at=NOW + seconds(600))
    assert collapse([later, ended]) == (later,)


def test_alerts_are_sorted_by_job_and_instance_first() -> None:
    mixed = [
        alert(job="b", instance="1"),
        alert(job="a", instance="2"),
        alert(job="a", instance="1", z="9"),
        alert(aa="1"),
    ]
    shown = [dict(one.labels) for one in collapse(mixed)]
    assert shown == [
        {"aa": "1"},
        {"instance": "1", "job": "a", "z": "9"},
        {"instance": "2", "job": "a"},
        {"instance": "1", "job": "b"},
    ]


@pytest.mark.parametrize(
    ("group_by", "labels", "matchers", "may"),
    [
        (("job",), {"job": "a"}, 'job="a"', True),
        (("job",), {"job": "a"}, 'job="b"', False),
        (("job",), {"job": "a"}, 'instance="b"', True),
        (("job",), {"job": "a"}, 'instance="b",job!="a"', False),
        (("job",), {}, 'job="a"', False),
        (("job",), {}, 'job=""', True),
        ((), {}, 'job="a"', True),
        (None, {"job": "a"}, 'instance="b"', False),
        (None, {"job": "a"}, 'job=~"a|b"', True),
    ],
)
def test_the_labels_of_a_group_may_rule_its_members_out(
    group_by: tuple[str, ...] | None, labels: dict[str, str], matchers: str, may: bool
) -> None:
    assert Group(replace(ROUTE, group_by=group_by), Labels(labels)).may_hold(parse(matchers)) is may
