"""The state as lines of JSON: out of one database, and into another."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from alertd.core.alerts import Alert, State, Transition
from alertd.core.delivery import Sent
from alertd.core.labels import Labels
from alertd.errors import StoreError
from alertd.ports import Snapshot
from alertd.store import transfer
from alertd.store.schema import migrations
from alertd.store.sqlite import SqliteStore

from .deliveries import NOON, OPEN, delivery

STRANGE = Labels({"alertname": "A", "x": "\udc80 \0 ü"})


def url(path: Path) -> str:
    return f"sqlite:///{path}"


async def state_at(path: Path) -> Snapshot:
    store = SqliteStore.open(url(path))
    snapshot = await store.load()
    await store.close()
    return snapshot


@pytest.fixture
async def filled(tmp_path: Path) -> Path:
    path = tmp_path / "old.db"
    store = SqliteStore.open(url(path))
    alert = Alert("r", STRANGE, State.FIRING, NOON, fired_at=NOON, annotations={"long": "x" * 40_000})
    ended = replace(alert, state=State.RESOLVED, resolved_at=NOON)
    await store.record([Transition(None, alert), Transition(alert, ended), Transition(None, alert)])
    await store.commit([delivery(0, told=OPEN), delivery(0, "other")], ())
    await store.settle(delivery(0, told=OPEN), Sent(NOON))
    await store.touch(NOON)
    await store.close()
    return path


def lines(path: Path) -> Sequence[str]:
    return list(transfer.export(path))


async def test_what_is_exported_and_imported_is_the_same_state(filled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "new.db"
    counts = transfer.load(lines(filled), copy)
    assert counts["alerts"] == 2
    assert counts["spells"] == 1
    before = await state_at(filled)
    assert await state_at(copy) == before
    assert before.alerts
    assert lines(copy) == lines(filled)


async def test_a_running_daemon_is_not_disturbed(filled: Path) -> None:
    store = SqliteStore.open(url(filled))
    assert len(lines(filled)) > 5
    await store.touch(NOON)
    with pytest.raises(StoreError, match="another alertd"):
        transfer.load(lines(filled), filled, replace=True)
    await store.close()


async def test_a_state_that_is_there_is_kept(filled: Path, tmp_path: Path) -> None:
    before = lines(filled)
    with pytest.raises(StoreError, match="there is a state already; --replace keeps it aside"):
        transfer.load(before[:1], filled)
    assert lines(filled) == before
    transfer.load(before[:1], filled, replace=True)
    assert (await state_at(filled)).alerts == ()
    assert lines(tmp_path / "old.db.replaced-1") == before


def test_an_older_schema_is_brought_forward(tmp_path: Path) -> None:
    body = '{"rule":"r","labels":{"alertname":"A"},"state":"firing","active_at":"2026-01-01T12:00:00Z"}'
    row = {"rule": "r", "labels": "k", "ended": 0, "body": body}
    old = ['{"alertd":"state","schema":1}', json.dumps({"table": "alerts", "row": row})]
    path = tmp_path / "new.db"
    assert transfer.load(old, path) == {"alerts": 1}
    assert json.loads(lines(path)[0])["schema"] == len(migrations())
    assert list(tmp_path.glob("*.schema-*")) == []


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "line 1: not a JSON object"),
        ("{", "line 1: not a JSON object"),
        ("[1]", "line 1: not a JSON object"),
        ('{"alertd": "state", "schema": 99}', "exported by a newer alertd"),
        ('{"alertd": "state", "schema": 0}', "this is no exported state"),
        ('{"alertd": "state", "schema": 4}\n{"table": "users", "row": {}}', "line 2: not a row of alerts"),
        ('{"alertd": "state", "schema": 4}\n{"table": "alerts", "row": {"x; --": 1}}', "alerts has no column x; --"),
        ('{"alertd": "state", "schema": 4}\n{"table": "meta", "row": {"key": "a"}}', "line 2: NOT NULL"),
        ('{"alertd": "state", "schema": 4}\n{"table": "meta", "row": {"key": {"base64": "?"}}}', "line 2: not base64"),
        (
            '{"alertd": "state", "schema": 4}\n{"table": "alerts", "row": {"rule": "r", "labels": "k", "ended": 0, "body": "{}"}}',  # noqa: E501
            "cannot be read: alerts, row 1",
        ),
    ],
)
def test_what_is_no_state_changes_nothing(tmp_path: Path, text: str, error: str) -> None:
    path = tmp_path / "new.db"
    with pytest.raises(StoreError, match=error.replace("{", r"\{")):
        transfer.load(text.splitlines() or [""], path)
    begun = "\n" in text  # the first line was fine
    assert [one.name for one in tmp_path.iterdir()] == ["new.db.lock"] * begun


def test_what_is_no_database_of_ours_is_not_exported(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with pytest.raises(StoreError, match="there is no such file"):
        lines(other)
    sqlite3.connect(other).execute("CREATE TABLE x (y)").connection.close()
    with pytest.raises(StoreError, match="not a database of alertd's"):
        lines(other)


async def test_before_it_is_migrated_a_database_is_copied(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as db:
        db.executescript(f"{migrations()[0]}; PRAGMA user_version = 1")
    db.close()
    await state_at(path)
    await state_at(path)
    (copy,) = tmp_path.glob("old.db.schema-*")
    assert copy.name == "old.db.schema-1-1"
    assert json.loads(lines(copy)[0])["schema"] == 1
    assert json.loads(lines(path)[0])["schema"] == len(migrations())
