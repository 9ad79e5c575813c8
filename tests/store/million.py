"""What a long history costs: `python -m tests.store.million`, beside one with a hundredth of it."""

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from alertd.core.delivery import Sent
from alertd.core.history import Entry, Seen, What, of_alert
from alertd.core.labels import Labels
from alertd.store import deliveries as outbox
from alertd.store import tables
from alertd.store.sqlite import _connect
from tests.store.deliveries import HOOK, NOON, after, delivery

ALERTS = 2_000
TIMES = 101  # each is done so often; the median counts
BATCH = 500
SUBJECTS = [of_alert(Labels({"alertname": "JobDown", "instance": f"host-{number}"})) for number in range(ALERTS)]


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.store.million", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        few, many = (_measured(Path(folder, f"{number}.db"), number) for number in (rows // 100, rows))
    print(f"{'':38}{rows // 100:>12,} rows{rows:>12,} rows")
    for what, figure in many.items():
        print(f"{what:38}{few[what]:17,.0f}{figure:17,.0f}")
    return 0


def _measured(path: Path, rows: int) -> Mapping[str, float]:
    with closing(_connect(path)) as db:
        db.execute("PRAGMA synchronous = OFF")  # it is not the disk that is measured
        _fill(db, rows)
        size = db.execute("PRAGMA page_count").fetchone()[0] * db.execute("PRAGMA page_size").fetchone()[0]
        number = count(rows)
        works: Mapping[str, Callable[[], Any]] = {
            "the last five rows of an alert": lambda: tables.recall(
                db, [SUBJECTS[next(number) % ALERTS]], NOON, after(10**7), 5
            ),
            "alerts by name": lambda: tables.seen(db, "JobDown", 200),
            f"remember {BATCH} rows": lambda: tables.remember(db, *_events(next(number) * BATCH, BATCH)),
            "forget 1,000 rows": lambda: tables.forget(db, NOON, rows + BATCH, 1000),
            "a message: decided, claimed, settled": lambda: _tell(db, next(number)),
            "what is due": lambda: tables.due(db),
        }
        return {f"{what}, µs": _microseconds(db, work) for what, work in works.items()} | {"bytes a row": size / rows}


def _fill(db: sqlite3.Connection, rows: int) -> None:
    for begin in range(0, rows, 10_000):
        db.execute("BEGIN")
        tables.remember(db, *_events(begin, min(10_000, rows - begin)))
        for number in range(begin, min(begin + 10_000, rows), 100):
            _tell(db, -number)
        db.execute("COMMIT")


def _events(begin: int, number: int) -> tuple[list[Entry], list[Seen]]:
    entries = [
        Entry(NOON + timedelta(seconds=one), SUBJECTS[one % ALERTS], What.STATE, {"state": "firing", "value": one / 7})
        for one in range(begin, begin + number)
    ]
    return entries, list(_alerts(begin, min(number, ALERTS)))


def _alerts(begin: int, number: int) -> Iterator[Seen]:
    for one in range(begin, begin + number):
        labels = Labels({"alertname": "JobDown", "instance": f"host-{one % ALERTS}"})
        yield Seen(labels, "rule", NOON + timedelta(seconds=one))


def _tell(db: sqlite3.Connection, number: int) -> None:
    one = delivery(number, group=str(number % ALERTS))
    outbox.commit(db, [one], ())
    for claimed in outbox.claim(db, HOOK, after(10**8), after(10**8 + 2), 1):
        outbox.settle(db, claimed, Sent(after(number), "ok"))


def _microseconds(db: sqlite3.Connection, work: Callable[[], Any]) -> float:
    taken = []
    for _ in range(TIMES):
        db.execute("BEGIN")
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
        db.execute("COMMIT")
    return median(taken) * 1e6


if __name__ == "__main__":
    raise SystemExit(main())
