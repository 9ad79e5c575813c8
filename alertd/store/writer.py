"""One thread, one connection, and group commit: whoever calls while the disk is busy shares the next transaction.

One connection that both writes and checkpoints also keeps clear of SQLite's WAL-reset bug (3.7.0 to 3.51.2, corruption
with two, https://sqlite.org/wal.html#walresetbug). The failure of a job is its own: the transaction is taken back, and
each that shared it is done again by itself. Savepoints would do, too, but with one SQLite keeps in memory how every
page was before, tens of megabytes when a storm is over.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from alertd.errors import StoreError
from alertd.store.faults import explain

_MOST = 500  # jobs a transaction
T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]
_Job = tuple[Work, "asyncio.Future[Any]"]
_Answer = tuple["asyncio.Future[Any]", Any]
_Close = tuple[None, "asyncio.Future[Any]"]


class Writer:
    """Runs functions of the connection on its thread; each is durable when its caller hears of it, or not done."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db, self._path = db, path
        self._jobs: SimpleQueue[_Job | _Close] = SimpleQueue()
        self._closed = False
        self._thread = Thread(target=self._serve, name="alertd-store", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do this in a transaction, which goes on if the caller is cancelled. Raises StoreError."""
        return await self.submit(work)

    def submit(self, work: Callable[[sqlite3.Connection], T]) -> "asyncio.Future[T]":
        """The same, without waiting for it."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if self._closed:
            future.set_exception(StoreError(f"{self._path}: the store is closed"))
        else:
            self._jobs.put((work, future))
        return future

    async def close(self) -> None:
        """Finish what was asked for, then close the connection."""
        if self._closed:
            return
        self._closed = True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._jobs.put((None, future))
        await future

    def _serve(self) -> None:
        while self._take_turn():
            pass

    def _take_turn(self) -> bool:
        """Do what there is to do; False at the end. Nothing of it is kept while there is nothing to do."""
        batch, close = self._next()
        if batch:
            outcomes = self._transact([work for work, _ in batch])
            _answer(list(zip([future for _, future in batch], outcomes, strict=True)))
        if close:
            _answer([(close, self._finish())])
        return close is None

    def _next(self) -> tuple[list[_Job], "asyncio.Future[Any] | None"]:
        """Wait for a job, and take what else has come meanwhile."""
        batch: list[_Job] = []
        work, future = self._jobs.get()
        while work is not None:
            batch.append((work, future))
            if len(batch) == _MOST:
                return batch, None
            try:
                work, future = self._jobs.get_nowait()
            except Empty:
                return batch, None
        return batch, future

    def _finish(self) -> StoreError | None:
        try:
            self._db.close()
        except sqlite3.Error as error:
            return explain(error, self._path)
        return None

    def _transact(self, batch: Sequence[Work]) -> list[Any]:
        """The result or the exception of each job; if the transaction fails, all of them fail."""
        if len(batch) > 1:
            try:
                return self._together(batch)
            except _JobError:
                pass  # whose it is will be seen
            except Exception as error:
                return [explain(error, self._path) for _ in batch]
        return self._one_by_one(batch)

    def _one_by_one(self, batch: Sequence[Work]) -> list[Any]:
        """In a transaction each; once one cannot be had, nobody else tries."""
        outcomes: list[Any] = []
        for work in batch:
            try:
                outcomes += self._together([work])
            except _JobError as failed:
                outcomes.append(failed.reason)
            except Exception as error:
                return outcomes + [explain(error, self._path) for _ in batch[len(outcomes) :]]
        return outcomes

    def _together(self, batch: Sequence[Work]) -> list[Any]:
        """The results, in one transaction. Raises _JobError if a job fails, or what the transaction fails with."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            outcomes = [self._do(work) for work in batch]
            self._db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._db.rollback()
            raise
        return outcomes

    def _do(self, work: Work) -> Any:
        try:
            return work(self._db)
        except Exception as error:
            if not self._db.in_transaction:  # SQLite has rolled back all of it
                raise
            raise _JobError(self._explained(error)) from error

    def attempt(self, work: Work) -> Any:
        """For a part of a job: its result, or its exception; then nothing of it is written, but the job goes on.

        The savepoint that this takes is small if the part is: outcomes of messages, not states of thousands of alerts.
        """
        self._db.execute("SAVEPOINT part")
        try:
            outcome = work(self._db)
        except Exception as error:
            if not self._db.in_transaction:  # SQLite has rolled back all of it
                raise
            self._db.execute("ROLLBACK TO part")
            outcome = self._explained(error)
        self._db.execute("RELEASE part")
        return outcome

    def _explained(self, error: Exception) -> Exception:
        return explain(error, self._path) if isinstance(error, sqlite3.Error) else error


class _JobError(Exception):
    """A job has failed, not the transaction; `reason` is for who asked for it."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(reason)
        self.reason = reason


def _answer(answers: Iterable[_Answer]) -> None:
    """Give everybody their outcome; a loop is woken once, however many wait in it."""
    for loop, those in groupby(answers, key=lambda answer: answer[0].get_loop()):
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_resolve, list(those))


def _resolve(answers: Iterable[_Answer]) -> None:
    for future, outcome in answers:
        if future.done():  # cancelled
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
