"""Which files a configuration was read from, and whether they have changed since; also when a link is swapped."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

Stamp = frozenset[tuple[str, int, int, int]]


def stamp(paths: Iterable[Path]) -> Stamp:
    """What these files are now: where they really lie, and when they were written. Never raises."""
    return frozenset(_stamps(paths))


def _stamps(paths: Iterable[Path]) -> Iterator[tuple[str, int, int, int]]:
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue
        yield os.path.realpath(path), status.st_ino, status.st_mtime_ns, status.st_size


class Watch:
    """Tells a change once it is complete: once two looks at the files have shown the same."""

    def __init__(self, known: Callable[[], Stamp], look: Callable[[], Stamp]) -> None:
        self._known, self._look = known, look
        self._seen: Stamp | None = None
        self._told: Stamp | None = None

    def changed(self) -> bool:
        """True once for files that are other than known, and have come to rest."""
        before, self._seen = self._seen, self._look()
        if self._seen in (self._known(), self._told) or self._seen != before:
            return False
        self._told = self._seen
        return True
