"""The backlog: rows of history that wait to be written, in batches, and are forgotten when they are old.

    row ─ add ─▶ memory ─ once a second ─▶ store

A crash loses what was not written yet: about a second, a few in a storm. If the store fails the rows wait, and when
too many do the newest are counted instead of kept. While it waits a row is two references: to what it is about, and to
what it has in common with others, of which there are very many in a storm.
"""

from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

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
    """What rows have in common; `rule` is that of the alerts they are about, if these were seen."""

    at: datetime
    what: What
    facts: Facts
    rule: str | None = None


_Row = tuple[str | Labels, _Head]


class Backlog:
    """`run` writes what is added."""

    def __init__(self, store: History, clock: Clock, limits: Callable[[], Limits]) -> None:
        self._store, self._clock, self._limits = store, clock, limits
        self._subjects: deque[str | Labels] = deque()
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
            await self._store.remember([_entry(row) for row in batch], tuple(about.values()))
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

    def add_alike(
        self,
        at: datetime,
        alert: Labels,
        what: What,
        key: Hashable,
        facts: Callable[[], Facts],
        rule: str | None = None,
    ) -> None:
        """A row about an alert, with facts that others with this key have, too: in a storm there are very many.

        With its `rule` the alert is one that was seen, also if there is no room for the row.
        """
        if self._has_room():
            self._append(alert, self._head(at, what, key, facts, rule))
        elif rule is not None:
            self._seen[alert.key] = Seen(alert, rule, at)

    def _has_room(self) -> bool:
        if len(self._heads) < _MOST:
            return bool(self._limits().rows)
        self._lost += 1
        return False

    def _append(self, subject: str | Labels, head: _Head) -> None:
        self._subjects.append(subject)
        self._heads.append(head)

    def _head(self, at: datetime, what: What, key: Hashable, facts: Callable[[], Facts], rule: str | None) -> _Head:
        whole = at, what, rule, key
        head = self._alike.get(whole)
        if head is None:
            head = _Head(at, what, facts(), rule)
            if len(self._alike) < _MOST_ALIKE:
                self._alike[whole] = head
        return head


def _entry(row: _Row) -> Entry:
    subject, head = row
    return Entry(head.at, subject if isinstance(subject, str) else of_alert(subject), head.what, head.facts)


def _seen(row: _Row) -> Seen | None:
    subject, head = row
    return Seen(subject, head.rule, head.at) if head.rule is not None and isinstance(subject, Labels) else None
