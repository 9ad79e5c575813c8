"""Turns what SQLite and the file system say into one sentence that says what, where, and what to do."""

import sqlite3
from pathlib import Path

from alertd.errors import StoreError

_ASIDE = "restart alertd: it keeps a database of its own that is damaged aside, and begins with an empty state"
_ADVICE = {
    sqlite3.SQLITE_FULL: "make room on the disk; alertd goes on by itself",
    sqlite3.SQLITE_IOERR: "look at the disk (dmesg, df, quotas); alertd tries again with the next write",
    sqlite3.SQLITE_READONLY: "make the file and its directory writable for the user that alertd runs as",
    sqlite3.SQLITE_CANTOPEN: "make the file and its directory readable and writable for the user that alertd runs as",
    sqlite3.SQLITE_PERM: "make the file and its directory readable and writable for the user that alertd runs as",
    sqlite3.SQLITE_BUSY: "another program holds the database; end it, or let it finish",
    sqlite3.SQLITE_LOCKED: "another program holds the database; end it, or let it finish",
    sqlite3.SQLITE_NOTADB: f"it is not an SQLite database, or it is damaged; {_ASIDE}",
    sqlite3.SQLITE_CORRUPT: f"it is damaged; {_ASIDE}",
    sqlite3.SQLITE_TOOBIG: "a value is larger than SQLite can hold",
}


def explain(error: Exception, path: Path) -> StoreError:
    """The StoreError for an error that SQLite or the file system raised about the database at this path."""
    if isinstance(error, OSError):
        return StoreError(
            f"{path}: the state cannot be opened ({error}): choose another storage.url, or repair that place"
        )
    code = getattr(error, "sqlite_errorcode", None)
    advice = _ADVICE.get(code & 0xFF) if code is not None else None
    return StoreError(": ".join(part for part in (str(path), str(error), advice) if part))
