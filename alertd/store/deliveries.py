"""The outbox in rows: what is decided, claimed, given back and settled.

Whenever a statement runs, the writer's thread lets the event loop have its turn, and waits for its own. So what happens
to many deliveries at once is one statement, or a few.
"""

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import replace
from datetime import datetime
from sqlite3 import Connection
from types import MappingProxyType
from typing import Any

from alertd.core.delivery import Delivery, Outcome, Sent, Status
from alertd.core.labels import Labels
from alertd.core.severity import Severity
from alertd.errors import StoreError
from alertd.store import codec, queries
from alertd.store.bulk import among, insert
from alertd.store.codec import Encoder, from_column, from_micros, to_column, to_micros
from alertd.store.outbox import FOREVER, admitted, finished_at, needed_until, settled

Row = tuple[Any, ...]


def commit(
    db: Connection,
    deliveries: Sequence[Delivery],
    forgotten: Iterable[tuple[str, Labels]],
    known: MutableMapping[str, Delivery] | None = None,
) -> None:
    """`known` takes in what is new, so that `claim` need not decode it."""
    new = _unknown(db, deliveries)
    if new:
        _add(db, list(map(admitted, new)))
    if known is not None:
        known.update((delivery.id, delivery) for delivery in new)
    db.executemany(queries.DELETE_ALERT, [(to_column(rule), labels.key, True) for rule, labels in forgotten])


def _unknown(db: Connection, deliveries: Iterable[Delivery]) -> Sequence[Delivery]:
    """Those that are not there already, one an id."""
    found: dict[str, Delivery] = {}
    for delivery in deliveries:
        found.setdefault(delivery.id, delivery)
    for (there,) in among(db, queries.THERE, list(found)):
        found.pop(there, None)
    return list(found.values())


def _add(db: Connection, deliveries: Sequence[Delivery]) -> None:
    (last,) = db.execute(queries.NEWEST).fetchone()
    encoder, numbered = Encoder(), list(enumerate(deliveries, last + 1))
    insert(db, queries.ADD, (_row(seq, delivery) for seq, delivery in numbered))
    insert(db, queries.ADD_PAYLOADS, (_payload(seq, delivery, encoder) for seq, delivery in numbered))
    db.execute(queries.SUPERSEDE, (last,))
    if any(delivery.status is not Status.PENDING for delivery in deliveries):
        db.execute(queries.OUTDATE_SINCE, (last,))


def _row(seq: int, delivery: Delivery) -> Row:
    return (
        seq,
        delivery.id,
        to_column(delivery.group),
        to_column(delivery.integration),
        to_micros(delivery.at),
        str(delivery.status),
        delivery.attempts,
        _micros(delivery.next_at),
        _micros(delivery.accepted_at),
        _micros(finished_at(delivery)),
        to_micros(needed_until(delivery.told)),
        to_column(delivery.error),
        delivery.urgency,
        delivery.trace,
    )


def _payload(seq: int, delivery: Delivery, encoder: Encoder) -> Row:
    return seq, delivery.notification and encoder.notification(delivery.notification), codec.encode_told(delivery.told)


def claim(
    db: Connection,
    integration: str,
    now: datetime,
    until: datetime,
    limit: int,
    known: Mapping[str, Delivery] = MappingProxyType({}),
) -> Sequence[Delivery]:
    name = to_column(integration)
    _release(db, name, to_micros(now))
    rows: list[Row] = []
    for urgency in reversed(Severity):
        if len(rows) < limit:
            rows += db.execute(queries.CLAIM, (name, urgency, to_micros(now), limit - len(rows)))
    among(db, queries.LEASE, [seq for seq, *_ in rows], to_micros(until))
    return [_claimed(db, row, known.get(row[1])) for row in rows]


def _claimed(db: Connection, row: Row, known: Delivery | None) -> Delivery:
    seq, id_, group, integration, at, status, attempts, next_at, accepted_at, error, trace = row
    if known is None:
        payload = db.execute(queries.PAYLOAD, (seq,)).fetchone()
        whole = id_, group, integration, at, status, attempts, next_at, accepted_at, error, *payload, trace
        return delivery_of(whole, codec.Decoder())
    if attempts == known.attempts and next_at == _micros(known.next_at):  # as it was decided
        return known
    return replace(
        known,
        status=Status(status),
        attempts=attempts,
        next_at=_instant(next_at),
        accepted_at=_instant(accepted_at),
        error=from_column(error),
    )


def release_all(db: Connection) -> None:
    """End every lease: whoever held one is gone."""
    for (integration,) in db.execute(queries.LEASED_INTEGRATIONS).fetchall():
        _release(db, integration, to_micros(FOREVER))


def _release(db: Connection, integration: codec.Text, now: int) -> None:
    db.execute(queries.SUPERSEDE_EXPIRED, (integration, now))
    db.execute(queries.RELEASE_EXPIRED, (integration, now))


def give_back(db: Connection, deliveries: Sequence[Delivery]) -> None:
    ids = [delivery.id for delivery in deliveries]
    among(db, queries.SUPERSEDE_GIVEN_BACK, ids)
    among(db, queries.GIVE_BACK, ids)


def send_all(db: Connection, settlements: Sequence[tuple[Delivery, Outcome]]) -> Sequence[Delivery]:
    """What becomes of deliveries that were all sent and are simply under way, as nearly all in a storm.

    Raises StoreError, and what is written is to be rolled back, if one of them is not.
    """
    sent = [(delivery, outcome) for delivery, outcome in settlements if isinstance(outcome, Sent)]
    rows = ((delivery.id, delivery.attempts + 1, to_micros(outcome.at)) for delivery, outcome in sent)
    if len(sent) < len(settlements) or insert(db, queries.SEND, rows) < len(sent):
        raise StoreError("these deliveries have to be settled one by one")
    among(db, queries.OUTDATE_BEFORE, [delivery.id for delivery, _ in sent])
    return [settled(delivery, outcome, obsolete=False) for delivery, outcome in sent]


def settle(db: Connection, delivery: Delivery, outcome: Outcome) -> Delivery:
    found = db.execute(queries.FIND, (delivery.id,)).fetchone()
    if found is None:
        raise StoreError(f"delivery {delivery.id} is not in the outbox, so its outcome cannot be written")
    *row, newer, older = found
    after = _settle(db, (*row, newer), delivery, outcome)
    if after.status is Status.SENT and (newer or older):
        names = {"grp": to_column(delivery.group), "integration": to_column(delivery.integration)}
        db.execute(queries.OUTDATE, names)
    return after


def _settle(db: Connection, found: tuple[int, str, int, int], delivery: Delivery, outcome: Outcome) -> Delivery:
    seq, status, current, newer = found
    if status != Status.PENDING and not isinstance(outcome, Sent):
        return replace(delivery, status=Status(status), next_at=None)
    after = settled(delivery, outcome, obsolete=bool(newer))
    row = (
        str(after.status),
        after.status is not Status.SUPERSEDED,
        after.attempts,
        _micros(after.next_at),
        _micros(after.accepted_at),
        _micros(finished_at(after, outcome)),
        to_column(after.error),
        seq,
    )
    db.execute(queries.SETTLE, row)
    if after.status is Status.SENT and not current:
        db.execute(queries.ADD_PAYLOAD, _payload(seq, delivery, Encoder()))
    return after


def _micros(at: datetime | None) -> int | None:
    return None if at is None else to_micros(at)


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def delivery_of(row: Row, decoder: codec.Decoder) -> Delivery:
    id_, group, integration, at, status, attempts, next_at, accepted_at, error, notification, told, trace = row
    return Delivery(
        id=id_,
        group=from_column(group),
        integration=from_column(integration),
        at=from_micros(at),
        told=decoder.told(told),
        notification=None if notification is None else decoder.notification(notification),
        status=Status(status),
        attempts=attempts,
        next_at=_instant(next_at),
        accepted_at=_instant(accepted_at),
        error=from_column(error),
        trace=trace,
    )
