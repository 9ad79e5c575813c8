"""What becomes of a delivery that was refused, and how it is called."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import pytest

from alertd.core.delivery import Dead, Delivery, Retry, backoff, identify, refused
from alertd.core.labels import Labels
from alertd.core.notification import Notification, NotifiedAlert, Reason
from alertd.core.told import Told
from alertd.errors import DeliveryError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def delivery(severity: str = "warning", attempts: int = 0) -> Delivery:
    alert = NotifiedAlert(Labels({"severity": severity}), {}, NOW)
    notification = Notification("id", "ops", "ops/webhook[0]", Reason.FIRST, NOW, (alert,))
    return Delivery("id", "g", "ops/webhook[0]", NOW, Told(), notification, attempts=attempts)


def test_permanent_is_dead_at_once() -> None:
    assert refused(delivery(), DeliveryError("404", permanent=True), NOW) == Dead(NOW, "404")


def test_retry_after_is_honoured() -> None:
    outcome = refused(delivery(), DeliveryError("429", retry_after=timedelta(minutes=7)), NOW)
    assert outcome == Retry(NOW + timedelta(minutes=7), "429")


def test_a_retry_at_once_is_not_taken_literally() -> None:
    pauses = []
    for attempts in range(12):
        outcome = refused(delivery(attempts=attempts), DeliveryError("429", retry_after=timedelta(0)), NOW)
        assert isinstance(outcome, Retry)
        pauses.append((outcome.at - NOW).total_seconds())
    assert min(pauses) > 0.7
    assert max(pauses) == 60


def test_backoff_grows_and_is_the_same_every_time() -> None:
    pauses = [backoff("id", attempts).total_seconds() for attempts in range(12)]
    assert pauses == [backoff("id", attempts).total_seconds() for attempts in range(12)]
    assert pauses[0] < 1.3
    assert all(0.75 * 900 <= pause <= 1.25 * 900 for pause in pauses[8:])
    assert backoff("id", 5) != backoff("other", 5)


@pytest.mark.parametrize(
    ("severity", "hours"), [("info", 1), ("warning", 6), ("page", 6), ("error", 12), ("critical", 24)]
)
def test_the_more_severe_is_tried_the_longer(severity: str, hours: float) -> None:
    one = delivery(severity, attempts=9)
    error = DeliveryError("503", retry_after=timedelta(minutes=1))
    assert isinstance(refused(one, error, NOW + timedelta(hours=hours, minutes=-2)), Retry)
    assert isinstance(refused(one, error, NOW + timedelta(hours=hours)), Dead)


@pytest.mark.parametrize("group", ["g", '{}:{id="7"}', "ü\ud800"])
def test_the_id_is_a_uuid_that_others_can_make(group: str) -> None:
    name = f"{group}\ni\n2026-01-01T00:00:00+00:00\n".encode("utf-8", "backslashreplace").decode()
    assert identify(group, "i", NOW) == str(uuid5(UUID("6f1c1b0e-5a0f-4f5e-9a35-3f7f3f6c2a11"), name))


def test_the_same_decision_has_the_same_id() -> None:
    assert identify("g", "i", NOW) == identify("g", "i", NOW)
    assert (
        len(
            {
                identify("g", "i", NOW),
                identify("h", "i", NOW),
                identify("g", "j", NOW),
                identify("g", "i", NOW + timedelta(microseconds=1)),
            }
        )
        == 4
    )


def test_what_was_accepted_is_remembered_as_told() -> None:
    waiting = delivery()
    assert waiting.remembered is waiting
    sent = replace(waiting, accepted_at=NOW)
    assert sent.remembered.notification is None
    assert sent.remembered.told_now == sent.told_now
