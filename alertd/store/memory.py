"""A store that forgets when the process ends, for tests and `storage: memory`; otherwise it is as the SQLite one."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alertd.core.alerts import Alert, Transition
from alertd.core.delivery import Delivery, Outcome, Sent, Status
from alertd.core.flapping import Spell, spell
from alertd.core.history import Entry, Seen
from alertd.core.labels import Labels
from alertd.core.silences import Silence
from alertd.core.told import NOTHING
from alertd.errors import StoreError
from alertd.ports import Snapshot
from alertd.store.outbox import LIVE, SPOKEN, admitted, finished_at, needed_until, settled

_DAY = timedelta(days=1)


@dataclass(slots=True, eq=False)
class _Row:
    """`current`: it is, or may become, what was last told; a row that is not has lost its payload."""

    seq: int
    delivery: Delivery
    lease_until: datetime | None = None
    finished_at: datetime | None = None
    current: bool = True

    @property
    def waiting(self) -> bool:
        return self.delivery.status is Status.PENDING and self.lease_until is None

    def drop(self) -> None:
        self.current = False
        self.delivery = replace(self.delivery, notification=None, told=NOTHING)

    def supersede(self) -> None:
        self.delivery = replace(self.delivery, status=Status.SUPERSEDED, next_at=None)
        self.lease_until, self.finished_at = None, self.delivery.at
        self.drop()


class MemoryStore:
    """The Store port over dictionaries."""

    def __init__(self) -> None:
        self._alerts: dict[tuple[str, Labels], Alert] = {}
        self._ended: dict[tuple[str, Labels], Alert] = {}
        self._rows: dict[str, _Row] = {}
        self._groups: dict[tuple[str, str], list[_Row]] = {}
        self._silences: dict[str, Silence] = {}
        self._spells: list[Spell] = []
        self._alive_at: datetime | None = None
        self._seq = 0
        self._history: list[tuple[int, Entry]] = []
        self._seen: dict[str, Seen] = {}  # by Labels.key

    async def load(self) -> Snapshot:
        told = (row for rows in self._groups.values() for row in _told(rows))
        rows = sorted(told, key=lambda row: row.seq)
        return Snapshot(
            alerts=(*self._alerts.values(), *self._ended.values()),
            told=tuple(row.delivery.remembered for row in rows),
            alive_at=self._alive_at,
            silences=tuple(self._silences.values()),
            spells=tuple(one for one in self._spells if self._alive_at is None or one.ended > self._alive_at - _DAY),
        )

    async def record(self, transitions: Sequence[Transition]) -> None:
        for transition in transitions:
            if transition.before:
                self._alerts.pop(transition.before.id, None)
            if transition.after:
                kept = self._ended if transition.after.resolved else self._alerts
                kept[transition.after.id] = transition.after
            if over := spell(transition):
                self._spells.append(over)

    async def commit(self, deliveries: Sequence[Delivery], forgotten: Collection[tuple[str, Labels]]) -> None:
        for delivery in deliveries:
            if delivery.id not in self._rows:
                self._add(admitted(delivery))
        for alert in forgotten:
            self._ended.pop(alert, None)

    def _add(self, delivery: Delivery) -> None:
        self._seq += 1
        rows = self._siblings(delivery)
        for row in rows:
            if row.waiting or row.delivery.status is Status.DEAD:
                row.supersede()
        row = self._rows[delivery.id] = _Row(self._seq, delivery, finished_at=finished_at(delivery))
        rows.append(row)
        _outdate(rows)

    async def silence(self, silences: Sequence[Silence]) -> None:
        self._silences |= {silence.id: silence for silence in silences}

    async def claim(self, integration: str, now: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        self._release(integration, now)
        due = (row for row in self._rows.values() if row.waiting and row.delivery.integration == integration)
        ready = sorted(
            (-row.delivery.urgency, at, row.seq, row)
            for row in due
            if (at := row.delivery.next_at) and at <= now and not self._under_way(row.delivery)
        )
        for *_, row in ready[:limit]:
            row.lease_until = until
        return [row.delivery for *_, row in ready[:limit]]

    def _release(self, integration: str, now: datetime) -> None:
        for row in self._rows.values():
            if row.delivery.integration != integration or row.lease_until is None or row.lease_until > now:
                continue
            row.lease_until = None
            row.delivery = replace(row.delivery, attempts=row.delivery.attempts + 1)
            if self._obsolete(row):
                row.supersede()

    async def give_back(self, deliveries: Sequence[Delivery]) -> None:
        for row in [self._rows[one.id] for one in deliveries if one.id in self._rows]:
            row.lease_until = None
            if row.delivery.status is Status.PENDING and self._obsolete(row):
                row.supersede()

    async def settle(self, delivery: Delivery, outcome: Outcome) -> Delivery:
        row = self._rows.get(delivery.id)
        if row is None:
            raise StoreError(f"delivery {delivery.id} is not in the outbox, so its outcome cannot be written")
        if row.delivery.status is not Status.PENDING and not isinstance(outcome, Sent):
            return replace(delivery, status=row.delivery.status, next_at=None)
        after = settled(delivery, outcome, obsolete=self._obsolete(row))
        row.delivery, row.lease_until, row.finished_at = after, None, finished_at(after, outcome)
        row.current = True
        if after.status is Status.SUPERSEDED:
            row.drop()
        _outdate(self._siblings(delivery))
        return after

    async def shift(self, by: timedelta) -> None:
        for row in self._rows.values():
            at, lease = row.delivery.next_at, row.lease_until
            if row.delivery.status is Status.PENDING:
                row.delivery = replace(row.delivery, next_at=at and at + by)
                row.lease_until = lease and lease + by

    async def due(self) -> Mapping[str, datetime]:
        earliest: dict[str, datetime] = {}
        for row in self._rows.values():
            name, at = row.delivery.integration, row.lease_until or row.delivery.next_at
            if at is None or (row.waiting and self._under_way(row.delivery)):
                continue
            earliest[name] = min(at, earliest.get(name, at))
        return earliest

    async def counts(self) -> Mapping[str, int]:
        return Counter(str(row.delivery.status) for row in self._rows.values())

    async def prune(self, before: datetime) -> int:
        old = [row for row in self._rows.values() if row.finished_at and row.finished_at < before]
        gone = [row for row in old if not _needed(row, before)]
        for row in gone:
            del self._rows[row.delivery.id]
            self._siblings(row.delivery).remove(row)
        self._groups = {key: rows for key, rows in self._groups.items() if rows}
        over = [silence.id for silence in self._silences.values() if silence.ends_at < before]
        for silence_id in over:
            del self._silences[silence_id]
        spells = [one for one in self._spells if one.ended >= before]
        forgotten, self._spells = len(self._spells) - len(spells), spells
        return len(gone) + len(over) + forgotten

    async def touch(self, now: datetime) -> None:
        self._alive_at = now

    async def remember(self, entries: Sequence[Entry], seen: Sequence[Seen]) -> None:
        first = self._history[-1][0] + 1 if self._history else 1
        self._history += enumerate(entries, first)
        self._seen |= {one.labels.key: one for one in seen}

    async def recall(self, subjects: Collection[str], since: datetime, until: datetime, limit: int) -> Sequence[Entry]:
        rows: list[tuple[int, Entry]] = []
        for subject in dict.fromkeys(subjects):
            found = [row for row in self._history if row[1].subject == subject and since <= row[1].at <= until]
            rows += sorted(found, key=_place)[-limit:] if limit else []
        return [entry for _, entry in sorted(rows, key=_place)]

    async def seen(self, name: str | None, limit: int) -> Sequence[Seen]:
        found = [one for one in self._seen.values() if name is None or one.labels.get("alertname", "") == name]
        return sorted(found, key=lambda one: (one.at, one.labels.key), reverse=True)[:limit]

    async def forget(self, before: datetime, rows: int, limit: int) -> int:
        newest = self._history[-1][0] if self._history else 0
        oldest, rest = self._history[:limit], self._history[limit:]
        kept = [(seq, entry) for seq, entry in oldest if entry.at >= before and seq > newest - rows]
        self._history = kept + rest
        end = self._history[0][1].at if self._history else before
        gone = sorted((one.at, key) for key, one in self._seen.items() if one.at < end)
        for _, key in gone[:limit]:
            del self._seen[key]
        return len(oldest) - len(kept)

    async def close(self) -> None:
        """Nothing to let go of."""

    def _siblings(self, delivery: Delivery) -> list[_Row]:
        return self._groups.setdefault((delivery.group, delivery.integration), [])

    def _under_way(self, delivery: Delivery) -> bool:
        return any(row.lease_until for row in self._siblings(delivery))

    def _obsolete(self, row: _Row) -> bool:
        return any(other.seq > row.seq for other in self._siblings(row.delivery) if other.current)


def _place(row: tuple[int, Entry]) -> tuple[datetime, int]:
    return row[1].at, row[0]


def _told(rows: Sequence[_Row]) -> Iterable[_Row]:
    """What was last told, and the newer one that is to be told."""
    newest = {_newest(rows, SPOKEN), _newest(rows, LIVE)}
    return (row for row in newest if row)


def _newest(rows: Iterable[_Row], statuses: Collection[Status]) -> _Row | None:
    fitting = [row for row in rows if row.current and row.delivery.status in statuses]
    return fitting[-1] if fitting else None


def _outdate(rows: Iterable[_Row]) -> None:
    """Drop the payload of what has been spoken over: it can never again be what was last told."""
    newest = _newest(rows, SPOKEN)
    for row in rows:
        if newest and row.seq < newest.seq and row.current and row.delivery.status in SPOKEN:
            row.drop()


def _needed(row: _Row, before: datetime) -> bool:
    return row.current and row.delivery.status in SPOKEN and needed_until(row.delivery.told) > before
