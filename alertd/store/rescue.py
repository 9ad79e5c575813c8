"""What becomes of a database that is damaged: it is kept aside, so that the service goes on with an empty state."""

import sqlite3
from itertools import count
from pathlib import Path

from alertd.errors import StoreError
from alertd.store.faults import explain

_DAMAGE = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))


class DamageError(StoreError):
    """The file is no sound database."""


def check(db: sqlite3.Connection, path: Path) -> None:
    """Raises DamageError. Reads the whole file."""
    (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise DamageError(f"{path}: {' '.join(verdict.split())}")


def refusal(error: sqlite3.Error, path: Path) -> StoreError:
    """The error for one that SQLite raised while the file was opened."""
    told = explain(error, path)
    damage = getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE
    return DamageError(str(told)) if damage else told


def set_aside(path: Path, why: str = "damaged") -> Path:
    """Rename the file, and the log that belongs to it; returns its new name. Raises StoreError."""
    aside = free(path, why)
    try:
        for suffix in ("-wal", "-shm", ""):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
    except OSError as error:
        raise StoreError(f"{path} is {why} and cannot be kept aside ({error}): move it by hand") from error
    return aside


def free(path: Path, why: str) -> Path:
    """A name beside the file that nothing has yet: `alertd.db.damaged-1`."""
    return next(one for number in count(1) if not (one := path.with_name(f"{path.name}.{why}-{number}")).exists())
