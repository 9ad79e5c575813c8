"""A delivery: a notification on its way to one integration, and what becomes of it after each attempt.

    pending ──send──▶ sent
       │ ▲  └─refused─▶ dead ──replay──▶ pending
       │ └──retry, backoff with jitter
       └──a newer one of the same group and integration──▶ superseded

A delivery without a notification (`silent`) only remembers what is told: nobody has to hear of it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid5

from alertd.core.notification import Notification
from alertd.core.severity import Severity
from alertd.core.told import Told, accepted
from alertd.errors import DeliveryError

_NAMESPACE = UUID("6f1c1b0e-5a0f-4f5e-9a35-3f7f3f6c2a11")
_BACKOFF = tuple(timedelta(seconds=seconds) for seconds in (1, 3, 10, 30, 60, 120, 300, 600, 900))
_JITTER = 0.25
_SOON = timedelta(minutes=1)  # a server that says "at once" is asked no sooner than with our own pause, up to this one
_MAX_AGE = {
    Severity.CRITICAL: timedelta(hours=24),
    Severity.ERROR: timedelta(hours=12),
    Severity.WARNING: timedelta(hours=6),
    Severity.INFO: timedelta(hours=1),
}


class Status(StrEnum):
    """Where a delivery is; see the picture above."""

    PENDING = "pending"
    SENT = "sent"
    SILENT = "silent"
    DEAD = "dead"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Delivery:
    """One outbox row. `at` is the instant of the flush; `told` is what is told once this one is accepted.

    `integration` is `receiver/type[index]`; `attempts` counts those that are over, also if nobody knows how they went;
    `error` is what the last one said. `trace` names the flush that decided it, to those who watch.
    """

    id: str
    group: str
    integration: str
    at: datetime
    told: Told
    notification: Notification | None = None
    status: Status = Status.PENDING
    attempts: int = 0
    next_at: datetime | None = None
    accepted_at: datetime | None = None
    error: str = ""
    trace: str = ""

    @property
    def urgency(self) -> Severity:
        """The severity of what it says: more urgent ones go first, and are tried for longer."""
        return self.notification.severity if self.notification else Severity.WARNING

    @property
    def told_now(self) -> Told:
        """What the integration has been told, given how far this delivery has come."""
        if self.accepted_at is None or self.notification is None:
            return self.told
        return accepted(self.told, self.notification, self.accepted_at)

    @property
    def remembered(self) -> "Delivery":
        """As a restart needs it: once it is accepted what it said is told, and nobody has to say it again."""
        return self if self.accepted_at is None else replace(self, told=self.told_now, notification=None)


def identify(group: str, integration: str, at: datetime, after: str = "") -> str:
    """The deterministic id of the delivery: the same decision made twice is the same delivery.

    `after` is the id of the delivery before it on the same line, so that two at one instant are two.
    """
    text = f"{group}\n{integration}\n{at.isoformat()}\n{after}"
    return str(uuid5(_NAMESPACE, text.encode("utf-8", "backslashreplace").decode()))


@dataclass(frozen=True, slots=True)
class Sent:
    """Accepted; `said` is what the other side answered."""

    at: datetime
    said: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """Not accepted; to be tried again at this instant."""

    at: datetime
    error: str


@dataclass(frozen=True, slots=True)
class Dead:
    """Given up: refused for good, or too old."""

    at: datetime
    error: str


Outcome = Sent | Retry | Dead


def refused(delivery: Delivery, error: DeliveryError, now: datetime) -> Retry | Dead:
    """What becomes of a delivery that was not accepted.

    A `Retry-After` is honoured as far as the age limit allows; jitter derives from the id, so a replay is exact.
    """
    if error.permanent:
        return Dead(now, str(error))
    again = now + _pause(delivery, error)
    if again > delivery.at + max_age(delivery):
        return Dead(now, f"given up after {delivery.attempts + 1} attempts: {error}")
    return Retry(again, str(error))


def _pause(delivery: Delivery, error: DeliveryError) -> timedelta:
    own = backoff(delivery.id, delivery.attempts)
    return own if error.retry_after is None else max(error.retry_after, min(own, _SOON))


def backoff(delivery_id: str, attempts: int) -> timedelta:
    """The pause after so many finished attempts, spread by ± 25 %."""
    pause = _BACKOFF[min(attempts, len(_BACKOFF) - 1)]
    share = int(uuid5(_NAMESPACE, f"{delivery_id} {attempts}").hex[:8], 16) / 0xFFFFFFFF
    return pause * (1 - _JITTER + 2 * _JITTER * share)


def max_age(delivery: Delivery) -> timedelta:
    """How long a delivery is tried, by the severity of what it says."""
    return _MAX_AGE[delivery.urgency]
