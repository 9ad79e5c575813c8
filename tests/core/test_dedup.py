"""Deduplication, question by question: one alert, one integration, what has been told, and what is said now."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alertd.core.alerts import Alert, State
from alertd.core.dedup import Line, decide, next_look
from alertd.core.delivery import Delivery
from alertd.core.labels import Labels
from alertd.core.notification import Notification, Reason, notified
from alertd.core.receivers import Integration
from alertd.core.routes import Route
from alertd.core.told import Cooling, Told, incident, mark

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
OPS, QUIET = Integration("ops/webhook[0]", "ops"), Integration("ops/email[0]", "ops", send_resolved=False)
ROUTE = Route("{}", "ops", repeat_interval=timedelta(hours=4))
A = Labels({"alertname": "A", "severity": "warning"})


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def firing(labels: Labels = A, since: float = 10, cooldown: float = 0) -> Alert:
    at = NOW - minutes(since)
    return Alert("r", labels, State.FIRING, at, fired_at=at, cooldown=minutes(cooldown) or None)


def ended(labels: Labels = A, since: float = 10) -> Alert:
    return replace(firing(labels, since), state=State.RESOLVED, resolved_at=NOW - minutes(1))


def told(*alerts: Alert, ago: float | None = 5, muted: bool = False) -> Told:
    """Told that these fire, so many minutes ago (None: the message was not accepted)."""
    at = None if ago is None else NOW - minutes(ago)
    return Told(at, {one.labels.key: replace(mark(one), told_at=at, muted=muted) for one in alerts})


def cooling(*alerts: Alert, left: float) -> Told:
    """Nothing open, but the incidents of these cool for so many minutes."""
    return Told(NOW, {}, {incident(one.labels): Cooling(NOW + minutes(left), one.severity) for one in alerts})


B = Labels({"alertname": "B"})
CRITICAL = A.merged({"severity": "critical"})

# audible alerts, muted alerts, what has been told, the reason (None: nothing is said), what is open then
CASES = {
    "new": ([firing()], [], Told(), Reason.FIRST, {A}),
    "known": ([firing()], [], told(firing()), None, {A}),
    "another": ([firing(), firing(B)], [], told(firing()), Reason.NEW_ALERTS, {A, B}),
    "all ended": ([ended()], [], told(firing()), Reason.ALL_RESOLVED, set()),
    "one ended": ([ended(), firing(B)], [], told(firing(), firing(B)), Reason.SOME_RESOLVED, {B}),
    "ended, never told": ([ended()], [], Told(), None, set()),
    "fired again unseen": ([firing(since=2)], [], told(firing(since=10)), Reason.NEW_ALERTS, {A}),
    "repeat": ([firing()], [], told(firing(), ago=240), Reason.REPEAT, {A}),
    "not yet repeat": ([firing()], [], told(firing(), ago=239), None, {A}),
    "muted": ([], [firing()], Told(), None, set()),
    "muted after": ([], [firing()], told(firing()), None, {A}),
    "no longer muted": ([firing()], [], told(firing(), muted=True), Reason.UNMUTED, {A}),
    "ended while muted": ([], [ended()], told(firing()), None, {A}),
    "ended, then heard": ([ended()], [], told(firing(), muted=True), Reason.ALL_RESOLVED, set()),
    "cooling": ([firing(since=2, cooldown=60)], [], cooling(firing(), left=1), None, set()),
    "cooled": ([firing(since=2, cooldown=60)], [], cooling(firing(), left=0), Reason.COOLDOWN_OVER, {A}),
    "cooled long ago": ([firing(since=2, cooldown=60)], [], cooling(firing(), left=-5), Reason.FIRST, {A}),
    "severity rose": ([firing(CRITICAL, 2, cooldown=60)], [], cooling(firing(), left=9), Reason.FIRST, {CRITICAL}),
    "severity fell": ([firing(since=2, cooldown=60)], [], cooling(firing(CRITICAL), left=9), None, set()),
    "cooling, listed": ([firing(since=2, cooldown=60), firing(B)], [], cooling(firing(), left=9), Reason.FIRST, {A, B}),
}


@pytest.mark.parametrize("case", CASES)
def test_decide(case: str) -> None:
    audible, muted, before, reason, opened = CASES[case]
    decision = decide(audible, muted, Line(before, cooling=before.cooling), ROUTE, OPS, NOW)
    assert decision.reason is reason
    assert set(decision.told.open) == {labels.key for labels in opened}


def test_a_cooldown_written_by_a_clock_that_was_ahead_does_not_count() -> None:
    before = cooling(firing(), left=500)
    decision = decide([firing(since=2, cooldown=60)], [], Line(before, cooling=before.cooling), ROUTE, OPS, NOW)
    assert decision.reason is not None


def test_so_does_a_telling() -> None:
    assert decide([firing()], [], Line(told(firing(), ago=-300)), ROUTE, OPS, NOW).reason is Reason.REPEAT


@pytest.mark.parametrize(
    ("before", "reason", "closing"),
    [(told(firing()), None, 0), (told(firing(), ago=None), Reason.ALL_RESOLVED, 1)],
)
def test_without_send_resolved_only_what_nobody_heard_of_is_closed(
    before: Told, reason: Reason | None, closing: int
) -> None:
    decision = decide([ended()], [], Line(before), ROUTE, QUIET, NOW)
    assert (decision.reason, len(decision.closing)) == (reason, closing)
    assert decision.told.open == {}


def waiting(*alerts: Alert) -> Delivery:
    """A message about these that its receiver has not accepted."""
    message = Notification("1", "ops", OPS.id, Reason.FIRST, NOW, tuple(notified(one) for one in alerts))
    return Delivery("1", "g", OPS.id, NOW, told(*(one for one in alerts if one.firing), ago=None), message)


def test_a_waiting_message_that_still_says_the_truth_is_left_alone() -> None:
    decision = decide([firing()], [], Line(Told(), waiting(firing())), ROUTE, OPS, NOW)
    assert decision.repeats(waiting(firing()))


@pytest.mark.parametrize("now_true", [[firing(), firing(B)], [ended()], [firing(since=1)]])
def test_a_waiting_message_that_is_no_longer_true_is_replaced(now_true: list[Alert]) -> None:
    decision = decide(now_true, [], Line(Told(), waiting(firing())), ROUTE, OPS, NOW)
    assert decision.reason
    assert not decision.repeats(waiting(firing()))


RESTLESS = replace(firing(), flapping="5 changes")


@pytest.mark.parametrize(("waits", "true"), [(RESTLESS, firing()), (firing(), RESTLESS)])
def test_a_waiting_message_is_replaced_when_the_alert_begins_to_flap_or_calms(waits: Alert, true: Alert) -> None:
    decision = decide([true], [], Line(Told(), waiting(waits)), ROUTE, OPS, NOW)
    assert decision.reason
    assert not decision.repeats(waiting(waits))
    assert decision.repeats(waiting(true))


def test_what_ended_before_anybody_heard_is_belated() -> None:
    decision = decide([ended()], [], Line(Told(), waiting(firing())), ROUTE, OPS, NOW)
    assert (decision.reason, decision.belated) == (Reason.ALL_RESOLVED, True)


def test_an_end_that_waits_to_be_said_is_carried_over_into_the_next_message() -> None:
    line = Line(told(firing()), waiting(ended()))
    decision = decide([ended(), firing(B)], [], line, ROUTE, OPS, NOW)
    assert [one.labels for one in decision.closing] == [A]
    assert [one.labels for one in decision.firing] == [B]


@pytest.mark.parametrize(
    ("alert", "before", "route", "after"),
    [
        (firing(), told(firing(), ago=5), ROUTE, 235),
        (firing(), told(firing(), ago=5), replace(ROUTE, repeat_interval=None), 235),
        (firing(cooldown=60), told(firing(cooldown=60), ago=5), replace(ROUTE, repeat_interval=None), 55),
        (firing(since=2, cooldown=60), cooling(firing(), left=7), ROUTE, 7),
        (ended(), told(firing()), ROUTE, None),
        (firing(), told(firing(), ago=None), ROUTE, None),
    ],
)
def test_next_look(alert: Alert, before: Told, route: Route, after: float | None) -> None:
    assert next_look([alert], Line(before, cooling=before.cooling), route, NOW) == (
        None if after is None else NOW + minutes(after)
    )
