"""The rules of the outbox that every store shares, so that one store cannot mean something else than another."""

from dataclasses import replace
from datetime import UTC, datetime

from alertd.core.delivery import Dead, Delivery, Outcome, Retry, Sent, Status
from alertd.core.told import Told

LIVE = frozenset({Status.PENDING, Status.SENT, Status.SILENT})
SPOKEN = frozenset({Status.SENT, Status.SILENT})
FOREVER = datetime.max.replace(tzinfo=UTC)
LONG_AGO = datetime.min.replace(tzinfo=UTC)


def admitted(delivery: Delivery) -> Delivery:
    """The delivery as it enters the outbox: a pending one that does not say when is due at once."""
    if delivery.status is Status.PENDING and delivery.next_at is None:
        return replace(delivery, next_at=delivery.at)
    return delivery


def settled(delivery: Delivery, outcome: Outcome, *, obsolete: bool) -> Delivery:
    """What one attempt made of a delivery under way; `obsolete`: a newer one of its group and integration exists."""
    attempts = delivery.attempts + 1
    match outcome:
        case Sent(at):
            return replace(delivery, attempts=attempts, next_at=None, status=Status.SENT, accepted_at=at, error="")
        case Dead(_, error):
            return replace(delivery, attempts=attempts, next_at=None, status=Status.DEAD, error=error)
        case Retry(_, error) if obsolete:
            return replace(delivery, attempts=attempts, next_at=None, status=Status.SUPERSEDED, error=error)
        case Retry(at, error):
            return replace(delivery, attempts=attempts, next_at=at, status=Status.PENDING, error=error)


def finished_at(delivery: Delivery, outcome: Outcome | None = None) -> datetime | None:
    """From when the age of a finished row counts; None while it is pending. A superseded one ended when it began."""
    if delivery.status is Status.PENDING:
        return None
    return outcome.at if isinstance(outcome, Sent | Dead) else delivery.accepted_at or delivery.at


def needed_until(told: Told) -> datetime:
    """How long deduplication or a cooldown may depend on this: for ever while somebody believes an alert to fire."""
    if told.open:
        return FOREVER
    return max((cooling.until for cooling in told.cooling.values()), default=LONG_AGO)
