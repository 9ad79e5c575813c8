"""Brings a database to the schema that this alertd knows: numbered files, forward only, one transaction each.

Before the first of them a copy is made beside the database, so that the older alertd can be run again.
"""

from importlib.resources import files
from pathlib import Path
from sqlite3 import Connection

from alertd.errors import StoreError
from alertd.store.rescue import free


def migrate(db: Connection, path: Path, *, until: int | None = None, keep: bool = True) -> None:
    """Run the migrations that this database has not seen, up to that schema. `keep`: make a copy first.

    Raises StoreError if it is newer than this, or not ours.
    """
    scripts = migrations()[:until]
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    if version > len(scripts):
        raise StoreError(
            f"{path}: written by a newer alertd (schema {version}, this one knows {len(scripts)}): "
            "run that version again, or restore a copy of the state from before the upgrade"
        )
    if version == 0 and db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise StoreError(f"{path}: a database of another program: choose another storage.url")
    if keep and 0 < version < len(scripts):
        db.execute("VACUUM INTO ?", (str(free(path, f"schema-{version}")),))
    for number, script in enumerate(scripts[version:], start=version + 1):
        _run(db, number, script)


def migrations() -> list[str]:
    """The scripts, in order; the first takes an empty database to schema 1."""
    folder = files("alertd.store").joinpath("migrations")
    return [file.read_text() for file in sorted(folder.iterdir(), key=lambda file: file.name) if file.name[0].isdigit()]


def _run(db: Connection, number: int, script: str) -> None:
    try:
        db.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;")
    finally:
        if db.in_transaction:
            db.rollback()
