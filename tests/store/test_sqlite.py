"""What only the SQLite store promises: one process, one file, restarts, and errors that say what to do."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from alertd.core.alerts import Alert, State, Transition
from alertd.core.delivery import Dead, Retry, Sent, Status
from alertd.core.labels import Labels
from alertd.errors import StoreError
from alertd.store import open_store
from alertd.store.schema import migrations
from alertd.store.sqlite import SqliteStore

from .deliveries import HOOK, NOON, OPEN, after, delivery


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "alertd.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore.open(f"sqlite:///{path}")
    yield store
    await store.close()


def reopen(path: Path) -> SqliteStore:
    return SqliteStore.open(f"sqlite:///{path}")


# Where it is.


async def test_the_directory_is_made(tmp_path: Path) -> None:
    store = SqliteStore.open(f"sqlite:///{tmp_path}/var/lib/alertd.db")
    await store.close()
    assert (tmp_path / "var/lib/alertd.db").is_file()


async def test_a_relative_path_is_relative_to_where_alertd_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///state/alertd.db")
    await store.close()
    assert (tmp_path / "state/alertd.db").is_file()


@pytest.mark.parametrize("url", ["", "alertd.db", "sqlite://", "sqlite:///", "sqlite:////tmp/", "mysql://host/x"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(StoreError, match="names no SQLite file: write sqlite:///"):
        open_store(url)


# What it refuses.


def refusal(path: Path) -> str:
    with pytest.raises(StoreError) as refused:
        reopen(path)
    return str(refused.value)


def test_a_file_that_is_no_database(path: Path) -> None:
    path.write_bytes(b"root:x:0:0:" * 1000)
    assert str(path) in refusal(path)
    assert "not an SQLite database, or it is damaged" in refusal(path)
    assert path.read_bytes().startswith(b"root:")


def test_a_place_that_cannot_be_written() -> None:
    assert "/proc/alertd.db" in refusal(Path("/proc/alertd.db"))


def test_a_directory_that_cannot_be_made(path: Path) -> None:
    path.write_text("a file")
    assert "choose another storage.url" in refusal(path / "alertd.db")


def test_a_directory_in_place_of_the_file(path: Path) -> None:
    path.mkdir()
    assert "unable to open database file: make the file" in refusal(path)


def test_a_database_of_a_newer_alertd(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    assert f"written by a newer alertd (schema 99, this one knows {len(migrations())})" in refusal(path)


def test_a_database_of_another_program(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE alerts (id)")
    db.close()
    assert "a database of another program" in refusal(path)


async def test_a_refused_file_can_be_opened_once_it_is_repaired(path: Path) -> None:
    path.write_bytes(b"x" * 4096)
    refusal(path)
    path.unlink()
    await reopen(path).close()


async def filled(path: Path, alerts: int = 500) -> None:
    store = reopen(path)
    await store.record([Transition(None, Alert("r", Labels({"n": str(n)}), State.FIRING, NOON)) for n in range(alerts)])
    await store.close()


DAMAGES = {
    "the second half": lambda whole: whole[: len(whole) // 2] + os.urandom(len(whole) - len(whole) // 2),
    "the header": lambda whole: b"x" * 100 + whole[100:],
    "cut": lambda whole: whole[: len(whole) // 3],
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_database_is_kept_aside(path: Path, damage: str) -> None:
    await filled(path)
    broken = DAMAGES[damage](path.read_bytes())
    for number in (1, 2):
        path.write_bytes(broken)
        store = reopen(path)
        snapshot = await store.load()
        assert snapshot.alerts == ()
        (said,) = snapshot.damage
        assert f"the file is kept as {path}.damaged-{number}, and the state begins empty" in said
        assert Path(f"{path}.damaged-{number}").read_bytes()[100:] == broken[100:]
        await store.record([Transition(None, Alert("r", Labels(), State.FIRING, NOON))])
        await store.close()
    store = reopen(path)
    assert (await store.load()).damage == ()
    await store.close()


async def test_a_row_that_cannot_be_read_does_not_take_the_others_along(path: Path) -> None:
    await filled(path, 3)
    store = reopen(path)
    await store.commit([delivery(0, "a"), delivery(0, "b")], ())
    await store.close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE alerts SET body = '{' WHERE rowid = 2")
        db.execute("UPDATE payloads SET told = x'00' WHERE seq = 1")
        db.execute("INSERT INTO silences VALUES ('s', 0, '[]')")
    db.close()
    store = reopen(path)
    snapshot = await store.load()
    assert [alert.labels["n"] for alert in snapshot.alerts] == ["0", "2"]
    assert [one.group for one in snapshot.told] == ["b"]
    assert [said.partition(":")[0] for said in snapshot.damage] == [
        "alerts, row 2",
        "deliveries, row 1",
        "silences, row 1",
    ]
    assert [one.group for one in await store.claim(HOOK, NOON, after(60), 9)] == ["b"]
    assert (await store.load()).damage == ()
    await store.close()


# One process.


async def test_a_second_store_is_refused(store: SqliteStore, path: Path) -> None:
    assert f"another alertd (pid {os.getpid()}) uses this database" in refusal(path)


async def test_a_second_process_is_refused(store: SqliteStore, path: Path) -> None:
    program = "import sys; from alertd.store.sqlite import SqliteStore; SqliteStore.open(sys.argv[1])"
    run = subprocess.run([sys.executable, "-c", program, f"sqlite:///{path}"], capture_output=True, text=True)
    assert f"HeldError: {path}.lock: another alertd (pid {os.getpid()}) uses this database" in run.stderr


async def test_a_closed_store_can_be_opened_again_but_not_used(path: Path) -> None:
    store = reopen(path)
    await store.close()
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.touch(NOON)
    await reopen(path).close()


async def test_another_program_that_holds_the_database_is_named(store: SqliteStore, path: Path) -> None:
    store._writer._db.execute("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked: another program holds the database"):
        await store.touch(NOON)
    other.execute("COMMIT")
    other.close()
    await store.touch(NOON)
    assert (await store.load()).alive_at == NOON


# What a restart finds.


async def test_a_restart_finds_everything(path: Path) -> None:
    store = reopen(path)
    alert = Alert("rule", Labels({"alertname": "JobDown"}), State.PENDING, NOON)
    await store.record([Transition(None, alert)])
    await store.commit([delivery(0, "sent", told=OPEN), delivery(0, "waits"), delivery(0, "dies")], ())
    sent, waits, dies = await store.claim(HOOK, NOON, after(2), 9)
    sent = await store.settle(sent, Sent(after(1)))
    waits = await store.settle(waits, Retry(after(5), "503"))
    await store.settle(dies, Dead(after(1), "404"))
    await store.touch(after(1))
    await store.close()

    store = reopen(path)
    snapshot = await store.load()
    assert (snapshot.alerts, snapshot.told, snapshot.alive_at) == ((alert,), (sent.remembered, waits), after(1))
    assert dict(await store.counts()) == {"sent": 1, "pending": 1, "dead": 1}
    assert dict(await store.due()) == {HOOK: after(5)}
    await store.close()


async def test_a_restart_ends_the_leases(path: Path) -> None:
    store = reopen(path)
    await store.commit([delivery(0), delivery(0, "h")], ())
    await store.claim(HOOK, NOON, after(999), 2)
    await store.commit([delivery(1, "h")], ())
    await store.close()

    store = reopen(path)
    assert [one.at for one in await store.claim(HOOK, after(1), after(2), 9)] == [NOON, after(1)]
    assert dict(await store.counts()) == {"pending": 2, "superseded": 1}
    await store.close()


async def test_the_payload_of_what_nobody_needs_is_gone(store: SqliteStore) -> None:
    for minute in range(5):
        await store.commit([delivery(minute, told=OPEN)], ())
        [claimed] = await store.claim(HOOK, after(minute), after(minute + 1), 9)
        await store.settle(claimed, Sent(after(minute)))
    for minute in range(5, 9):
        await store.commit([delivery(minute, told=OPEN)], ())
    assert dict(await store.counts()) == {"sent": 5, "superseded": 3, "pending": 1}
    assert store._writer._db.execute("SELECT count(*) FROM payloads").fetchone() == (2,)


async def test_prune_gives_room_back(store: SqliteStore, path: Path) -> None:
    body = os.urandom(4096).hex()
    gone = [replace(delivery(0, str(n), summary=body), status=Status.DEAD, next_at=None) for n in range(1500)]
    await store.commit(gone, ())
    pages = store._writer._db.execute("PRAGMA page_count").fetchone()[0]
    assert await store.prune(after(1)) == 1500
    assert store._writer._db.execute("PRAGMA page_count").fetchone()[0] < pages / 2


def test_every_migration_is_numbered_without_gaps() -> None:
    folder = Path(sys.modules[SqliteStore.__module__].__file__ or "").parent / "migrations"
    numbers = sorted(int(file.name[:4]) for file in folder.glob("*.sql"))
    assert numbers == list(range(1, len(migrations()) + 1))


async def test_what_is_still_in_memory_is_not_decoded_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/alertd.db"
    store, waiting = SqliteStore.open(url), delivery(1)
    await store.commit([waiting], ())
    (claimed,) = await store.claim(HOOK, after(1), after(3), 1)
    assert claimed.notification is waiting.notification
    await store.settle(claimed, Retry(after(5), "busy"))
    (again,) = await store.claim(HOOK, after(5), after(7), 1)
    assert (again.attempts, again.error, again.notification) == (1, "busy", waiting.notification)
    await store.close()
    store = SqliteStore.open(url)
    (decoded,) = await store.claim(HOOK, after(7), after(9), 1)
    assert decoded.notification == waiting.notification
    assert decoded.notification is not waiting.notification
    await store.close()
