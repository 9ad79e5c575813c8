"""The lines: what every integration has been told about every group, and which messages are under way."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from alertd.core.dedup import Line
from alertd.core.delivery import Dead, Delivery, Outcome, Sent, Status

LineId = tuple[str, str]  # group key, integration id


class Lines:
    """A mapping of lines that follows the outbox; whatever is not in it has never been told anything."""

    def __init__(self) -> None:
        self._lines: dict[LineId, Line] = {}
        self._under_way: set[LineId] = set()

    def restore(self, told: Sequence[Delivery]) -> Mapping[str, datetime]:
        """Take in what was told before the restart; every group's last flush."""
        flushed: dict[str, datetime] = {}
        for delivery in sorted(told, key=lambda delivery: delivery.at):
            line = self.get(delivery.group, delivery.integration)
            waiting = delivery.status is Status.PENDING
            after = Line(line.told, delivery) if waiting else Line(delivery.told_now, line.waiting)
            self._lines[delivery.group, delivery.integration] = after
            flushed[delivery.group] = delivery.at
        return flushed

    def get(self, group: str, integration: str) -> Line:
        """What this integration has been told about this group."""
        return self._lines.get((group, integration), Line())

    def free(self, group: str, integrations: Iterable[str]) -> dict[str, Line]:
        """The lines of a group on which something may be said now."""
        return {name: self.get(group, name) for name in integrations if (group, name) not in self._under_way}

    def put(self, lines: Mapping[LineId, Line]) -> None:
        """Take over lines as a decision left them."""
        self._lines.update(lines)

    def claimed(self, deliveries: Iterable[Delivery]) -> None:
        """These are under way: nothing else may be said on their lines until they are settled."""
        self._under_way.update((delivery.group, delivery.integration) for delivery in deliveries)

    def settled(self, delivery: Delivery, outcome: Outcome | None) -> None:
        """An attempt is over; without an outcome it could not be written down, and the end of the lease will tell."""
        line_id = (delivery.group, delivery.integration)
        self._under_way.discard(line_id)
        told = self.get(*line_id).told
        if isinstance(outcome, Sent):
            self._lines[line_id] = Line(delivery.told_now)
        elif isinstance(outcome, Dead):
            self._lines[line_id] = Line(told)
        elif outcome is not None:
            self._lines[line_id] = Line(told, delivery)

    def drop_finished(self, groups: Collection[str], now: datetime) -> None:
        """Forget the lines of all groups but these, unless something is owed on them or a cooldown still runs."""
        self._lines = {line_id: line for line_id, line in self._lines.items() if line_id[0] in groups or line.owes(now)}

    def owing(self) -> Iterator[tuple[LineId, Line]]:
        """The free lines on which something is open or waiting."""
        return (
            (line_id, line) for line_id, line in self._lines.items() if not line.idle and line_id not in self._under_way
        )
