"""The agenda: which of many groups is due next, without looking at all of them."""

from collections.abc import Iterator
from datetime import datetime
from heapq import heappop, heappush

from alertd.core.groups import Group


class Agenda:
    """A heap of instants. An entry counts only while its group still is due then, so that nothing is ever removed."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, str]] = []

    def note(self, group: Group) -> None:
        """Remember when this group is due."""
        if group.due_at is not None:
            heappush(self._heap, (group.due_at, group.key))

    def next_due(self) -> datetime | None:
        """The earliest instant noted; it may turn out to be stale."""
        return self._heap[0][0] if self._heap else None

    def take(self, now: datetime) -> Iterator[tuple[datetime, str]]:
        """Every entry that has come, earliest first."""
        while self._heap and self._heap[0][0] <= now:
            yield heappop(self._heap)
