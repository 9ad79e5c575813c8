"""Deliveries for the tests of the stores."""

from datetime import UTC, datetime, timedelta

from alertd.core.delivery import Delivery, identify
from alertd.core.labels import Labels
from alertd.core.notification import Notification, NotifiedAlert, Reason
from alertd.core.severity import Severity
from alertd.core.told import NOTHING, Mark, Told

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOOK = "team/webhook[0]"
OPEN = Told(NOON, {"key": Mark(NOON, "incident", Severity.ERROR)})


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def delivery(
    minutes: float, group: str = "g", integration: str = HOOK, told: Told = NOTHING, summary: str = ""
) -> Delivery:
    at = after(minutes)
    id_ = identify(group, integration, at)
    alert = NotifiedAlert(Labels({"alertname": "JobDown"}), {"summary": summary}, NOON)
    notification = Notification(id_, "team", integration, Reason.FIRST, at, (alert,), group)
    return Delivery(id_, group, integration, at, told, notification, next_at=at)
