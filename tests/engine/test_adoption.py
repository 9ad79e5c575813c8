"""What a receiver may have heard, though its answer was lost, is not forgotten when other routes are loaded."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from alertd.core.alerts import Alert, State
from alertd.core.dedup import Line
from alertd.core.delivery import Delivery
from alertd.core.labels import Labels
from alertd.core.notification import Notification, Reason, notified
from alertd.core.receivers import Integration
from alertd.core.told import Told, mark
from alertd.engine.adoption import adopt
from alertd.engine.lines import Lines

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
OPS = Integration("ops/webhook[0]", "ops")
A, B, C = (Alert("r", Labels({"alertname": name}), State.FIRING, NOW, fired_at=NOW) for name in "ABC")
ALERTS = {one.labels.key: one for one in (A, B, C)}


def marks(*alerts: Alert) -> Told:
    """Nothing was accepted, and perhaps these were heard."""
    return Told(None, {one.labels.key: mark(one) for one in alerts})


def tried(*alerts: Alert) -> Line:
    """A line whose message about these was sent once; what became of it nobody knows."""
    message = Notification("1", "ops", OPS.id, Reason.FIRST, NOW, tuple(map(notified, alerts)))
    return Line(waiting=Delivery("1", "g", OPS.id, NOW, marks(*alerts), message, attempts=1), last="1")


def nowhere(_alert: Alert, _integration: str) -> Iterable[str]:
    return ()


def known(line: Line) -> set[str]:
    return {ALERTS[key].name for key in line.told.open}


def test_a_doubt_that_outlived_its_message_is_closed_with_its_route() -> None:
    orphans = {("g", OPS.id): Line(marks(A), last="2")}
    given, last = adopt(orphans, {}, ALERTS, nowhere, Lines(), {OPS.id: OPS}, NOW).deliveries
    assert given.notification is None
    assert last.notification
    assert [one.labels for one in last.notification.resolved] == [A.labels]
    assert last.notification.belated


def test_who_gives_an_alert_away_remembers_what_its_message_may_have_said_of_the_others() -> None:
    lines = Lines()
    lines.put({("g", OPS.id): tried(A, B), ("h", OPS.id): replace(tried(C), last="3")})
    moved = {("g", OPS.id): {B.labels.key}}
    after = adopt({}, moved, ALERTS, lambda *_: ["h"], lines, {OPS.id: OPS}, NOW).lines
    assert {group: known(line) for (group, _), line in after.items()} == {"g": {"A"}, "h": {"B", "C"}}
