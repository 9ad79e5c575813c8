"""The succession: when an adoption is due, what it waits for, and how it is written."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from alertd.core.alerts import Alert
from alertd.core.board import Board
from alertd.core.delivery import Delivery
from alertd.core.groups import Group
from alertd.core.receivers import Integration
from alertd.engine.adoption import Adoption, adopt, leaving
from alertd.engine.groups import Groups
from alertd.engine.lines import LineId, Lines
from alertd.engine.routing import Routing
from alertd.errors import StoreError
from alertd.events import Kind, Trouble
from alertd.ports import Observer, Store

_AFTER_FAILURE = timedelta(seconds=5)


class Succession:
    """Between the lines, which outlive a routing tree, and the groups of the present one (`follow`).

    `due_at`: when to adopt, because lines may have lost their groups; until then nothing else is to be decided.
    """

    def __init__(self, routing: Routing, groups: Groups, board: Board, lines: Lines, store: Store, observer: Observer):
        self._routing, self._groups = routing, groups
        self._board, self._lines, self._store, self._observer = board, lines, store, observer
        self.due_at: datetime | None = None
        self._awaited: Mapping[str, Collection[str]] = {}  # alerts an adoption waits for, by integration
        self._last_words = False  # of groups that are no more wait to be said
        self._withheld: set[str] = set()  # groups that meanwhile forgot nobody

    def follow(self, routing: Routing, groups: Groups, now: datetime) -> None:
        """Other routes: at the next step the new groups inherit what was told in the old ones."""
        self._routing, self._groups, self.due_at = routing, groups, now

    def clock_jumped(self, now: datetime) -> None:
        """The clock was set: whatever is due at some hour is due now."""
        self.due_at = self.due_at and now

    def fired(self, now: datetime) -> None:
        """An alert fires: a last word that waits may not be true any more."""
        if self._last_words:
            self.due_at = self.due_at or now

    def settled(self, key: str, integration: str, now: datetime) -> bool:
        """A message is under way no more; True if somebody waited for it, or its group is no more."""
        touched = bool(self._awaited) or self.served(key, integration) is None
        if touched:
            self.due_at = now
        return touched

    def served(self, key: str, integration: str) -> Group | None:
        """The group, if this integration is told of it."""
        group = self._groups.get(key)
        return group if group and any(one.id == integration for one in self._routing.of(group.route)) else None

    def speaking(self, group: Group, integrations: Sequence[Integration]) -> Sequence[str]:
        """Those of a group's integrations that can be told of it: for the others it has not inherited all yet."""
        able = [one.id for one in integrations if not self._is_awaited(group, one.id)]
        if len(able) < len(integrations):
            self._withheld.add(group.key)
        return able

    def forgettable(self, group: Group, done: Sequence[Alert]) -> Sequence[Alert]:
        """None of the alerts while an adoption waits, which may find that somebody was told of one."""
        if done and self._awaited:
            self._withheld.add(group.key)
            return ()
        return done

    async def step(self, now: datetime) -> Sequence[Delivery]:
        """Adopt if it is due, and return what was written; what could not be written is tried again later."""
        if self.due_at is None or self.due_at > now:
            return ()
        self.due_at = None
        adoption = self._adoption(now)
        try:
            if adoption.deliveries:
                await self._store.commit(adoption.deliveries, ())
        except StoreError as error:
            self._observer.notice(Trouble("the outbox could not be written", str(error), Kind.STATE))
            self.due_at = now + _AFTER_FAILURE
            return ()
        self._take_over(adoption, now)
        return adoption.deliveries

    def _adoption(self, now: datetime) -> Adoption:
        orphans = {line_id: line for line_id, line in self._lines.owing() if not self.served(*line_id)}
        integrations = {one.id: one for some in self._routing.receivers.values() for one in some}
        alerts = {alert.labels.key: alert for alert in sorted(self._board.all(), key=lambda one: one.firing)}
        return adopt(orphans, self._part(alerts, now), alerts, self._heirs, self._lines, integrations, now)

    def _take_over(self, adoption: Adoption, now: datetime) -> None:
        self._awaited, self._last_words = adoption.awaited, adoption.last_words
        self._lines.put(adoption.lines)
        for group in filter(None, map(self._groups.get, {*adoption.replaced, *self._withheld})):
            self._groups.schedule(group, now)
        self._withheld.clear()

    def _part(self, alerts: Mapping[str, Alert], now: datetime) -> Mapping[LineId, Collection[str]]:
        """Find who left groups that go on. Those that are told to the same integration elsewhere are returned, the
        others end where they were; nobody goes while a message is under way.
        """
        moved: dict[LineId, set[str]] = {}
        for (key, name), gone in leaving(self._lines, self.served):
            group = self.served(key, name)
            if self._lines.is_busy(key, name):
                moved[key, name] = gone
                continue
            if group is None:
                continue
            for alert in (alerts[one] for one in gone & alerts.keys()):
                if any(self._heirs(alert, name)):
                    moved.setdefault((key, name), set()).add(alert.labels.key)
                elif alert.firing or alert.resolved:
                    self._groups.part(group, alert.id, now)
                    self._groups.schedule(group, group.next_tick(now))
        return moved

    def _heirs(self, alert: Alert, integration: str) -> Iterator[str]:
        homes = ((key, self.served(key, integration)) for key in self._groups.homes(alert.id))
        return (key for key, group in homes if group and alert.id not in group.departed)

    def _is_awaited(self, group: Group, integration: str) -> bool:
        awaited = self._awaited.get(integration, ())
        return bool(awaited) and not group.keys.isdisjoint(awaited)
