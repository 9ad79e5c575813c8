"""A store that is watched: everything it is asked to do becomes an event, with how long it took."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from alertd.core.alerts import Transition
from alertd.core.delivery import Delivery, Outcome
from alertd.core.history import Entry, Seen
from alertd.core.labels import Labels
from alertd.core.silences import Silence
from alertd.events import StoreUsed
from alertd.ports import Clock, Snapshot, Store

T = TypeVar("T")


class WatchedStore:
    """The Store port; passes everything on."""

    def __init__(self, store: Store, notice: Callable[[StoreUsed], None], clock: Clock) -> None:
        self._store, self._notice, self._clock = store, notice, clock

    async def _timed(self, operation: str, work: Awaitable[T]) -> T:
        begun, failed = self._clock.elapsed(), True
        try:
            done = await work
            failed = False
        finally:
            self._notice(StoreUsed(operation, self._clock.elapsed() - begun, failed))
        return done

    async def load(self) -> Snapshot:
        return await self._timed("load", self._store.load())

    async def record(self, transitions: Sequence[Transition]) -> None:
        await self._timed("record", self._store.record(transitions))

    async def commit(self, deliveries: Sequence[Delivery], forgotten: Collection[tuple[str, Labels]]) -> None:
        await self._timed("commit", self._store.commit(deliveries, forgotten))

    async def silence(self, silences: Sequence[Silence]) -> None:
        await self._timed("silence", self._store.silence(silences))

    async def claim(self, integration: str, now: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        return await self._timed("claim", self._store.claim(integration, now, until, limit))

    async def give_back(self, deliveries: Sequence[Delivery]) -> None:
        await self._timed("give_back", self._store.give_back(deliveries))

    async def settle(self, delivery: Delivery, outcome: Outcome) -> Delivery:
        return await self._timed("settle", self._store.settle(delivery, outcome))

    async def shift(self, by: timedelta) -> None:
        await self._timed("shift", self._store.shift(by))

    async def due(self) -> Mapping[str, datetime]:
        return await self._timed("due", self._store.due())

    async def counts(self) -> Mapping[str, int]:
        return await self._timed("counts", self._store.counts())

    async def prune(self, before: datetime) -> int:
        return await self._timed("prune", self._store.prune(before))

    async def touch(self, now: datetime) -> None:
        await self._timed("touch", self._store.touch(now))

    async def remember(self, entries: Sequence[Entry], seen: Sequence[Seen]) -> None:
        await self._timed("remember", self._store.remember(entries, seen))

    async def recall(self, subjects: Collection[str], since: datetime, until: datetime, limit: int) -> Sequence[Entry]:
        return await self._timed("recall", self._store.recall(subjects, since, until, limit))

    async def seen(self, name: str | None, limit: int) -> Sequence[Seen]:
        return await self._timed("seen", self._store.seen(name, limit))

    async def forget(self, before: datetime, rows: int, limit: int) -> int:
        return await self._timed("forget", self._store.forget(before, rows, limit))

    async def close(self) -> None:
        await self._timed("close", self._store.close())
