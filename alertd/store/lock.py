"""Keeps a second daemon off the same database; the kernel lets go of the lock however the process ends."""

import contextlib
import fcntl
import os
from pathlib import Path

from alertd.errors import StoreError
from alertd.store.faults import explain


class Lock:
    """An exclusive flock on a file that also names the process holding it. The file itself stays."""

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
            holder = os.read(self._file, 32).decode(errors="replace").strip()
            self.release()
            raise _refusal(path, holder, error) from error
        with contextlib.suppress(OSError):  # a full disk: the lock holds without the name
            os.truncate(self._file, 0)
            os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let go; calling it again does nothing."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1


def _refusal(path: Path, holder: str, error: OSError) -> StoreError:
    if not isinstance(error, BlockingIOError):
        return explain(error, path)
    return StoreError(
        f"{path}: another alertd (pid {holder or 'unknown'}) uses this database: stop it, or choose another storage.url"
    )
