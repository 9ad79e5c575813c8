"""The silencer: makes, changes and ends silences as people ask; each is on disk before anybody hears that it holds."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import uuid4

from alertd.core.silences import Draft, Silence, Silences, expired, ordered, settle, unknown
from alertd.events import SilenceChanged
from alertd.ports import Clock, Observer, Store

T = TypeVar("T")
Changed = Callable[[Sequence[Silence]], None]


def _uuid() -> str:
    return str(uuid4())


class Silencer:
    """What the API does to silences. `changed` is told of those that are written; `new_id` names new ones."""

    def __init__(
        self,
        silences: Silences,
        changed: Changed,
        store: Store,
        observer: Observer,
        clock: Clock,
        new_id: Callable[[], str] = _uuid,
    ) -> None:
        self._silences, self._changed, self._store = silences, changed, store
        self._observer, self._clock, self._new_id = observer, clock, new_id
        self._door = asyncio.Lock()
        self._writing: set[asyncio.Task[Any]] = set()

    def restore(self, silences: Iterable[Silence]) -> None:
        """Take in what the store kept."""
        self._silences.put(silences)
        self._silences.tidy(self._clock.now())

    async def put(self, draft: Draft) -> Silence:
        """Make a silence, or change the one that the draft names; it holds, and survives, once this returns.

        The silence in force has another id than the draft's if the change could not be made in place. Raises
        SilenceError for what makes no sense or is not there, StoreError if it could not be written.
        """
        return await self._finish(self._put(draft))

    async def expire(self, silence_id: str) -> Silence:
        """End a silence now. Raises SilenceError if there is none or it has ended, StoreError as `put` does."""
        return await self._finish(self._expire(silence_id))

    def get(self, silence_id: str) -> Silence:
        """The silence of this id. Raises SilenceError if there is none."""
        silence = self._silences.get(silence_id)
        if silence is None:
            raise unknown(silence_id)
        return silence

    def list(self) -> Sequence[Silence]:
        """All that are kept: active by their end, pending by their start, then expired, the latest first."""
        return ordered(self._silences, self._clock.now())

    def counts(self) -> Mapping[str, int]:
        """How many are in each state."""
        now = self._clock.now()
        return Counter(silence.state(now) for silence in self._silences)

    def tidy(self, now: datetime, forgotten: datetime | None = None) -> None:
        """Look no more at those that have ended, and drop those that ended before the second instant."""
        self._silences.tidy(now)
        if forgotten is not None:
            self._silences.forget(forgotten)

    async def _put(self, draft: Draft) -> Silence:
        async with self._door:
            now = self._clock.now()
            before = self._silences.get(draft.id) if draft.id else None
            changes = settle(draft, before, self._new_id(), now)
            await self._keep(changes, now)
            return changes[-1]

    async def _expire(self, silence_id: str) -> Silence:
        async with self._door:
            now = self._clock.now()
            over = expired(self.get(silence_id), now)
            await self._keep((over,), now)
            return over

    async def _keep(self, changes: Sequence[Silence], now: datetime) -> None:
        await self._store.silence(changes)
        self._silences.put(changes)
        self._changed(changes)
        for silence in changes:
            self._observer.notice(SilenceChanged(silence, silence.state(now), now))

    async def _finish(self, work: Coroutine[Any, Any, T]) -> T:
        """Go on to the end even if the caller leaves: what is on disk must be in force, too."""
        task = asyncio.ensure_future(work)
        self._writing.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._writing.discard(task)
        if not task.cancelled():
            task.exception()  # has been seen, also if the caller left
