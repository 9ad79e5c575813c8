"""The state machine, case by case: what an evaluation makes of one alert."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import nan

import pytest

from alertd.core.alerts import Alert, State
from alertd.core.instantiate import Instance
from alertd.core.labels import Labels
from alertd.core.lifecycle import advance, ended, failed, resumed
from alertd.core.rules import OnTrouble, Rule

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
A, B = Labels({"alertname": "X", "job": "a"}), Labels({"alertname": "X", "job": "b"})


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def alert(state: State, *, active: float = 10, fired: float | None = None, missing: float | None = None) -> Alert:
    """An alert that became active, fired, went missing so many minutes ago."""
    return Alert(
        rule=Rule("X", "x").key,
        labels=A,
        state=state,
        active_at=NOW - minutes(active),
        fired_at=None if fired is None else NOW - minutes(fired),
        missing_since=None if missing is None else NOW - minutes(missing),
    )


PENDING, FIRING = State.PENDING, State.FIRING
TRUE = Instance(A, {"summary": "new"}, 7.0)

# rule's for, keep_firing_for (minutes); the alert before; is the condition true; the state after (None: no alert)
CASES = [
    (0, 0, None, True, FIRING),
    (5, 0, None, True, PENDING),
    (5, 0, None, False, None),
    (5, 0, alert(PENDING, active=4.9), True, PENDING),
    (5, 0, alert(PENDING, active=5), True, FIRING),
    (5, 0, alert(PENDING, active=4), False, None),
    (5, 0, alert(FIRING, fired=5), True, FIRING),
    (5, 0, alert(FIRING, fired=5), False, State.RESOLVED),
    (30, 0, alert(FIRING, active=10, fired=5), True, FIRING),  # `for` was raised by a reload: no false resolve
    (0, 3, alert(FIRING, fired=5), False, FIRING),
    (0, 3, alert(FIRING, fired=5, missing=2.9), False, FIRING),
    (0, 3, alert(FIRING, fired=5, missing=3), False, State.RESOLVED),
    (0, 3, alert(FIRING, fired=5, missing=2), True, FIRING),
    (5, 3, alert(PENDING, active=4), False, None),
]


@pytest.mark.parametrize(("for_", "keep", "before", "true", "after"), CASES)
def test_one_alert(for_: float, keep: float, before: Alert | None, true: bool, after: State | None) -> None:
    rule = Rule("X", "x", for_=minutes(for_), keep_firing_for=minutes(keep))
    step = advance(rule, {A: before} if before else {}, [TRUE] if true else [], NOW)
    resolved = [move.after for move in step.transitions if move.after and move.after.resolved]
    found = step.alerts.get(A) or (resolved[0] if resolved else None)
    assert (found.state if found else None) is after


def test_firing_at_once_is_never_seen_pending() -> None:
    step = advance(Rule("X", "x"), {}, [TRUE], NOW)
    (move,) = step.transitions
    assert move.before is None
    assert move.after == step.alerts[A]
    assert step.alerts[A].fired_at == step.alerts[A].active_at == NOW


def test_value_and_annotations_are_refreshed_without_a_transition() -> None:
    before = alert(FIRING, fired=5)
    step = advance(Rule("X", "x"), {A: before}, [TRUE], NOW)
    assert step.transitions == ()
    assert (step.alerts[A].value, step.alerts[A].annotations) == (7.0, {"summary": "new"})
    assert (step.alerts[A].active_at, step.alerts[A].fired_at) == (before.active_at, before.fired_at)


@pytest.mark.parametrize(
    ("before", "now", "same"),
    [(0.0, -0.0, False), (-0.0, 0.0, False), (0.0, 0.0, True), (nan, nan, True), (nan, 0.0, False)],
)
def test_a_value_is_refreshed_if_people_see_another(before: float, now: float, same: bool) -> None:
    old = replace(alert(FIRING, fired=5), value=before)
    step = advance(Rule("X", "x"), {A: old}, [Instance(A, {}, now)], NOW)
    assert (step.alerts[A] is old) is same
    assert repr(step.alerts[A].value) == repr(now)


def test_missing_keeps_the_last_text_and_is_worth_a_write_both_ways() -> None:
    rule = Rule("X", "x", keep_firing_for=minutes(3))
    gone = advance(rule, {A: alert(FIRING, fired=5)}, [], NOW)
    assert gone.alerts[A].missing_since == NOW
    assert [move.after for move in gone.transitions] == [gone.alerts[A]]
    back = advance(rule, gone.alerts, [TRUE], NOW + minutes(1))
    assert back.alerts[A].missing_since is None
    assert len(back.transitions) == 1


def test_limit_lets_nothing_new_in_and_lets_the_old_go_on() -> None:
    rule = Rule("X", "x")
    step = advance(rule, {A: alert(FIRING, fired=5)}, [TRUE, Instance(B, {}, 1.0)], NOW, limit=1)
    assert list(step.alerts) == [A]
    assert "limit of 1 alerts exceeded by 2" in step.error
    step = advance(rule, {A: alert(FIRING, fired=5)}, [Instance(B, {}, 1.0)], NOW, limit=1)
    assert (list(step.alerts), step.error) == ([B], "")


@pytest.mark.parametrize(
    ("on_error", "states"),
    [
        (OnTrouble.HOLD, {A: FIRING}),
        (OnTrouble.RESOLVE, {}),
        (OnTrouble.FIRE, {A: FIRING, Labels({"alertname": "X"}): FIRING}),
    ],
)
def test_a_failed_query(on_error: OnTrouble, states: dict[Labels, State]) -> None:
    stand_in = Instance(Labels({"alertname": "X"}), {}, 0.0)
    step = failed(Rule("X", "x", on_error=on_error), {A: alert(FIRING, fired=5)}, [stand_in], NOW)
    assert {labels: one.state for labels, one in step.alerts.items()} == states


def test_alerts_of_a_lost_rule_end_and_say_why() -> None:
    firing, pending = ended([alert(FIRING, fired=5), alert(PENDING)], "rule removed", NOW)
    assert firing.after is not None
    assert (firing.after.state, firing.after.resolved_at, firing.after.because) == (State.RESOLVED, NOW, "rule removed")
    assert pending.after is None


@pytest.mark.parametrize(
    ("state", "downtime", "waited"),
    [(PENDING, 1, 11), (PENDING, 20, 10), (PENDING, 60, 10), (PENDING, 61, 0), (FIRING, 600, 610)],
)
def test_after_a_restart(state: State, downtime: float, waited: float) -> None:
    before = alert(state, active=downtime + 10)
    after = resumed(before, minutes(downtime), minutes(60), NOW)
    assert NOW - after.active_at == minutes(waited)
    assert after.state is state
