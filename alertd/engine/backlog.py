"""The backlog: rows of history that wait to be written, in batches, and are forgotten when they are old.

    row ─ add ─▶ memory ─ once a second ─▶ store

A crash loses what was not written yet: about a second, a few in a storm. If the store fails the rows wait, and when
too many do the newest are counted instead of kept. While it waits a row is two references: to what it is about, and to
what it has in common with others, of which there are very many in a storm.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from alertd.core.alerts import Alert
from alertd.core.history import ITSELF, Entry, Limits, Seen, What, of_alert
from alertd.core.labels import Labels
from alertd.errors import StoreError
from alertd.ports import Clock, History

_STEP = timedelta(seconds=1)
_TIDY_EVERY = 60  # steps
_AT_ONCE = 500  # rows a transaction
_MOST = 100_000  # rows that wait
_PAUSE, _PATIENCE = 3, 5.0  # times as long as a batch took; for so many seconds
_MOST_ALIKE = 1000
_FORGOTTEN_AT_ONCE, _FORGETS = 1000, 50

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Head:
    """What rows have in common."""

    at: datetime
    what: What
    facts: Facts


_Subject = str | Labels | Alert
_Row = tuple[_Subject, _Head]


class Backlog:
    """`run` writes what is added."""

    def __init__(self, store: History, clock: Clock, limits: Callable[[], Limits]) -> None:
        self._store, self._clock, self._limits = store, clock, limits
        self._subjects: deque[_Subject] = deque()
        self._heads: deque[_Head] = deque()  # one for each of the subjects
        self._alike: dict[Hashable, _Head] = {}  # of rows that wait
        self._seen: dict[str, Seen] = {}  # without a row
        self._lost = 0

    async def run(self) -> None:
        """Write what has been noticed, and forget what is old, for ever."""
        while True:
            for count in range(_TIDY_EVERY):
                await self._clock.sleep_until(self._clock.now() + _STEP)
                await self._catch_up()
                if not count:
                    await self.tidy()

    async def step(self) -> None:
        """Write what has been noticed so far; what cannot be written waits."""
        while await self._write():
            pass

    async def _catch_up(self) -> None:
        """As `step`, at first with pauses: in a storm the messages come first."""
        first = begun = self._clock.elapsed()
        while await self._write():
            now = self._clock.elapsed()
            if now - first < _PATIENCE:
                await self._clock.sleep_until(self._clock.now() + timedelta(seconds=now - begun) * _PAUSE)
            begun = self._clock.elapsed()

    async def _write(self) -> bool:
        """Write one batch; whether there is more to write, and it can be."""
        batch, seen = self._taken()
        about = {one.labels.key: one for one in (*seen.values(), *filter(None, map(_seen, batch)))}
        try:
            await self._store.remember(_entries(batch), tuple(about.values()))
        except StoreError:
            self._put_back(batch, seen)
            return False
        if self._heads or self._seen:
            return True
        self._alike.clear()
        if self._lost:
            lost, self._lost = self._lost, 0
            self.add(self._clock.now(), ITSELF, What.LOST, rows=lost)
        return False

    def _taken(self) -> tuple[Sequence[_Row], Mapping[str, Seen]]:
        """The oldest rows, a batch of them; once there are none, those that were seen without."""
        count = min(_AT_ONCE, len(self._heads))
        batch = [(self._subjects.popleft(), self._heads.popleft()) for _ in range(count)]
        seen = {} if batch else dict(islice(self._seen.items(), _AT_ONCE))
        for key in seen:
            del self._seen[key]
        return batch, seen

    def _put_back(self, batch: Sequence[_Row], seen: Mapping[str, Seen]) -> None:
        self._subjects.extendleft(subject for subject, _ in reversed(batch))
        self._heads.extendleft(head for _, head in reversed(batch))
        self._seen = {**seen, **self._seen}

    async def tidy(self) -> None:
        """Forget what is too old or too much, a little at a time."""
        limits = self._limits()
        before = self._clock.now() - limits.retention
        for _ in range(_FORGETS):
            try:
                if await self._store.forget(before, limits.rows, _FORGOTTEN_AT_ONCE) < _FORGOTTEN_AT_ONCE:
                    return
            except StoreError:  # whoever writes what matters more will say so
                return

    def add(self, at: datetime, subject: str, what: What, **facts: Any) -> None:
        """A row; beyond so many that wait it is only counted."""
        if self._has_room():
            self._append(subject, _Head(at, what, facts))

    def add_alike(self, at: datetime, alert: Labels, what: What, key: Hashable, facts: Callable[[], Facts]) -> None:
        """A row about an alert, with facts that others with this key have, too: in a storm there are very many."""
        if self._has_room():
            self._append(alert, self._head(at, what, key, facts))

    def add_change(self, at: datetime, alert: Alert, key: Hashable, facts: Callable[[], Facts]) -> None:
        """A row about the state of an alert, with its value; the alert was seen, also if there is no room for it."""
        if self._has_room():
            self._append(alert, self._head(at, What.STATE, key, facts))
            if self._seen:
                self._seen.pop(alert.labels.key, None)
        else:
            self._seen[alert.labels.key] = Seen(alert.labels, alert.rule, at)

    def _has_room(self) -> bool:
        if len(self._heads) < _MOST:
            return bool(self._limits().rows)
        self._lost += 1
        return False

    def _append(self, subject: _Subject, head: _Head) -> None:
        self._subjects.append(subject)
        self._heads.append(head)

    def _head(self, at: datetime, what: What, key: Hashable, facts: Callable[[], Facts]) -> _Head:
        whole = at, what, key
        head = self._alike.get(whole)
        if head is None:
            head = _Head(at, what, facts())
            if len(self._alike) < _MOST_ALIKE:
                self._alike[whole] = head
        return head


def _entries(batch: Iterable[_Row]) -> Sequence[Entry]:
    """Rows with the same facts share them."""
    valued: dict[tuple[int, str], Facts] = {}
    return [_entry(subject, head, valued) for subject, head in batch]


def _entry(subject: _Subject, head: _Head, valued: dict[tuple[int, str], Facts]) -> Entry:
    if isinstance(subject, str):
        return Entry(head.at, subject, head.what, head.facts)
    if isinstance(subject, Labels):
        return Entry(head.at, of_alert(subject), head.what, head.facts)
    value = f"{subject.value:.6g}"
    facts = valued.get((id(head), value)) or valued.setdefault((id(head), value), {**head.facts, "value": value})
    return Entry(head.at, of_alert(subject.labels), head.what, facts)


def _seen(row: _Row) -> Seen | None:
    subject, head = row
    return Seen(subject.labels, subject.rule, head.at) if isinstance(subject, Alert) else None
