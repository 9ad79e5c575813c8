"""The dispatcher: flushes the groups that are due, and writes what was decided into the outbox.

Only one thing is decided at a time (`_door`), and what is under way is known when it is. While a decision is being
written, alerts may begin and end: a group that is taken up is not due any more, so whatever happens to it makes it due
again, and nobody leaves it who is not the same as when it was decided.
"""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from alertd.core.alerts import Alert, Transition
from alertd.core.board import Board
from alertd.core.dedup import Line, next_look
from alertd.core.delivery import Dead, Delivery, Outcome, Retry
from alertd.core.flapping import Flapping, Spell
from alertd.core.flush import Flush, flush, forgettable
from alertd.core.groups import AlertId, Group
from alertd.core.inhibition import Inhibitor
from alertd.core.labels import Labels
from alertd.core.mutes import Mutes, Muting, Nothing
from alertd.core.silences import Silence, Silences
from alertd.engine.followed import Flushes
from alertd.engine.groups import Groups, by_age, in_parts
from alertd.engine.lines import Lines
from alertd.engine.muted import Muted
from alertd.engine.routing import Routing
from alertd.engine.succession import Succession
from alertd.errors import StoreError
from alertd.events import AlertGrouped, Considered, GroupFlushed, Kind, Trouble
from alertd.ports import Clock, Observer, Store

_AFTER_FAILURE = timedelta(seconds=5)
_MOMENT = timedelta(microseconds=1)
_TOGETHER = timedelta(seconds=1)  # in which groups with nothing left to say gather, to be forgotten in one transaction


@dataclass(frozen=True, slots=True)
class _Decided:
    """What a flush decided about a group; `done` are the members nobody has to be told of any more."""

    group: Group
    flush: Flush
    done: Sequence[Alert]


class Dispatcher:
    """Groups, what was told about them, and who is muted (`mutes`).

    `receive` takes transitions in, `silenced` silences; `claim` and `settled` are the courier's.
    """

    def __init__(
        self, routing: Routing, board: Board, silences: Silences, store: Store, observer: Observer, clock: Clock
    ) -> None:
        self._routing, self._board, self._store = routing, board, store
        self._observer, self._clock = observer, clock
        self._silences, self._inhibitor, self._flapping = silences, Inhibitor(), Flapping(routing.flapping)
        self.mutes: Mutes = Nothing()
        self._muted = Muted(observer)
        self._groups, self._lines = Groups(routing.root, routing.storms), Lines()
        self._succession = Succession(routing, self._groups, board, self._lines, store, observer)
        self._held: set[str] = set()  # groups that were flushed while a message of theirs was under way
        self._held_until: datetime | None = None
        self._door = asyncio.Lock()
        self.wake = asyncio.Event()
        self.posted = asyncio.Event()
        self._posted: set[str] = set()

    # What the store remembers, and what the configuration says.

    def restore(self, told: Sequence[Delivery], spells: Sequence[Spell] = ()) -> None:
        """Build the groups from the alerts on the board and from what was told before the restart."""
        self._flapping.restore(spells, list(self._board.all()))
        self._rebuild(self._lines.restore(told, self._clock.now()))

    async def reroute(self, routing: Routing) -> None:
        """Build the groups anew for other routes; the next step sees to what was told in groups that are no more."""
        async with self._door:
            self._routing, before = routing, self._groups
            self._flapping.follow(routing.flapping)
            self._rebuild({group.key: group.flushed_at for group in self._groups if group.flushed_at})
            for alert in self._board.all():
                if before.receivers(alert.id) != self._groups.receivers(alert.id):
                    self._notice_groups(alert, self._clock.now())

    def clock_jumped(self, by: timedelta) -> None:
        """The clock was set: look at every group now, rather than at an hour that may be far off."""
        now = self._clock.now()
        self._succession.clock_jumped(now)
        self._held_until = self._held_until and self._held_until + by
        self._flapping.clock_jumped(by)
        self._silences.look_again()
        for group in self._groups:
            self._schedule(group, now)

    def hold(self, until: datetime) -> None:
        """Tell nobody anything new before that."""
        self._held_until = until
        self.wake.set()

    # What the evaluator and the courier say.

    def receive(self, transitions: Sequence[Transition], now: datetime) -> None:
        """Alerts began or ended: their groups have to look again."""
        self._inhibitor.update(transitions)
        self._flapping.note(transitions)
        for transition in transitions:
            alert = transition.after
            if alert is not None and (alert.firing or alert.resolved):
                self._groups.insert(alert, now)
                if alert.firing:
                    self._succession.fired(now)
                self.wake.set()
                if transition.before is None or transition.before.state is not alert.state:
                    self._notice_groups(alert, now)

    def _notice_groups(self, alert: Alert, now: datetime) -> None:
        for group in filter(None, map(self._groups.get, sorted(self._groups.homes(alert.id)))):
            self._observer.notice(AlertGrouped(alert, group.route, group.key, group.labels, now, group.due_at))

    def silenced(self, silences: Sequence[Silence]) -> None:
        """Silences began, ended or changed: told groups that may hold their alerts look again at the next tick."""
        now = self._clock.now()
        for group in self._groups:
            if group.flushed_at is not None and any(group.may_hold(one.matchers) for one in silences):
                self._schedule(group, group.next_tick(now))

    async def claim(self, integration: str, now: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        """Lease deliveries for the courier; until they are settled nothing else is decided on their lines.

        One whose lease ran out while its attempt is still being written down is left to that attempt.
        """
        async with self._door:
            leased = await self._store.claim(integration, now, until, limit)
            claimed = [one for one in leased if not self._lines.is_busy(one.group, one.integration)]
            self._lines.claimed(claimed)
        return claimed

    def take_posted(self) -> set[str]:
        """The integrations with new deliveries since the last call."""
        posted, self._posted = self._posted, set()
        return posted

    def __len__(self) -> int:
        """How many groups there are."""
        return len(self._groups.keys())

    def settled(self, delivery: Delivery, outcome: Outcome | None) -> None:
        """The courier is done with an attempt; `delivery` is as the store has it now."""
        now, key, integration = self._clock.now(), delivery.group, delivery.integration
        self._lines.settled(delivery, outcome, now)
        group = self._succession.served(key, integration)
        if group is not None:
            self._schedule(group, self._next_look(group, integration, outcome, now))
        elif isinstance(outcome, Dead):
            self._lines.give_up(key, integration)
        if self._succession.settled(key, integration, now):
            self.wake.set()

    def given_back(self, deliveries: Sequence[Delivery]) -> None:
        """The courier has let go of deliveries it had not tried: what was put off because of them is decided now."""
        now = self._clock.now()
        self._lines.given_back(deliveries)
        for delivery in deliveries:
            group = self._succession.served(delivery.group, delivery.integration)
            if group is not None and group.key in self._held:
                self._held.discard(group.key)
                self._schedule(group, now)
            if self._succession.settled(delivery.group, delivery.integration, now):
                self.wake.set()

    def forget_finished(self, now: datetime) -> None:
        """Drop what is remembered of groups that are no more and to which nothing is owed."""
        self._lines.drop_finished(self._groups.keys(), now)
        self._flapping.tidy(now)

    def muted(self) -> Collection[Labels]:
        """The label sets of which somebody was not told at the last flush, because somebody mutes them."""
        return self._muted.labels()

    def cooling(self, now: datetime) -> int:
        """How many cooldowns run, counted for each integration."""
        return self._lines.cooling(now)

    def waiting_since(self) -> datetime | None:
        """When the oldest message that waits was decided."""
        return self._lines.waiting_since()

    def standing(self, alert: AlertId) -> Iterator[tuple[Group, Mapping[str, Line]]]:
        """The groups an alert is in, each with what its integrations have been told, for those who ask why."""
        for group in filter(None, map(self._groups.get, sorted(self._groups.homes(alert)))):
            yield group, {one.id: self._lines.get(group.key, one.id) for one in self._routing.of(group.route)}

    # The loop.

    def next_due(self) -> datetime | None:
        """When there is something to do next."""
        due = self._succession.due_at or self._groups.next_due()
        return max(due, self._held_until) if due and self._held_until else due

    async def run(self) -> None:
        """Flush for ever."""
        while True:
            await self._clock.sleep_until(self.next_due(), self.wake)
            await self.step(self._clock.now())

    async def step(self, now: datetime) -> None:
        """Flush every group that is due, urgent ones first; what could not be decided or written comes again."""
        if self._held_until and now < self._held_until:
            return
        self._held_until = None
        async with self._door:
            self._post(await self._succession.step(now))
        if self._succession.due_at is not None:  # nothing is decided before everybody has what was told them
            return
        due = sorted(self._groups.take_due(now), key=lambda group: group.urgency, reverse=True)
        for part in in_parts(due):
            async with self._door:
                await self._flush([group for group in part if self._is_current(group)], now)

    async def _flush(self, groups: Sequence[Group], now: datetime) -> None:
        with Flushes(self._observer) as spans:
            await self._flush_together(groups, spans, now)

    async def _flush_together(self, groups: Sequence[Group], spans: Flushes, now: datetime) -> None:
        decided = [one for group in groups if (one := self._decided(group, spans, now)) is not None]
        deliveries = [delivery for one in decided for delivery in one.flush.deliveries]
        gone = self._homeless(decided)
        before = [(one.group, one.group.flushed_at) for one in decided]
        for one in decided:  # what begins from here on waits for the next tick
            one.group.flushed_at = max((delivery.at for delivery in one.flush.deliveries), default=one.group.flushed_at)
        try:
            if deliveries or gone:
                await self._store.commit(deliveries, gone)
        except StoreError as error:
            self._observer.notice(Trouble("the outbox could not be written", str(error), Kind.STATE))
            spans.fail(str(error))
            for group, flushed_at in before:
                group.flushed_at = flushed_at
                self._schedule(group, now + _AFTER_FAILURE)
            return
        for one in decided:
            spans.within(one.group, partial(self._take_over, one, now))
            self._board.forget(alert for alert in one.done if alert.id in gone)
        self._post(deliveries)

    def _decided(self, group: Group, spans: Flushes, now: datetime) -> _Decided | None:
        try:
            result = spans.follow(group, self._decide(group, now))
            return _Decided(group, result, self._succession.forgettable(group, self._done(group, result)))
        except Exception as bug:  # of one group; the others are told all the same
            self._observer.notice(Trouble(f"group {group.key} could not be flushed", f"{type(bug).__name__}: {bug}"))
            self._schedule(group, now + _AFTER_FAILURE)
            return None

    def _decide(self, group: Group, now: datetime) -> Flush:
        key, integrations = group.key, self._routing.of(group.route)
        speaking = self._succession.speaking(group, integrations)
        lines = self._lines.free(key, speaking)
        if len(lines) < len(speaking):
            self._held.add(key)
        return flush(group, self._members(group), integrations, lines, self.mutes, self._routing.external_url, now)

    def _done(self, group: Group, result: Flush | None) -> Sequence[Alert]:
        decided = result.lines if result else {}
        key, integrations = group.key, self._routing.of(group.route)
        lines = [decided.get(one.id) or self._lines.get(key, one.id) for one in integrations]
        return forgettable(self._members(group), lines)

    def _homeless(self, decided: Iterable[_Decided]) -> Collection[AlertId]:
        left: dict[AlertId, set[str]] = {}
        for one in decided:
            for alert in one.done:
                left.setdefault(alert.id, set()).add(one.group.key)
        return {alert: None for alert, groups in left.items() if groups.issuperset(self._groups.homes(alert))}

    def _take_over(self, decided: _Decided, now: datetime) -> None:
        group, result = decided.group, decided.flush
        before = {one.integration: self._lines.get(group.key, one.integration) for one in result.verdicts}
        self._lines.put({(group.key, integration): line for integration, line in result.lines.items()})
        for alert in decided.done:
            if self._is_unchanged(group, alert):
                self._groups.leave(group, alert.id)
        self._schedule(group, result.due_at)
        written = {one.integration: one for one in result.deliveries}
        for verdict in result.verdicts:
            name = verdict.integration
            made = Considered(group.route, result.audible, before[name], result.lines[name], written.get(name))
            self._observer.notice(GroupFlushed(group.key, now, verdict, made, last=not group.members))
        self._muted.note(group, result.muted, now)
        if not group.members:
            self._groups.drop(group)

    def _is_unchanged(self, group: Group, alert: Alert) -> bool:
        return alert.id in group.departed or self._board.find(alert.id) is alert

    def _members(self, group: Group) -> Sequence[Alert]:
        members = self._board.tellable(group.members)
        return [group.seen_here(alert) for alert in members] if group.departed else members

    # When to look again.

    def _is_current(self, group: Group) -> bool:
        return self._groups.get(group.key) is group

    def _next_look(self, group: Group, integration: str, outcome: Outcome | None, now: datetime) -> datetime | None:
        if group.key in self._held:
            self._held.discard(group.key)
            return now
        if isinstance(outcome, Dead) or outcome is None:
            return group.next_tick(now + _MOMENT)
        if isinstance(outcome, Retry):
            return None
        group.finished = len(self._done(group, None)) == len(group.members)
        if group.finished:
            return now + _TOGETHER
        return self._look_ahead(group, integration, now)

    def _look_ahead(self, group: Group, integration: str, now: datetime) -> datetime | None:
        line = self._lines.get(group.key, integration)
        again = next_look(self._members(group), line, group.route, now)
        return again and max(again, now)

    def _schedule(self, group: Group, at: datetime | None) -> None:
        if at is not None:
            self._groups.schedule(group, at)
            self.wake.set()

    def _post(self, deliveries: Iterable[Delivery]) -> None:
        names = {delivery.integration for delivery in deliveries if delivery.notification is not None}
        if names:
            self._posted |= names
            self.posted.set()

    # Another routing tree.

    def _rebuild(self, flushed: Mapping[str, datetime]) -> None:
        now = self._clock.now()
        self._groups = Groups(self._routing.root, self._routing.storms, self._lines.gathered())
        self._inhibitor = Inhibitor(self._routing.inhibit_rules, self._board.alive())
        self.mutes = Muting(self._silences, self._inhibitor, self._routing.calendar, self._flapping)
        for alert in by_age(self._board.all(), now):
            self._groups.insert(alert, now, flushed)
        for group in self._groups:
            for integration in self._routing.of(group.route):
                self._schedule(group, self._look_ahead(group, integration.id, now))
        self._muted.keep(self._groups.keys())
        self._succession.follow(self._routing, self._groups, now)
        self.wake.set()
