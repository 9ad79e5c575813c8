"""The backlog: rows of history that wait to be written, in batches, and are forgotten when they are old.

    row ─ add ─▶ memory ─ once a second ─▶ store

A crash loses what was not written yet: about a second, a few in a storm. If the store fails the rows wait, and when
too many do the newest are counted instead of kept.
"""

from collections.abc import Callable, Hashable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from alertd.core.history import ITSELF, Entry, Limits, Seen, What
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


class Backlog:
    """`run` writes what is added."""

    def __init__(self, store: History, clock: Clock, limits: Callable[[], Limits]) -> None:
        self._store, self._clock, self._limits = store, clock, limits
        self._entries: list[Entry] = []
        self._alike: dict[Hashable, Facts] = {}  # facts that rows which wait have in common
        self._seen: dict[str, Seen] = {}
        self._lost = 0

    def see(self, one: Seen) -> None:
        """An alert that was there."""
        self._seen[one.labels.key] = one

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
        batch, self._entries = self._entries[:_AT_ONCE], self._entries[_AT_ONCE:]
        seen = dict(islice(self._seen.items(), _AT_ONCE))
        for key in seen:
            del self._seen[key]
        try:
            await self._store.remember(batch, tuple(seen.values()))
        except StoreError:
            self._entries, self._seen = batch + self._entries, seen | self._seen
            return False
        if self._entries or self._seen:
            return True
        self._alike.clear()
        if self._lost:
            lost, self._lost = self._lost, 0
            self.add(self._clock.now(), ITSELF, What.LOST, rows=lost)
        return False

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
        if len(self._entries) >= _MOST:
            self._lost += 1
        elif self._limits().rows:
            self._entries.append(Entry(at, subject, what, facts))

    def add_alike(self, at: datetime, subject: str, what: What, key: Hashable, facts: Callable[[], Facts]) -> None:
        """A row with facts that others with this key have, too: in a storm there are very many."""
        if len(self._entries) >= _MOST or not self._limits().rows:
            self.add(at, subject, what)
            return
        known = self._alike.get(key)
        if known is None:
            known = facts()
            if len(self._alike) < _MOST_ALIKE:
                self._alike[key] = known
        self._entries.append(Entry(at, subject, what, known))
