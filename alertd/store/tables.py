"""What each method of the SQLite store does inside its transaction: values to rows and back."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Any, Generic, TypeVar

from alertd.core.alerts import Alert, Transition
from alertd.core.delivery import Delivery
from alertd.core.flapping import Spell, spell
from alertd.core.history import Entry, Seen, What
from alertd.core.silences import Silence
from alertd.errors import StoreError
from alertd.ports import Snapshot
from alertd.store import codec, queries
from alertd.store.codec import from_column, from_micros, to_column, to_micros
from alertd.store.deliveries import delivery_of

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
        "deliveries", queries.TOLD, lambda row: delivery_of(row, decoder).remembered, queries.DELETE_DELIVERY_ROW
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


def silence(db: Connection, silences: Sequence[Silence]) -> None:
    rows = [(to_column(one.id), to_micros(one.ends_at), codec.encode_silence(one)) for one in silences]
    db.executemany(queries.WRITE_SILENCE, rows)


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


_SILENCES = _Kept("silences", queries.SILENCES, lambda row: codec.decode_silence(row[0]), queries.DELETE_SILENCE_ROW)
