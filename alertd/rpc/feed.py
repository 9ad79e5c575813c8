"""What happens, for those who watch: the newest changes, and a bounded queue for each watcher.

event ─▶ number ─▶ ring (for who comes back) ─▶ queues ─▶ streams; nobody here waits for a client
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from secrets import token_hex

from alertd.events import AlertChanged, AlertMuted, Event

_KEPT = 1000  # changes for those who come back
_AT_ONCE = 100  # taken from a queue


class End(Enum):
    """Why a stream is ended from here."""

    SLOW = "slow"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class Entry:
    """A change and its number."""

    number: int
    event: AlertChanged | AlertMuted


class Watcher:
    """One who watches. `end` says why it is over, once it is; then `patience` raises TimeoutError where it waits."""

    def __init__(self, patience: asyncio.Timeout, room: int, missed: Sequence[Entry]) -> None:
        self._patience, self._room = patience, room
        self._waiting = deque(missed)
        self._wake = asyncio.Event()
        self.end: End | None = None

    async def take(self) -> Sequence[Entry]:
        """What waits, some of it; waits if there is nothing."""
        while not self._waiting:
            self._wake.clear()
            await self._wake.wait()
        return [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]

    def give(self, entry: Entry) -> None:
        """One more; one too many ends it."""
        if len(self._waiting) >= self._room:
            self.stop(End.SLOW)
        elif self.end is None:
            self._waiting.append(entry)
            self._wake.set()

    def stop(self, end: End) -> None:
        """It is over."""
        if self.end is None:
            self.end = end
            self._waiting.clear()
            self._patience.reschedule(0)


class Feed:
    """A Listener that numbers changes and gives them to whoever watches; at most `room` wait for one of them."""

    def __init__(self, room: int, kept: int = _KEPT) -> None:
        self._room = room
        self._life = token_hex(4)  # numbers of another life mean nothing here
        self._number = 0
        self._ring: deque[Entry] = deque(maxlen=kept)
        self._watchers: set[Watcher] = set()
        self.closed = False

    @property
    def watching(self) -> int:
        """How many watch."""
        return len(self._watchers)

    def notice(self, event: Event) -> None:
        """Give it to everybody, if it is a change."""
        if isinstance(event, AlertChanged | AlertMuted):
            self._number += 1
            entry = Entry(self._number, event)
            self._ring.append(entry)
            for watcher in self._watchers:
                watcher.give(entry)

    @contextmanager
    def joined(self, patience: asyncio.Timeout, missed: Iterable[Entry]) -> Iterator[Watcher]:
        """A watcher that begins with what it missed, for as long as the context lasts."""
        entries = tuple(missed)
        watcher = Watcher(patience, self._room + len(entries), entries)
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    def cursor(self, number: int | None = None) -> str:
        """Where a stream is after the change of this number; without one, where it is now."""
        return f"{self._life}-{self._number if number is None else number}"

    def since(self, cursor: str) -> Sequence[Entry] | None:
        """The changes after that; None if nobody knows any more."""
        life, _, text = cursor.rpartition("-")
        if life != self._life or not (text.isascii() and text.isdigit() and len(text) < 20):
            return None
        number = int(text)
        if not self._number - len(self._ring) <= number <= self._number:
            return None
        return [entry for entry in self._ring if entry.number > number]

    def close(self) -> None:
        """End all streams; who comes now is turned away."""
        self.closed = True
        for watcher in self._watchers:
            watcher.stop(End.STOPPING)
