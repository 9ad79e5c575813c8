"""Group commit: callers share transactions, and neither a failure nor a cancellation of one is another's."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Event
from weakref import ref

import pytest

from alertd.core.delivery import Delivery, Sent, Status
from alertd.errors import StoreError
from alertd.store.sqlite import SqliteStore

from .deliveries import HOOK, NOON, after, delivery


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore.open(f"sqlite:///{tmp_path}/alertd.db")
    yield store
    await store.close()


async def begin(*calls: object) -> list["asyncio.Task[None]"]:
    """Start these, and let them run until they wait for the writer."""
    tasks = [asyncio.ensure_future(call) for call in calls]  # type: ignore[call-overload]
    await asyncio.wait(tasks, timeout=0)
    return tasks


async def hold(store: SqliteStore) -> tuple[Event, "asyncio.Task[None]"]:
    """Keep the writer busy until the event is set."""
    gate, held = Event(), Event()

    def wait(_: sqlite3.Connection) -> None:
        held.set()
        gate.wait()

    [task] = await begin(store._writer.run(wait))
    await asyncio.to_thread(held.wait)
    return gate, task


async def test_callers_share_a_transaction(store: SqliteStore) -> None:
    statements: list[str] = []
    gate, holder = await hold(store)
    store._writer._db.set_trace_callback(statements.append)
    tasks = await begin(*(store.commit([delivery(0, str(n))], ()) for n in range(50)))
    gate.set()
    await asyncio.gather(holder, *tasks)
    assert [text for text in statements if text == "COMMIT"] == ["COMMIT"] * 2
    assert not [text for text in statements if "SAVEPOINT" in text]  # of which each keeps all pages as they were
    assert dict(await store.counts()) == {"pending": 50}


async def test_fifty_callers_lose_nothing(store: SqliteStore) -> None:
    async def deliver(caller: int) -> None:
        for n in range(20):
            one = delivery(0, f"{caller}-{n}", f"integration-{caller}")
            await store.commit([one], ())
            assert await store.claim(one.integration, NOON, after(1), 9) == [one]
            await store.settle(one, Sent(NOON))

    await asyncio.gather(*(deliver(caller) for caller in range(50)))
    assert dict(await store.counts()) == {"sent": 1000}


async def test_nothing_is_claimed_twice(store: SqliteStore) -> None:
    await store.commit([delivery(0, str(n)) for n in range(500)], ())
    claims = await asyncio.gather(*(store.claim(HOOK, NOON, after(1), 10) for _ in range(100)))
    ids = [one.id for claim in claims for one in claim]
    assert len(ids) == len(set(ids)) == 500


async def test_a_cancelled_caller_loses_nothing(store: SqliteStore) -> None:
    gate, holder = await hold(store)
    tasks = await begin(*(store.commit([delivery(0, str(n)), delivery(0, f"{n}+")], ()) for n in range(20)))
    for task in tasks[::2]:
        task.cancel()
    gate.set()
    await asyncio.gather(holder, *tasks, return_exceptions=True)
    assert [task.cancelled() for task in tasks] == [True, False] * 10
    assert dict(await store.counts()) == {"pending": 40}


async def waiting(store: SqliteStore, count: int) -> list[Delivery]:
    """So many deliveries under way."""
    await store.commit([delivery(0, str(n)) for n in range(count)], ())
    return list(await store.claim(HOOK, NOON, after(1), count))


async def test_what_is_settled_at_once_is_one_job(store: SqliteStore) -> None:
    claimed, statements = await waiting(store, 64), list[str]()
    gate, holder = await hold(store)
    store._writer._db.set_trace_callback(statements.append)
    tasks = await begin(*(store.settle(one, Sent(NOON)) for one in claimed))
    gate.set()
    await asyncio.gather(holder, *tasks)
    assert [text for text in statements if text.startswith("SAVEPOINT")] == ["SAVEPOINT part"]
    assert dict(await store.counts()) == {"sent": 64}


async def test_who_gives_up_while_many_are_settled_takes_nothing_from_the_others(store: SqliteStore) -> None:
    claimed = await waiting(store, 20)
    gate, holder = await hold(store)
    tasks = await begin(*(store.settle(one, Sent(NOON)) for one in claimed))
    for task in tasks[::2]:
        task.cancel()
    gate.set()
    await asyncio.gather(holder, *tasks, return_exceptions=True)
    assert [task.cancelled() for task in tasks] == [True, False] * 10
    assert dict(await store.counts()) == {"sent": 20}


async def test_one_that_cannot_be_settled_fails_alone(store: SqliteStore) -> None:
    first, second = await waiting(store, 2)
    gate, holder = await hold(store)
    broken = Sent(datetime(2026, 1, 1))  # noqa: DTZ001 - what must not happen
    tasks = await begin(store.settle(first, Sent(NOON)), store.settle(second, broken))
    gate.set()
    _, done, failed = await asyncio.gather(holder, *tasks, return_exceptions=True)
    assert isinstance(done, Delivery)
    assert isinstance(failed, TypeError)
    assert dict(await store.counts()) == {"sent": 1, "pending": 1}


async def test_a_transaction_that_fails_settles_nothing_and_the_next_one_does(store: SqliteStore) -> None:
    claimed = await waiting(store, 10)
    blocker = sqlite3.connect(store._writer._path, isolation_level=None)
    store._writer._db.execute("PRAGMA busy_timeout = 0")
    blocker.execute("BEGIN IMMEDIATE")
    tried = await asyncio.gather(*(store.settle(one, Sent(NOON)) for one in claimed), return_exceptions=True)
    assert [type(one) for one in tried] == [StoreError] * 10
    blocker.execute("ROLLBACK")
    blocker.close()
    await asyncio.gather(*(store.settle(one, Sent(NOON)) for one in claimed))
    assert dict(await store.counts()) == {"sent": 10}


async def test_a_failure_is_the_failing_callers_own(store: SqliteStore) -> None:
    broken = replace(delivery(0, "broken"), id=object())  # type: ignore[arg-type]
    gate, holder = await hold(store)
    tasks = await begin(
        store.commit([delivery(0, "a")], ()),
        store.commit([delivery(0, "half"), broken], ()),
        store.settle(delivery(0, "unknown"), Sent(NOON)),  # type: ignore[arg-type]
        store.commit([delivery(0, "b")], ()),
    )
    gate.set()
    _, first, half, unknown, last = await asyncio.gather(holder, *tasks, return_exceptions=True)
    assert (first, last) == (None, None)
    assert isinstance(half, StoreError)
    assert isinstance(unknown, StoreError)
    assert [one.group for one in (await store.load()).told] == ["a", "b"]


async def test_who_shared_a_transaction_with_a_failure_is_done_once(store: SqliteStore) -> None:
    done: list[str] = []

    def add(name: str) -> Callable[[sqlite3.Connection], str]:
        def insert(db: sqlite3.Connection) -> str:
            db.execute("INSERT INTO meta (key, value) VALUES (?, 1)", (name,))
            done.append(name)
            return name

        return insert

    gate, holder = await hold(store)
    tasks = await begin(*(store._writer.run(add(name)) for name in ("a", "b", "a", "c")))
    gate.set()
    _, first, second, again, last = await asyncio.gather(holder, *tasks, return_exceptions=True)
    assert (first, second, last) == ("a", "b", "c")
    assert isinstance(again, StoreError)
    assert done == ["a", "b", "a", "b", "c"]


async def test_when_no_transaction_can_be_had_nobody_else_tries(store: SqliteStore) -> None:
    tried: list[int] = []

    def fail(number: int) -> Callable[[sqlite3.Connection], None]:
        def act(db: sqlite3.Connection) -> None:
            tried.append(number)
            if len(tried) == 1:
                raise StoreError("of its own")
            db.execute("ROLLBACK")
            raise sqlite3.OperationalError("disk I/O error")

        return act

    gate, holder = await hold(store)
    tasks = await begin(*(store._writer.run(fail(number)) for number in range(4)))
    gate.set()
    results = await asyncio.gather(holder, *tasks, return_exceptions=True)
    assert [type(result) for result in results[1:]] == [StoreError] * 4
    assert tried == [0, 0]


class Result:
    """Something large."""


async def test_what_is_done_is_not_kept_until_there_is_more_to_do(store: SqliteStore) -> None:
    gone = Event()
    _kept = ref(await store._writer.run(lambda _: Result()), lambda _: gone.set())
    assert await asyncio.to_thread(gone.wait, 10)


async def test_a_programming_error_is_not_disguised(store: SqliteStore) -> None:
    with pytest.raises(TypeError):
        await store.touch(datetime(2026, 1, 1))  # noqa: DTZ001 - what must not happen
    await store.touch(NOON)


async def test_a_failed_transaction_fails_all_who_shared_it(store: SqliteStore) -> None:
    def lose(db: sqlite3.Connection) -> None:
        db.execute("ROLLBACK")
        raise sqlite3.OperationalError("disk I/O error")

    gate, holder = await hold(store)
    tasks = await begin(store.commit([delivery(0, "a")], ()), store._writer.run(lose), store.touch(NOON))
    gate.set()
    results = await asyncio.gather(holder, *tasks, return_exceptions=True)
    assert [type(result) for result in results[1:]] == [StoreError] * 3
    assert dict(await store.counts()) == {}
    await store.commit([delivery(0, "a")], ())
    assert dict(await store.counts()) == {"pending": 1}


async def test_close_finishes_what_was_asked_for(tmp_path: Path) -> None:
    store = SqliteStore.open(f"sqlite:///{tmp_path}/closing.db")
    gate, holder = await hold(store)
    tasks = await begin(store.commit([replace(delivery(0), status=Status.DEAD, next_at=None)], ()), store.close())
    gate.set()
    await asyncio.gather(holder, *tasks)
    store = SqliteStore.open(f"sqlite:///{tmp_path}/closing.db")
    assert dict(await store.counts()) == {"dead": 1}
    await store.close()


def test_a_loop_that_ended_disturbs_nobody(tmp_path: Path) -> None:
    store = SqliteStore.open(f"sqlite:///{tmp_path}/alertd.db")

    async def leave() -> Event:
        gate, holder = await hold(store)
        holder.cancel()
        await begin(store.touch(NOON))
        return gate

    with asyncio.Runner() as runner:
        gate = runner.run(leave())
    gate.set()
    with asyncio.Runner() as runner:
        assert runner.run(store.load()).alive_at == NOON
        runner.run(store.close())
