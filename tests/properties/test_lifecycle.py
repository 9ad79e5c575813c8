"""Whatever happens to a condition, its alert moves only as the picture in core/lifecycle.py allows."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from alertd.core.alerts import Alert, State, Transition
from alertd.core.instantiate import Instance
from alertd.core.labels import Labels
from alertd.core.lifecycle import advance
from alertd.core.rules import Rule

START = datetime(2026, 1, 1, tzinfo=UTC)
LABELS = [Labels({"alertname": "X", "job": job}) for job in "abc"]
LEGAL = {
    (None, State.PENDING),
    (None, State.FIRING),
    (State.PENDING, State.FIRING),
    (State.PENDING, None),
    (State.FIRING, State.RESOLVED),
    (State.FIRING, State.FIRING),  # only `missing_since` changed
}

histories = st.lists(st.sets(st.sampled_from(LABELS)), max_size=40)
minutes = st.integers(0, 10).map(lambda count: timedelta(minutes=count))


def run(
    rule: Rule, history: list[set[Labels]], limit: int
) -> list[tuple[datetime, dict[Labels, Alert], tuple[Transition, ...]]]:
    alerts: dict[Labels, Alert] = {}
    told = []
    for index, true in enumerate(history):
        now = START + index * timedelta(minutes=1)
        step = advance(rule, alerts, [Instance(labels, {}, 1.0) for labels in sorted(true)], now, limit)
        alerts = dict(step.alerts)
        told.append((now, alerts, step.transitions))
    return told


@given(histories, minutes, minutes, st.integers(0, 3))
def test_only_legal_transitions(history: list[set[Labels]], for_: timedelta, keep: timedelta, limit: int) -> None:
    for _, _, transitions in run(Rule("X", "x", for_=for_, keep_firing_for=keep), history, limit):
        for move in transitions:
            states = (move.before and move.before.state, move.after and move.after.state)
            assert states in LEGAL


@given(histories, minutes, minutes, st.integers(0, 3))
def test_the_transitions_alone_tell_the_whole_story(
    history: list[set[Labels]], for_: timedelta, keep: timedelta, limit: int
) -> None:
    followed: dict[Labels, tuple[State, datetime]] = {}
    for _, alerts, transitions in run(Rule("X", "x", for_=for_, keep_firing_for=keep), history, limit):
        for move in transitions:
            labels = (move.after or move.before).labels
            followed.pop(labels, None)
            if move.after and not move.after.resolved:
                followed[labels] = (move.after.state, move.after.active_at)
        assert followed == {labels: (alert.state, alert.active_at) for labels, alert in alerts.items()}


@given(histories, minutes)
def test_what_was_true_for_long_enough_fires_and_nothing_else(history: list[set[Labels]], for_: timedelta) -> None:
    needed = for_ // timedelta(minutes=1) + 1
    streak = dict.fromkeys(LABELS, 0)
    steps = run(Rule("X", "x", for_=for_), history, 0)
    for true, (_, alerts, _) in zip(history, steps, strict=True):
        streak = {labels: streak[labels] + 1 if labels in true else 0 for labels in LABELS}
        firing = {labels for labels, alert in alerts.items() if alert.firing}
        assert firing == {labels for labels, length in streak.items() if length >= needed}
