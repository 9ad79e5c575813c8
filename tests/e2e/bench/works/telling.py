"""Works of telling and remembering: messages, the outbox, the states of alerts, the history."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from alertd.core import lifecycle
from alertd.core.alerts import Transition
from alertd.core.delivery import Delivery, Sent
from alertd.core.history import Entry, Seen
from alertd.engine.history import Recorder
from alertd.events import AlertChanged
from alertd.notifiers.payload import payload
from alertd.store import tables
from alertd.store.schema import migrate
from alertd.testing import ManualClock
from tests.e2e.bench.works.deciding import OPS, flushing, instances
from tests.e2e.bench.works.work import ALERTS, MANY, NOW, RULE, Do, Work, plain

try:
    outbox: Any = import_module("alertd.store.deliveries")
except ImportError:  # an older version
    outbox = tables


def saying() -> Do:
    notification = _delivery().notification
    return lambda: json.dumps(payload(notification))


def storing() -> Do:
    delivery, db = _delivery(), _database()
    numbers = iter(range(1_000_000))

    def store() -> None:
        outbox.commit(db, [replace(delivery, id=str(next(numbers)))], ())
        (claimed,) = outbox.claim(db, OPS.id, NOW + timedelta(1), NOW + timedelta(2), 1)
        outbox.settle(db, claimed, Sent(NOW, "200"))

    return store


def recording() -> Do:
    moves, db = _moves(), _database()
    return lambda: tables.record(db, moves)


@contextmanager
def remembering() -> Iterator[Do]:
    clock, moves = ManualClock(NOW), _moves()
    recorder = Recorder(_Rows(_database()), clock)  # type: ignore[arg-type]  # nothing is recalled

    def remember() -> None:
        for move in moves:
            recorder.notice(AlertChanged(move, NOW))
        runner.run(recorder.backlog.step())

    with asyncio.Runner() as runner:
        yield remember


class _Rows:
    """Writes rows where they are written, but in this thread."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    async def remember(self, entries: Sequence[Entry], seen: Sequence[Seen]) -> None:
        tables.remember(self._db, entries, seen)


WORKS: Mapping[str, Work] = {
    f"the body of a webhook of {ALERTS}": plain(saying, ALERTS, "alert"),
    f"write, claim and settle a message of {ALERTS}": plain(storing, 1, "message"),
    f"write the states of {MANY:,} alerts": plain(recording, MANY, "alert"),
    f"remember {MANY:,} changes in the history": Work(remembering, MANY, "change"),
}


def _delivery() -> Delivery:
    (delivery,) = flushing()().deliveries
    return delivery


def _moves() -> Sequence[Transition]:
    return lifecycle.advance(RULE, {}, instances(), NOW).transitions


def _database() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, Path(":memory:"))
    return db
