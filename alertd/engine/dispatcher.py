"""The dispatcher: keeps the groups, flushes those that are due, and writes what was decided into the outbox."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alertd.core.alerts import Alert, Transition
from alertd.core.board import Board
from alertd.core.dedup import next_look
from alertd.core.delivery import Dead, Delivery, Outcome, Retry
from alertd.core.flush import Flush, flush, forgettable
from alertd.core.groups import AlertId, Group, group_key
from alertd.core.mutes import Mutes, Nothing
from alertd.core.receivers import Integration
from alertd.core.routes import Route, group_labels, routes_of
from alertd.engine.adoption import adopt
from alertd.engine.agenda import Agenda
from alertd.engine.lines import Lines
from alertd.errors import StoreError
from alertd.events import GroupFlushed, Trouble
from alertd.ports import Clock, Observer, Store

_AT_ONCE = 200  # groups flushed in one transaction: enough to share its cost, few enough to go out soon
_AFTER_FAILURE = timedelta(seconds=5)
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Routing:
    """What the configuration says about telling people."""

    root: Route
    receivers: Mapping[str, Sequence[Integration]]
    external_url: str = ""
    mutes: Mutes = field(default_factory=Nothing)

    def of(self, route: Route) -> Sequence[Integration]:
        """The integrations that a route tells."""
        return self.receivers.get(route.receiver, ())


class Dispatcher:
    """Groups, and what was told about them. `receive` takes transitions in, `claim` and `settled` are the courier's."""

    def __init__(self, routing: Routing, board: Board, store: Store, observer: Observer, clock: Clock) -> None:
        self._routing, self._board, self._store = routing, board, store
        self._observer, self._clock = observer, clock
        self._groups: dict[str, Group] = {}
        self._homes: dict[AlertId, set[str]] = {}
        self._lines = Lines()
        self._agenda = Agenda()
        self._held: set[str] = set()  # groups that were flushed while a message of theirs was under way
        self._rerouted = False  # lines may have lost their groups
        self._door = asyncio.Lock()  # between deciding and claiming, so that a decision knows what is under way
        self.wake = asyncio.Event()
        self.posted = asyncio.Event()
        self._posted: set[str] = set()

    # What the store remembers, and what the configuration says.

    def restore(self, told: Sequence[Delivery]) -> None:
        """Build the groups from the alerts on the board and from what was told before the restart."""
        self._rebuild(self._lines.restore(told))

    def reroute(self, routing: Routing) -> None:
        """Build the groups anew for other routes; the next step sees to what was told in groups that are no more."""
        self._routing = routing
        self._rebuild({key: group.flushed_at for key, group in self._groups.items() if group.flushed_at})

    # What the evaluator and the courier say.

    def receive(self, transitions: Iterable[Transition], now: datetime) -> None:
        """Alerts began or ended: their groups have to look again."""
        for transition in transitions:
            alert = transition.after
            if alert is not None and (alert.firing or alert.resolved):
                self._insert(alert, now)
                self.wake.set()

    async def claim(self, integration: str, now: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        """Lease deliveries for the courier; until they are settled nothing else is decided on their lines."""
        async with self._door:
            claimed = await self._store.claim(integration, now, until, limit)
            self._lines.claimed(claimed)
        return claimed

    def take_posted(self) -> set[str]:
        """The integrations with new deliveries since the last call."""
        posted, self._posted = self._posted, set()
        return posted

    def settled(self, delivery: Delivery, outcome: Outcome | None) -> None:
        """The courier is done with an attempt; `delivery` is as the store has it now."""
        self._lines.settled(delivery, outcome)
        group = self._groups.get(delivery.group)
        if group is None:
            self._rerouted = True
            self.wake.set()
            return
        self._schedule(group, self._next_look(group, delivery.integration, outcome))

    def forget_finished(self, now: datetime) -> None:
        """Drop what is remembered of groups that are no more and to which nothing is owed."""
        self._lines.drop_finished(self._groups.keys(), now)

    # The loop.

    def next_due(self) -> datetime | None:
        """When the next group is due."""
        return self._agenda.next_due()

    async def run(self) -> None:
        """Flush for ever."""
        while True:
            await self._clock.sleep_until(self.next_due(), self.wake)
            await self.step(self._clock.now())

    async def step(self, now: datetime) -> None:
        """Flush every group that is due; what could not be written is due again shortly."""
        if self._rerouted:
            await self._adopt(now)
        due = dict.fromkeys(key for at, key in self._agenda.take(now) if self._is_due(key, at))
        keys = list(due)
        for begin in range(0, len(keys), _AT_ONCE):
            async with self._door:
                await self._flush([self._groups[key] for key in keys[begin : begin + _AT_ONCE]], now)

    async def _flush(self, groups: Sequence[Group], now: datetime) -> None:
        results = [(group, self._decide(group, now)) for group in groups]
        deliveries = [delivery for _, result in results for delivery in result.deliveries]
        leaving = [(group, self._leaving(group, result)) for group, result in results]
        gone = self._homeless(leaving)
        try:
            if deliveries or gone:
                await self._store.commit(deliveries, gone)
        except StoreError as error:
            self._observer.notice(Trouble("the outbox could not be written", str(error)))
            self._postpone(groups, now + _AFTER_FAILURE)
            return
        for (group, result), (_, left) in zip(results, leaving, strict=True):
            self._take_over(group, result, left, now)
        self._post(deliveries)

    def _decide(self, group: Group, now: datetime) -> Flush:
        key, integrations = group.key, self._routing.of(group.route)
        lines = self._lines.free(key, (one.id for one in integrations))
        if len(lines) < len(integrations):
            self._held.add(key)
        alerts = self._board.tellable(group.members)
        at = max(now, group.flushed_at + _MOMENT) if group.flushed_at else now
        return flush(group, alerts, integrations, lines, self._routing.mutes, self._routing.external_url, at)

    def _leaving(self, group: Group, result: Flush | None) -> list[AlertId]:
        decided = result.lines if result else {}
        key, integrations = group.key, self._routing.of(group.route)
        lines = [decided.get(one.id) or self._lines.get(key, one.id) for one in integrations]
        return forgettable(self._board.tellable(group.members), lines)

    def _homeless(self, leaving: Sequence[tuple[Group, Sequence[AlertId]]]) -> list[AlertId]:
        left: dict[AlertId, set[str]] = {}
        for group, ids in leaving:
            for alert_id in ids:
                left.setdefault(alert_id, set()).add(group.key)
        return [alert_id for alert_id, groups in left.items() if self._homes.get(alert_id, groups) <= groups]

    def _take_over(self, group: Group, result: Flush, leaving: Iterable[AlertId], now: datetime) -> None:
        key = group.key
        self._lines.put({(key, integration): line for integration, line in result.lines.items()})
        for alert_id in leaving:
            self._leave(group, alert_id)
        group.flushed(max((delivery.at for delivery in result.deliveries), default=None))
        self._schedule(group, result.due_at)
        for verdict in result.verdicts:
            self._observer.notice(GroupFlushed(key, now, verdict))
        if not group.members:
            del self._groups[key]

    def _leave(self, group: Group, alert_id: AlertId) -> None:
        group.members.pop(alert_id, None)
        homes = self._homes.get(alert_id, set())
        homes.discard(group.key)
        if not homes:
            self._homes.pop(alert_id, None)
            self._board.forget(alert_id)

    # When to look again.

    def _is_due(self, key: str, at: datetime) -> bool:
        group = self._groups.get(key)
        return group is not None and group.due_at == at

    def _next_look(self, group: Group, integration: str, outcome: Outcome | None) -> datetime | None:
        now = self._clock.now()
        if group.key in self._held:
            self._held.discard(group.key)
            return now
        if isinstance(outcome, Dead) or outcome is None:
            return group.next_tick(now + _MOMENT)
        if isinstance(outcome, Retry):
            return None
        if len(self._leaving(group, None)) == len(group.members):
            return now
        return self._look_ahead(group, integration, now)

    def _look_ahead(self, group: Group, integration: str, now: datetime) -> datetime | None:
        line = self._lines.get(group.key, integration)
        again = next_look(self._board.tellable(group.members), line, group.route, now)
        return again and max(again, now)

    def _schedule(self, group: Group, at: datetime | None) -> None:
        if at is not None:
            group.look_at(at)
            self._agenda.note(group)
            self.wake.set()

    def _postpone(self, groups: Iterable[Group], at: datetime) -> None:
        for group in groups:
            group.due_at = at
            self._agenda.note(group)

    def _post(self, deliveries: Iterable[Delivery]) -> None:
        names = {delivery.integration for delivery in deliveries if delivery.notification is not None}
        if names:
            self._posted |= names
            self.posted.set()

    # Groups, and whose they are.

    def _rebuild(self, flushed: Mapping[str, datetime]) -> None:
        now = self._clock.now()
        self._groups, self._homes, self._agenda = {}, {}, Agenda()
        alerts = [alert for alert in self._board.all() if alert.firing or alert.resolved]
        for alert in sorted(alerts, key=lambda alert: alert.fired_at or now):
            self._insert(alert, now, flushed)
        for group in self._groups.values():
            for integration in self._routing.of(group.route):
                self._schedule(group, self._look_ahead(group, integration.id, now))
        self._rerouted = True
        self.wake.set()

    def _insert(self, alert: Alert, now: datetime, flushed: Mapping[str, datetime] | None = None) -> None:
        for route in routes_of(self._routing.root, alert):
            labels = group_labels(route, alert.labels)
            key = group_key(route, labels)
            group = self._groups.get(key)
            if group is None:
                group = self._groups[key] = Group(route, labels, flushed_at=_since(alert, (flushed or {}).get(key)))
            group.insert(alert, now)
            self._agenda.note(group)
            self._homes.setdefault(alert.id, set()).add(key)

    async def _adopt(self, now: datetime) -> None:
        async with self._door:
            orphans = {line_id: line for line_id, line in self._lines.owing() if not self._is_served(*line_id)}
            integrations = {one.id: one for some in self._routing.receivers.values() for one in some}
            alerts = {alert.labels.key: alert for alert in self._board.all() if alert.firing or alert.resolved}
            adoption = adopt(orphans, alerts, self._heirs, self._lines.get, integrations, now)
            try:
                if adoption.deliveries:
                    await self._store.commit(adoption.deliveries, ())
            except StoreError as error:
                self._observer.notice(Trouble("the outbox could not be written", str(error)))
                return
            self._lines.put(adoption.lines)
            self._rerouted = False
            self._post(adoption.deliveries)

    def _is_served(self, key: str, integration: str) -> bool:
        group = self._groups.get(key)
        return group is not None and any(one.id == integration for one in self._routing.of(group.route))

    def _heirs(self, alert: Alert, integration: str) -> Iterator[str]:
        return (key for key in self._homes.get(alert.id, ()) if self._is_served(key, integration))


def _since(first: Alert, flushed: datetime | None) -> datetime | None:
    """The last flush of a group, unless it belongs to an earlier life of it, before its first alert began."""
    return flushed if flushed and first.fired_at and first.fired_at <= flushed else None
