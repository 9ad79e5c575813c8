"""Things of one kind that wait for the disk at once: one job does them all, and every caller hears of their own."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from sqlite3 import Connection
from threading import Lock
from typing import Any, Generic, TypeVar

from alertd.store.writer import Writer

A = TypeVar("A")
R = TypeVar("R")


class Together(Generic[A, R]):
    """`all_` does several in one go, or raises; then, and if there is but one, `one` does each by itself."""

    def __init__(
        self,
        writer: Writer,
        one: Callable[[Connection, A], R],
        all_: Callable[[Connection, Sequence[A]], Sequence[R]],
    ) -> None:
        self._writer, self._one, self._all = writer, one, all_
        self._open: list[tuple[A, asyncio.Future[R]]] | None = None  # whose job has not begun
        self._lock = Lock()  # of that: the writer's thread begins it

    async def do(self, thing: A) -> R:
        """Do this, durably, with others that wait. Raises StoreError."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        with self._lock:
            batch, is_new = self._open or [], not self._open
            batch.append((thing, future))
            self._open = batch
        if is_new:
            self._writer.submit(partial(self._work, batch)).add_done_callback(partial(self._deal, batch))
        return await future

    def _work(self, batch: list[tuple[A, "asyncio.Future[R]"]], _: Connection) -> Sequence[Any]:
        self._close(batch)
        things = [thing for thing, _ in batch]
        if len(things) > 1:
            done = self._writer.attempt(lambda db: self._all(db, things))
            if not isinstance(done, Exception):
                return list(done)
        return [self._writer.attempt(partial(self._do_one, thing)) for thing in things]

    def _do_one(self, thing: A, db: Connection) -> R:
        return self._one(db, thing)

    def _deal(self, batch: list[tuple[A, "asyncio.Future[R]"]], job: "asyncio.Future[Sequence[Any]]") -> None:
        """Give each caller their outcome; if the transaction failed, that."""
        self._close(batch)
        error = job.exception()
        outcomes = [error] * len(batch) if error else job.result()
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            if future.done():  # cancelled
                continue
            if isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

    def _close(self, batch: list[tuple[A, "asyncio.Future[R]"]]) -> None:
        with self._lock:
            if self._open is batch:
                self._open = None
