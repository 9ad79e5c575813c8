"""The lines: what every integration has been told about every group, and which messages are under way."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from alertd.core.dedup import Line
from alertd.core.delivery import Dead, Delivery, Outcome, Sent, Status
from alertd.core.storms import is_gathering
from alertd.core.told import Cooling, Told, chill

LineId = tuple[str, str]  # group key, integration id


class Lines:
    """A mapping of lines that follows the outbox; whatever is not in it has never been told anything."""

    def __init__(self) -> None:
        self._lines: dict[LineId, Line] = {}
        self._under_way: set[LineId] = set()
        self._cooling: dict[str, dict[str, Cooling]] = {}  # by integration and incident, in whatever group it was told

    def restore(self, told: Sequence[Delivery], now: datetime) -> Mapping[str, datetime]:
        """Take in what was told before the restart, oldest first; every group's last flush."""
        flushed: dict[str, datetime] = {}
        for delivery in told:
            line_id = (delivery.group, delivery.integration)
            line = self.get(*line_id)
            if delivery.status is Status.PENDING:
                self._lines[line_id] = line.after(delivery)
            else:
                self._tell(line_id, line.waiting, delivery, now)
            flushed[delivery.group] = delivery.at
        return flushed

    def get(self, group: str, integration: str) -> Line:
        """What this integration has been told about this group."""
        line = self._lines.get((group, integration))
        return line if line is not None else Line(cooling=self._cooling.setdefault(integration, {}))

    def free(self, group: str, integrations: Iterable[str]) -> dict[str, Line]:
        """The lines of a group on which something may be said now."""
        return {name: self.get(group, name) for name in integrations if not self.is_busy(group, name)}

    def is_busy(self, group: str, integration: str) -> bool:
        """True while a message is under way on this line."""
        return (group, integration) in self._under_way

    def put(self, lines: Mapping[LineId, Line]) -> None:
        """Take over lines as a decision left them."""
        self._lines.update(lines)

    def claimed(self, deliveries: Iterable[Delivery]) -> None:
        """These are under way: nothing else may be said on their lines until they are settled."""
        self._under_way.update((delivery.group, delivery.integration) for delivery in deliveries)

    def given_back(self, deliveries: Iterable[Delivery]) -> None:
        """These are not under way any more, and were not tried."""
        self._under_way.difference_update((delivery.group, delivery.integration) for delivery in deliveries)

    def settled(self, delivery: Delivery, outcome: Outcome | None, now: datetime) -> None:
        """An attempt is over; without an outcome it could not be written down, and the end of the lease will tell."""
        line_id = (delivery.group, delivery.integration)
        self._under_way.discard(line_id)
        line = self.get(*line_id)
        if isinstance(outcome, Sent):
            self._tell(line_id, None, delivery, now)
        elif isinstance(outcome, Dead) and delivery.status is Status.DEAD:
            self._lines[line_id] = Line(line.told, None, line.last, line.cooling)
        elif outcome is None and line.waiting is not None and line.waiting.id == delivery.id:
            self._lines[line_id] = line.after(replace(delivery, attempts=delivery.attempts + 1))
        elif outcome is not None and delivery.status is Status.PENDING:
            self._lines[line_id] = line.after(delivery)

    def give_up(self, group: str, integration: str) -> None:
        """Nothing more is owed here: its group is no more, and its last word was refused for good."""
        line = self.get(group, integration)
        self._lines[group, integration] = Line(Told(line.told.at), None, line.last, line.cooling)

    def drop_finished(self, groups: Collection[str], now: datetime) -> None:
        """Forget the lines of all groups but these, unless something is owed on them or a cooldown still runs."""
        self._lines = {line_id: line for line_id, line in self._lines.items() if line_id[0] in groups or line.owes(now)}
        for cooling in self._cooling.values():
            for incident in [incident for incident, one in cooling.items() if one.until <= now]:
                del cooling[incident]

    def cooling(self, now: datetime) -> int:
        """How many cooldowns run, counted for each integration."""
        return sum(one.until > now for incidents in self._cooling.values() for one in incidents.values())

    def owing(self) -> Iterator[tuple[LineId, Line]]:
        """The free lines on which something is open or waiting."""
        return (
            (line_id, line) for line_id, line in self._lines.items() if not line.idle and line_id not in self._under_way
        )

    def known(self) -> Iterator[tuple[LineId, Line]]:
        """All lines, also those with a message under way."""
        return iter(self._lines.items())

    def waiting_since(self) -> datetime | None:
        """When the oldest message that waits was decided."""
        waiting = (line.waiting for line in self._lines.values())
        return min((one.at for one in waiting if one is not None and one.notification is not None), default=None)

    def gathered(self) -> dict[str, set[str]]:
        """By group, the alerts that are told together because of a storm."""
        together: dict[str, set[str]] = {}
        for (group, _), line in self._lines.items():
            if is_gathering(group):
                together.setdefault(group, set()).update(line.names)
        return together

    def _tell(self, line_id: LineId, waiting: Delivery | None, delivery: Delivery, now: datetime) -> None:
        told, cooling = delivery.told_now, self._cooling.setdefault(line_id[1], {})
        for incident, one in told.cooling.items():
            if one.until > now:
                _renew(cooling, incident, one, now)
        self._lines[line_id] = Line(told, waiting, delivery.id, cooling)


def _renew(cooling: dict[str, Cooling], incident: str, one: Cooling, now: datetime) -> None:
    if incident in cooling and cooling[incident].until <= now:
        del cooling[incident]
    chill(cooling, incident, one)
