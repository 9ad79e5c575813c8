"""What each method of the SQLite store does inside its transaction: values to rows and back."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from sqlite3 import Connection
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from alertd.core.alerts import Alert, Transition
from alertd.core.delivery import Delivery, Outcome, Sent, Status
from alertd.core.flapping import Spell, spell
from alertd.core.history import Entry, Seen, What
from alertd.core.labels import Labels
from alertd.core.severity import Severity
from alertd.core.silences import Silence
from alertd.errors import StoreError
from alertd.ports import Snapshot
from alertd.store import codec, queries
from alertd.store.codec import Encoder, from_column, from_micros, to_column, to_micros
from alertd.store.outbox import FOREVER, admitted, finished_at, needed_until, settled

T = TypeVar("T")
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1) // _MICROSECOND


def load(db: Connection) -> Snapshot:
    """Everything; rows that cannot be read are deleted, so that one of them does not keep the others from going on."""
    alive_at = db.execute(queries.ALIVE_AT).fetchone()
    damage: list[str] = []
    decoder = codec.Decoder()
    return Snapshot(
        alerts=tuple(_readable(db, _alerts(decoder), damage)),
        told=tuple(_readable(db, _told(decoder), damage)),
        alive_at=from_micros(alive_at[0]) if alive_at else None,
        silences=tuple(_readable(db, _SILENCES, damage)),
        damage=tuple(damage),
        spells=tuple(_spell(row) for row in db.execute(queries.SPELLS, (_DAY,))),
    )


@dataclass(frozen=True)
class _Kept(Generic[T]):
    """Rows that hold a value each, after their number."""

    name: str
    query: str
    decode: Callable[[tuple[Any, ...]], T]
    delete: str


def _readable(db: Connection, kept: _Kept[T], damage: list[str]) -> Iterator[T]:
    bad: list[tuple[int]] = []
    for number, *row in db.execute(kept.query):
        try:
            yield kept.decode(tuple(row))
        except (StoreError, ValueError) as error:
            damage.append(f"{kept.name}, row {number}: {error}")
            bad.append((number,))
    db.executemany(kept.delete, bad)


def _alerts(decoder: codec.Decoder) -> _Kept[Alert]:
    return _Kept("alerts", queries.ALERTS, lambda row: decoder.alert(row[0]), queries.DELETE_ALERT_ROW)


def _told(decoder: codec.Decoder) -> _Kept[Delivery]:
    """What was accepted is let go row by row: a message has all that is known of its alerts once more."""
    return _Kept(
        "deliveries", queries.TOLD, lambda row: _delivery(row, decoder).remembered, queries.DELETE_DELIVERY_ROW
    )


def record(db: Connection, transitions: Sequence[Transition]) -> None:
    """In order, so that of two transitions of one alert the later one stands."""
    for transition in transitions:
        after, before = transition.after, transition.before
        if before and (after is None or after.resolved):
            db.execute(queries.DELETE_ALERT, (to_column(before.rule), before.labels.key, False))
        if after:
            row = (to_column(after.rule), after.labels.key, after.resolved, codec.encode_alert(after))
            db.execute(queries.WRITE_ALERT, row)
        if over := spell(transition):
            what = (to_column(over.labels), to_micros(over.began), to_micros(over.ended), over.posted)
            db.execute(queries.WRITE_SPELL, what)


def _spell(row: tuple[Any, ...]) -> Spell:
    labels, began, ended, posted = row
    return Spell(from_column(labels), from_micros(began), from_micros(ended), posted=bool(posted))


def commit(
    db: Connection,
    deliveries: Sequence[Delivery],
    forgotten: Collection[tuple[str, Labels]],
    known: MutableMapping[str, Delivery] | None = None,
) -> None:
    """`known` takes in what is new, so that `claim` need not decode it."""
    encoder = Encoder()
    for delivery in deliveries:
        if _add(db, admitted(delivery), encoder) and known is not None:
            known[delivery.id] = delivery
    db.executemany(queries.DELETE_ALERT, [(to_column(rule), labels.key, True) for rule, labels in forgotten])


def _add(db: Connection, delivery: Delivery, encoder: Encoder) -> bool:
    """False if it was there already."""
    group, integration = to_column(delivery.group), to_column(delivery.integration)
    row = (
        delivery.id,
        group,
        integration,
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
    cursor = db.execute(queries.ADD, row)
    if not cursor.rowcount or cursor.lastrowid is None:
        return False
    seq = cursor.lastrowid
    _add_payload(db, seq, delivery, encoder)
    db.execute(queries.SUPERSEDE, (group, integration, seq))
    if delivery.status is not Status.PENDING:
        db.execute(queries.OUTDATE, {"grp": group, "integration": integration})
    return True


def _add_payload(db: Connection, seq: int, delivery: Delivery, encoder: Encoder) -> None:
    notification = delivery.notification and encoder.notification(delivery.notification)
    db.execute(queries.ADD_PAYLOAD, (seq, notification, codec.encode_told(delivery.told)))


def silence(db: Connection, silences: Sequence[Silence]) -> None:
    rows = [(to_column(one.id), to_micros(one.ends_at), codec.encode_silence(one)) for one in silences]
    db.executemany(queries.WRITE_SILENCE, rows)


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
    claimed: list[Delivery] = []
    for urgency in reversed(Severity):
        due = (name, urgency, to_micros(now), limit - len(claimed))
        claimed += [_claimed(row, known.get(row[0])) for row in db.execute(queries.CLAIM, due)]
    db.executemany(queries.LEASE, [(to_micros(until), delivery.id) for delivery in claimed])
    return claimed


def _claimed(row: tuple[Any, ...], known: Delivery | None) -> Delivery:
    if known is None:
        return _delivery(row, codec.Decoder())
    _, _, _, _, status, attempts, next_at, accepted_at, error, *_ = row
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
    ids = [(delivery.id,) for delivery in deliveries]
    db.executemany(queries.SUPERSEDE_GIVEN_BACK, ids)
    db.executemany(queries.GIVE_BACK, ids)


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
        _add_payload(db, seq, delivery, Encoder())
    return after


def shift(db: Connection, by: timedelta) -> None:
    for query in (queries.SHIFT_WAITING, queries.SHIFT_LEASED):
        db.execute(query, {"by": by // _MICROSECOND})


def due(db: Connection) -> Mapping[str, datetime]:
    earliest: dict[str, datetime] = {}
    for integration, micros in db.execute(queries.DUE):
        if micros is not None:
            name, at = from_column(integration), from_micros(micros)
            earliest[name] = min(at, earliest.get(name, at))
    return earliest


def counts(db: Connection) -> Mapping[str, int]:
    return Counter(dict(db.execute(queries.COUNTS)))


def prune(db: Connection, before: datetime, limit: int) -> int:
    """Delete at most `limit` rows, so that nobody waits long for the writer; return how many. Gives room back, too."""
    what = {"before": to_micros(before), "limit": limit}
    pruned = sum(
        db.execute(query, what).rowcount for query in (queries.PRUNE, queries.PRUNE_SILENCES, queries.PRUNE_SPELLS)
    )
    (free,) = db.execute(queries.FREE_PAGES).fetchone()
    for _ in range(min(free, limit)):
        db.execute(queries.SHRINK)  # a page a call: the sqlite3 module steps a statement without columns only once
    return pruned


def touch(db: Connection, now: datetime) -> None:
    db.execute(queries.TOUCH, (to_micros(now),))


def remember(db: Connection, entries: Sequence[Entry], seen: Sequence[Seen]) -> None:
    texts = {id(one.facts): one.facts for one in entries}  # in a storm very many have the same
    encoded = {key: codec.encode_facts(facts) for key, facts in texts.items()}
    rows = [(to_micros(one.at), to_column(one.subject), one.what, encoded[id(one.facts)]) for one in entries]
    db.executemany(queries.REMEMBER, rows)
    alerts = [
        (one.labels.key, _name(one), to_column(one.rule), to_micros(one.at), codec.encode_labels(one.labels))
        for one in seen
    ]
    db.executemany(queries.REMEMBER_ALERT, alerts)


def recall(db: Connection, subjects: Collection[str], since: datetime, until: datetime, limit: int) -> Sequence[Entry]:
    rows: list[tuple[Any, ...]] = []
    for subject in subjects:
        wanted = (to_column(subject), to_micros(since), to_micros(until), limit)
        rows += db.execute(queries.RECALL, wanted).fetchall()
    rows.sort(key=lambda row: (row[1], row[0]))
    return [
        Entry(from_micros(at), from_column(subject), What(what), codec.decode_facts(facts))
        for _, at, subject, what, facts in rows
    ]


def seen(db: Connection, name: str | None, limit: int) -> Sequence[Seen]:
    if name is None:
        rows = db.execute(queries.SEEN, (limit,))
    else:
        rows = db.execute(queries.SEEN_BY_NAME, (to_column(name), limit))
    return [Seen(codec.decode_labels(body), from_column(rule), from_micros(at)) for rule, at, body in rows]


def forget(db: Connection, before: datetime, rows: int, limit: int) -> int:
    forgotten = db.execute(queries.FORGET, {"before": to_micros(before), "rows": rows, "limit": limit}).rowcount
    oldest = db.execute(queries.OLDEST).fetchone()
    end = oldest[0] if oldest else to_micros(before)
    db.execute(queries.FORGET_ALERTS, {"before": end, "limit": limit})
    return forgotten


def _name(seen: Seen) -> codec.Text:
    return to_column(seen.labels.get("alertname", ""))


def _micros(at: datetime | None) -> int | None:
    return None if at is None else to_micros(at)


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def _delivery(row: tuple[Any, ...], decoder: codec.Decoder) -> Delivery:
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


_PRUNES = (queries.PRUNE, queries.PRUNE_SILENCES, queries.PRUNE_SPELLS)
_SILENCES = _Kept("silences", queries.SILENCES, lambda row: codec.decode_silence(row[0]), queries.DELETE_SILENCE_ROW)
