"""Keeps a second daemon off the same database; the kernel lets go of the lock however the process ends.

The file of the lock also bears witness that the database beside it is alertd's, when nothing in that can be read.
"""

import contextlib
import fcntl
import os
from pathlib import Path

from alertd.errors import HeldError, StoreError
from alertd.store.faults import explain

_OURS = "alertd"


class Lock:
    """An exclusive flock on a file that also names the process holding it. The file itself stays.

    `ours`: the database has been opened before.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock, or raise a StoreError that names the holder."""
        self.path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise explain(error, path) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._file, 32).decode(errors="replace").partition(" ")[0].strip()
            self.release()
            raise _refusal(path, holder, error) from error
        self.ours = _OURS in os.read(self._file, 64).decode(errors="replace").split()
        self._write(f"{os.getpid()} {_OURS if self.ours else ''}\n")

    def vouch(self) -> None:
        """The database is alertd's."""
        if not self.ours:
            self.ours = True
            self._write(f"{os.getpid()} {_OURS}\n")

    def release(self) -> None:
        """Let go; calling it again does nothing."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):  # a full disk: the lock holds without the name
            os.truncate(self._file, 0)
            os.pwrite(self._file, text.encode(), 0)


def _refusal(path: Path, holder: str, error: OSError) -> StoreError:
    if not isinstance(error, BlockingIOError):
        return explain(error, path)
    return HeldError(f"{path}: another alertd (pid {holder or 'unknown'}) uses this database")
