"""When alertd is well, and what is said when it is not."""

from datetime import timedelta

import pytest

from alertd.core.delivery import Retry, Sent
from alertd.core.rules import Rule, RuleGroup
from alertd.events import GroupEvaluated, Kind, Trouble
from alertd.telemetry.vitals import Vitals
from alertd.testing import ManualClock

from .happenings import NOON, refused, tried

MINUTE = timedelta(minutes=1)
FAST = RuleGroup("fast", "f.yml", (Rule("A", "up"),), interval=timedelta(seconds=15))
SLOW = RuleGroup("slow", "f.yml", (Rule("B", "up"),), interval=timedelta(hours=1))
BOTH = (FAST, SLOW)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def vitals(clock: ManualClock) -> Vitals:
    return Vitals(clock)


def evaluated(group: RuleGroup) -> GroupEvaluated:
    return GroupEvaluated(group, NOON, 0.1, timedelta(0))


def test_a_new_daemon_is_well_until_its_groups_are_overdue(clock: ManualClock, vitals: Vitals) -> None:
    assert vitals.ailments(BOTH, 0) == ()
    clock.advance(MINUTE)
    assert vitals.ailments(BOTH, 0) == ()
    clock.advance(timedelta(seconds=31))
    assert vitals.ailments(BOTH, 0) == ("not evaluated in time: fast",)
    vitals.notice(evaluated(FAST))
    assert vitals.ailments(BOTH, 0) == ()
    clock.advance(timedelta(hours=2, minutes=1))
    assert vitals.ailments(BOTH, 0) == ("not evaluated in time: fast, slow",)


def test_many_are_counted(clock: ManualClock, vitals: Vitals) -> None:
    groups = [RuleGroup(str(number), "f.yml", (Rule("A", "up"),), interval=MINUTE) for number in range(9)]
    vitals.ailments(groups, 0)
    clock.advance(timedelta(hours=1))
    assert vitals.ailments(groups, 0) == ("not evaluated in time: 0, 1, 2 and 6 more",)


def test_a_group_that_comes_with_a_reload_is_given_time(clock: ManualClock, vitals: Vitals) -> None:
    vitals.ailments((SLOW,), 0)
    clock.advance(timedelta(minutes=30))
    assert vitals.ailments(BOTH, 0) == ()


def test_a_clock_set_back_does_not_hide_a_group(clock: ManualClock, vitals: Vitals) -> None:
    vitals.notice(evaluated(FAST))
    clock.set(NOON - timedelta(days=1))
    vitals.ailments((FAST,), 0)
    clock.advance(timedelta(minutes=2))
    assert vitals.ailments((FAST,), 0) == ("not evaluated in time: fast",)


def test_nobody_accepts(clock: ManualClock, vitals: Vitals) -> None:
    for _ in range(6):
        clock.advance(MINUTE)
        vitals.notice(refused())
        found = vitals.ailments((), 3)
    assert found == ("3 messages wait, and nobody accepts any",)
    vitals.notice(tried(Sent(NOON)))
    assert vitals.ailments((), 2) == ()


def test_while_others_accept_they_are_told_of_the_one_that_does_not(clock: ManualClock, vitals: Vitals) -> None:
    for _ in range(20):
        clock.advance(MINUTE)
        vitals.notice(tried(Retry(NOON, "503"), "broken"))
        vitals.notice(tried(Sent(NOON), "sound"))
        assert vitals.ailments((), 1) == ()


def test_nothing_is_tried(clock: ManualClock, vitals: Vitals) -> None:
    clock.advance(timedelta(hours=1))
    vitals.ailments((), 0)
    vitals.notice(tried(Sent(NOON)))
    clock.advance(timedelta(minutes=6))
    assert vitals.ailments((), 2) == ("2 messages wait, and none is tried",)
    assert vitals.ailments((), 0) == ()
    assert vitals.ailments((), 2) == ()


def test_a_state_that_cannot_be_written(clock: ManualClock, vitals: Vitals) -> None:
    vitals.notice(Trouble("the clock jumped", "", Kind.CLOCK))
    assert vitals.ailments((), 0) == ()
    vitals.notice(Trouble("the state could not be written", "disk full", Kind.STATE))
    assert vitals.ailments((), 0) == ("the state could not be written",)
    clock.advance(MINUTE)
    assert vitals.ailments((), 0) == ()
