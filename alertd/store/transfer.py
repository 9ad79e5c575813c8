"""The state as lines of JSON: to keep, to look into, or to take to another machine, also from an older alertd.

    {"alertd": "state", "schema": 4}
    {"table": "alerts", "row": {"rule": "…", "labels": "…", "ended": 0, "body": "…"}}

Instants are microseconds since 1970, as in the database; what is not text there is `{"base64": "…"}`.
"""

import base64
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from alertd.errors import StoreError
from alertd.store import tables
from alertd.store.faults import explain
from alertd.store.lock import Lock
from alertd.store.rescue import set_aside
from alertd.store.schema import migrate, migrations

_OURS = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
_SETTINGS = ("PRAGMA auto_vacuum = INCREMENTAL", "PRAGMA synchronous = FULL")


def export(path: Path) -> Iterator[str]:
    """The lines of one instant; a running daemon is not disturbed. Raises StoreError."""
    if not path.is_file():
        raise StoreError(f"{path}: there is no such file")
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)) as db:
            db.row_factory = sqlite3.Row
            db.execute("BEGIN")
            version: int = db.execute("PRAGMA user_version").fetchone()[0]
            if not version:
                raise StoreError(f"{path}: not a database of alertd's")
            yield _line({"alertd": "state", "schema": version})
            for (table,) in db.execute(_OURS).fetchall():
                for row in db.execute(f"SELECT * FROM {table}"):  # noqa: S608 - a name from the database itself
                    yield _line({"table": table, "row": {name: _out(row[name]) for name in row.keys()}})  # noqa: SIM118
    except sqlite3.Error as error:
        raise explain(error, path) from error


def load(lines: Iterable[str], path: Path, *, replace: bool = False) -> Mapping[str, int]:
    """Make a database of exported lines; how many rows of which table. Raises StoreError, and then nothing is changed.

    A database that is there is not touched, unless it is to be replaced: then it is kept aside.
    """
    numbered = enumerate(lines, start=1)
    schema = _schema(next(numbered, (1, ""))[1])  # before anything is touched
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain(error, path) from error
    lock = Lock(path.with_name(path.name + ".lock"))
    try:
        if path.exists() and not replace:
            raise StoreError(f"{path}: there is a state already; --replace keeps it aside and takes this one")
        made = path.with_name(path.name + ".import")
        made.unlink(missing_ok=True)
        try:
            counts = _build(numbered, schema, made)
            if path.exists():
                set_aside(path, "replaced")
            made.rename(path)
        except OSError as error:
            raise explain(error, path) from error
        finally:
            made.unlink(missing_ok=True)
        lock.vouch()
        return counts
    finally:
        lock.release()


def _build(numbered: Iterator[tuple[int, str]], schema: int, path: Path) -> Mapping[str, int]:
    counts: Counter[str] = Counter()
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            for setting in _SETTINGS:
                db.execute(setting)
            migrate(db, path, until=schema)
            db.execute("BEGIN IMMEDIATE")
            for number, line in numbered:
                counts[_add(db, number, line)] += 1
            db.execute("COMMIT")
            migrate(db, path, keep=False)
            if damage := tables.load(db).damage:
                raise StoreError(f"what was exported cannot be read: {'; '.join(damage[:3])}")
    except sqlite3.Error as error:
        raise explain(error, path) from error
    return counts


def _schema(line: str) -> int:
    header = _read(1, line)
    version = header.get("schema")
    if header.get("alertd") != "state" or not isinstance(version, int) or version < 1:
        raise StoreError('this is no exported state: its first line should be like {"alertd": "state", "schema": 4}')
    if version > len(migrations()):
        raise StoreError(f"exported by a newer alertd (schema {version}, this one knows {len(migrations())})")
    return version


def _add(db: sqlite3.Connection, number: int, line: str) -> str:
    found = _read(number, line)
    table, row = found.get("table"), found.get("row")
    known = {name for (name,) in db.execute(_OURS)}
    if table not in known or not isinstance(row, dict):
        raise StoreError(f"line {number}: not a row of {', '.join(sorted(known))}")
    columns = {one[1] for one in db.execute(f"PRAGMA table_info({table})")}
    if strange := row.keys() - columns:
        raise StoreError(f"line {number}: {table} has no column {', '.join(sorted(strange))}")
    names = ", ".join(row)
    places = ", ".join("?" * len(row))
    values = [_in(number, value) for value in row.values()]
    try:
        db.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", values)  # noqa: S608 - names that were checked
    except sqlite3.IntegrityError as error:
        raise StoreError(f"line {number}: {error}") from error
    return str(table)


def _read(number: int, line: str) -> dict[str, Any]:
    with suppress(ValueError):
        found = json.loads(line)
        if isinstance(found, dict):
            return found
    raise StoreError(f"line {number}: not a JSON object")


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def _out(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _in(number: int, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    try:
        return base64.b64decode(value["base64"], validate=True)
    except (KeyError, ValueError) as error:
        raise StoreError(f"line {number}: not base64: {error}") from error
