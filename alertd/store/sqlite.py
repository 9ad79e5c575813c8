"""The default store: one SQLite file, durable against kill -9 and power cuts, without another service to run."""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from weakref import WeakValueDictionary

from alertd.core.alerts import Transition
from alertd.core.delivery import Delivery, Outcome
from alertd.core.history import Entry, Seen
from alertd.core.labels import Labels
from alertd.core.silences import Silence
from alertd.errors import StoreError
from alertd.ports import Snapshot
from alertd.store import deliveries as outbox
from alertd.store import tables
from alertd.store.faults import explain
from alertd.store.lock import Lock
from alertd.store.rescue import DamageError, check, refusal, set_aside
from alertd.store.schema import migrate
from alertd.store.together import Together
from alertd.store.writer import Writer

_SCHEME = "sqlite:///"
_PRUNED_AT_ONCE = 1000
_PRAGMAS = (
    "PRAGMA busy_timeout = 5000",
    "PRAGMA auto_vacuum = INCREMENTAL",  # only has an effect on a new file; lets `prune` give room back
    "PRAGMA synchronous = FULL",  # NORMAL may lose the last commits with the power
    "PRAGMA temp_store = MEMORY",  # a full /tmp must not stop the writer
    "PRAGMA cache_size = -2048",  # KiB; in a storm four times as much saves a few reads from the system's own cache
    "PRAGMA journal_size_limit = 67108864",
)


class SqliteStore:
    """The Store port over one SQLite database; `open` it, and `close` it when done."""

    def __init__(self, writer: Writer, lock: Lock, damage: str = "") -> None:
        self._writer, self._lock, self._damage = writer, lock, damage
        self._settling = Together(writer, lambda db, one: outbox.settle(db, *one), outbox.send_all)
        self._known = WeakValueDictionary[str, Delivery]()  # what waits is in somebody's memory anyway

    @classmethod
    def open(cls, url: str) -> "SqliteStore":
        """Open or create what `sqlite:///relative` or `sqlite:////absolute` names, for this process alone.

        A database of alertd's that is damaged is kept aside; `load` says so. Raises StoreError: another daemon has it,
        it cannot be read or written, it is none of ours, or a newer alertd wrote it.
        """
        path = located(url)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explain(error, path) from error
        lock = Lock(path.with_name(path.name + ".lock"))
        try:
            db, damage = _opened(path, ours=lock.ours)
            lock.vouch()
            return cls(Writer(db, path), lock, damage)
        except BaseException:
            lock.release()
            raise

    async def load(self) -> Snapshot:
        snapshot = await self._writer.run(tables.load)
        return replace(snapshot, damage=(self._damage, *snapshot.damage)) if self._damage else snapshot

    async def record(self, transitions: Sequence[Transition]) -> None:
        if work := tuple(transitions):
            await self._writer.run(lambda db: tables.record(db, work))

    async def commit(self, deliveries: Sequence[Delivery], forgotten: Collection[tuple[str, Labels]]) -> None:
        added, deleted = tuple(deliveries), tuple(forgotten)
        if added or deleted:
            await self._writer.run(lambda db: outbox.commit(db, added, deleted, self._known))

    async def silence(self, silences: Sequence[Silence]) -> None:
        if kept := tuple(silences):
            await self._writer.run(lambda db: tables.silence(db, kept))

    async def claim(self, integration: str, now: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        known = self._known
        return await self._writer.run(lambda db: outbox.claim(db, integration, now, until, limit, known))

    async def give_back(self, deliveries: Sequence[Delivery]) -> None:
        if back := tuple(deliveries):
            await self._writer.run(lambda db: outbox.give_back(db, back))

    async def settle(self, delivery: Delivery, outcome: Outcome) -> Delivery:
        return await self._settling.do((delivery, outcome))

    async def shift(self, by: timedelta) -> None:
        await self._writer.run(lambda db: tables.shift(db, by))

    async def due(self) -> Mapping[str, datetime]:
        return await self._writer.run(tables.due)

    async def counts(self) -> Mapping[str, int]:
        return await self._writer.run(tables.counts)

    async def prune(self, before: datetime) -> int:
        """In small transactions, each durable by itself, so that deliveries get their turns in between."""
        total = 0
        while pruned := await self._writer.run(lambda db: tables.prune(db, before, _PRUNED_AT_ONCE)):
            total += pruned
        return total

    async def touch(self, now: datetime) -> None:
        await self._writer.run(lambda db: tables.touch(db, now))

    async def remember(self, entries: Sequence[Entry], seen: Sequence[Seen]) -> None:
        rows, alerts = tuple(entries), tuple(seen)
        if rows or alerts:
            await self._writer.run(lambda db: tables.remember(db, rows, alerts))

    async def recall(self, subjects: Collection[str], since: datetime, until: datetime, limit: int) -> Sequence[Entry]:
        wanted = tuple(dict.fromkeys(subjects))
        return await self._writer.run(lambda db: tables.recall(db, wanted, since, until, limit))

    async def seen(self, name: str | None, limit: int) -> Sequence[Seen]:
        return await self._writer.run(lambda db: tables.seen(db, name, limit))

    async def forget(self, before: datetime, rows: int, limit: int) -> int:
        return await self._writer.run(lambda db: tables.forget(db, before, rows, limit))

    async def close(self) -> None:
        try:
            await self._writer.close()
        finally:
            self._lock.release()


def located(url: str) -> Path:
    """The file that `sqlite:///relative` or `sqlite:////absolute` names. Raises StoreError."""
    name = url.removeprefix(_SCHEME)
    if name == url or not name or name.endswith("/"):
        raise StoreError(
            f'storage.url "{url}" names no SQLite file: write sqlite:///relative.db or sqlite:////absolute/path.db'
        )
    return Path(name)


def _opened(path: Path, *, ours: bool) -> tuple[sqlite3.Connection, str]:
    """The database, and what was wrong with the one that was kept aside. A file that is not ours is left alone."""
    try:
        return _connect(path), ""
    except DamageError as error:
        if not ours:
            raise
        aside = set_aside(path)
        return _connect(path), f"{error}: the file is kept as {aside}, and the state begins empty"


def _connect(path: Path) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise explain(error, path) from error
    try:
        _prepare(db, path)
    except sqlite3.Error as error:
        db.close()
        raise refusal(error, path) from error
    except BaseException:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    for pragma in _PRAGMAS:
        db.execute(pragma)
    mode = db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise StoreError(f"{path}: no write-ahead log is possible there (journal mode {mode}): use a local disk")
    check(db, path)
    migrate(db, path)
    db.execute("BEGIN IMMEDIATE")
    outbox.release_all(db)
    db.execute("COMMIT")
