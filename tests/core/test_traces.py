"""What caused what; and where nobody watches, everything is the same object as before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alertd.core.alerts import Alert, Posted, State, Transition
from alertd.core.dedup import Line
from alertd.core.delivery import Delivery
from alertd.core.flush import Flush, Verdict
from alertd.core.labels import Labels
from alertd.core.lifecycle import Advance
from alertd.core.notification import Notification, NotifiedAlert, Reason
from alertd.core.told import NOTHING
from alertd.core.traces import Causes, caused, causes, decided, posted

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def alert(name: str, minutes: int = 0, trace: str = "", state: State = State.FIRING) -> Alert:
    at = NOON + timedelta(minutes=minutes)
    return Alert("r", Labels({"alertname": name}), state, at, fired_at=at, trace=trace)


def flush(*alerts: Alert, reason: Reason | None = Reason.FIRST) -> Flush:
    verdicts = (Verdict("x", None, 0, 0, 0), Verdict("y", reason, 1, 0, 0))
    return Flush((), {}, verdicts, None, audible=alerts)


def test_what_changed_is_caused_and_what_did_not_is_left_alone() -> None:
    quiet, before = alert("quiet"), alert("a", state=State.PENDING)
    fired, ended = alert("a"), alert("b", state=State.RESOLVED)
    step = Advance({quiet.labels: quiet, fired.labels: fired}, (Transition(before, fired), Transition(quiet, ended)))
    found = caused(step, "t")
    assert found.alerts[quiet.labels] is quiet
    assert found.alerts[fired.labels] is found.transitions[0].after
    assert [move.after and move.after.trace for move in found.transitions] == ["t", "t"]
    assert ended.labels not in found.alerts


def test_nobody_watches() -> None:
    step, one = Advance({}, (Transition(None, alert("a")),)), flush(alert("a"))
    assert caused(step, "") is step
    assert decided(one, "") is one
    move = Transition(None, alert("a"))
    assert posted([move], "")[0] is move
    assert causes(one) == Causes()


def test_a_pending_alert_that_vanishes_has_nobody_to_remember_it() -> None:
    move = Transition(alert("a", state=State.PENDING), None)
    assert caused(Advance({}, (move,)), "t").transitions == (move,)


def test_what_is_said_again_keeps_its_cause() -> None:
    before = replace(alert("a", trace="first"), posted=Posted(NOON, NOON))
    again = replace(before, trace="")
    ended = replace(again, state=State.RESOLVED)
    found = posted([Transition(before, again), Transition(before, ended)], "second")
    assert [move.after and move.after.trace for move in found] == ["first", "second"]
    (unwatched,) = posted([Transition(before, again)], "")
    assert unwatched.after is not None
    assert unwatched.after.trace == "first"


def test_the_newest_change_is_the_parent_and_the_others_are_linked() -> None:
    some = [alert("a", 1, "old"), alert("b", 3, "new"), alert("c", 2, "mid"), alert("d", 0, "new"), alert("e", 9)]
    assert causes(flush(*some)) == Causes("new", ("mid", "old"))
    assert causes(flush(*some, reason=Reason.REPEAT)) == Causes("", ("new", "mid", "old"))


def test_a_line_waits_for_the_delivery_that_was_written() -> None:
    shown = NotifiedAlert(Labels(), {}, NOON)
    message = Notification("id", "team", "x", Reason.FIRST, NOON, (shown,), "g")
    loud = Delivery("id", "g", "x", NOON, NOTHING, message)
    silent = Delivery("id2", "g", "y", NOON, NOTHING)
    lines = {"x": Line().after(loud), "y": Line().after(silent)}
    found = decided(Flush((loud, silent), lines, (), None), "t")
    assert [one.trace for one in found.deliveries] == ["t", "t"]
    assert found.lines["x"].waiting is found.deliveries[0]
    assert found.lines["y"] is lines["y"]
