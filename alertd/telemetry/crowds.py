"""What comes in crowds has a line each as long as there are few, and then a number."""

from collections.abc import Hashable, Iterator
from datetime import datetime, timedelta
from typing import Generic, TypeVar

_MOST = 100
_WINDOW = timedelta(seconds=10)

K = TypeVar("K", bound=Hashable)


class Crowds(Generic[K]):
    """Counts what there is of each kind within a window."""

    def __init__(self) -> None:
        self._begun: datetime | None = None
        self._counts: dict[K, int] = {}

    def lets(self, kind: K) -> bool:
        """Whether one more of this kind has a line."""
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        return count <= _MOST

    def over(self, at: datetime) -> Iterator[tuple[K, int]]:
        """Once the window is over, or the clock was set, how many of each kind have had none; another begins now."""
        if self._begun is not None and abs(at - self._begun) < _WINDOW:
            return
        counts, self._begun, self._counts = self._counts, at, {}
        for kind, count in counts.items():
            if count > _MOST:
                yield kind, count - _MOST
