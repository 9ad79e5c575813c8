"""The intake: takes in alerts that others post, and ends those of which nothing more was heard in time.

As everywhere, what an alert becomes is stored before anybody acts on it or hears that it was taken.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush

from alertd.core.alerts import Alert, Transition
from alertd.core.board import Board
from alertd.core.labels import Labels
from alertd.core.posted import RULE, expired, is_news, merged
from alertd.core.traces import posted as caused
from alertd.errors import StoreError
from alertd.events import AlertChanged, AlertsPosted, Kind, Trouble
from alertd.ports import Clock, Observer, Store

Receive = Callable[[Sequence[Transition], datetime], None]

_AFTER_FAILURE = timedelta(seconds=5)


class Intake:
    """Keeps the posted alerts of the board; `receive` is told of those that begin and end."""

    def __init__(self, board: Board, store: Store, receive: Receive, observer: Observer, clock: Clock) -> None:
        self._board, self._store, self._receive = board, store, receive
        self._observer, self._clock = observer, clock
        self._alerts: dict[Labels, Alert] = {}
        self._ends: list[tuple[datetime, Labels]] = []
        self._tried_at: datetime | None = None  # an end could not be written then
        self._door = asyncio.Lock()
        self._writing: set[asyncio.Task[None]] = set()
        self.wake = asyncio.Event()

    def restore(self) -> None:
        """Take over what the board has."""
        self._alerts = dict(self._board.status(RULE).alerts)
        self._ends = [(alert.posted.ends_at, alert.labels) for alert in self._alerts.values() if alert.posted]
        heapify(self._ends)

    async def post(self, alerts: Sequence[Alert]) -> None:
        """Take in alerts; once this returns they survive. Raises StoreError, and then none of them is taken.

        It goes on to the end even if the caller leaves: what is on disk must be on the board, too.
        """
        task = asyncio.ensure_future(self._post(alerts))
        self._writing.add(task)
        task.add_done_callback(self._done)
        await asyncio.shield(task)
        now = self._clock.now()
        resolved = sum(alert.posted is not None and alert.posted.ends_at <= now for alert in alerts)
        self._observer.notice(AlertsPosted(len(alerts) - resolved, resolved))

    def refuse(self, number: int) -> None:
        """So many posted alerts make no sense."""
        self._observer.notice(AlertsPosted(invalid=number))

    def clock_jumped(self, _: timedelta) -> None:
        """The clock was set: what could not be written is tried again now."""
        self._tried_at = None
        self.wake.set()

    def next_due(self) -> datetime | None:
        """When the next alert ends, unless it is spoken of again."""
        due = self._ends[0][0] if self._ends else None
        return max(due, self._tried_at + _AFTER_FAILURE) if due and self._tried_at else due

    async def run(self) -> None:
        """End alerts for ever."""
        while True:
            await self._clock.sleep_until(self.next_due(), self.wake)
            await self.step(self._clock.now())

    async def step(self, now: datetime) -> None:
        """End the alerts whose time has come. If that cannot be written they go on, and it is tried again shortly."""
        async with self._door:
            over = [alert for labels in self._take_due(now) if (alert := self._alerts.get(labels)) is not None]
            try:
                await self._end(expired(over, now), now)
                self._tried_at = None
            except StoreError as error:
                self._observer.notice(Trouble("the end of alerts was not stored", str(error), Kind.STATE))
                self._note(over)
                self._tried_at = now

    async def _end(self, transitions: Sequence[Transition], now: datetime) -> None:
        if transitions:
            with self._observer.span("alertd.end alerts", {"alertd.reason": "expired"}, parent="", keep=True):
                await self._take(transitions, now)

    async def _post(self, alerts: Sequence[Alert]) -> None:
        async with self._door:
            transitions, now = merged(alerts, self._alerts), self._clock.now()
            if not any(map(is_news, transitions)):
                await self._take(transitions, now)
                return
            with self._observer.span("alertd.take alerts", {"alertd.alerts": len(transitions)}, keep=True):
                await self._take(transitions, now)

    async def _take(self, transitions: Sequence[Transition], now: datetime) -> None:
        if not transitions:
            return
        transitions = caused(transitions, self._observer.here())
        await self._store.record(transitions)
        for transition in transitions:
            self._keep(transition)
        self._board.apply(RULE, self._alerts, transitions)
        self._note(transition.after for transition in transitions)
        news = [transition for transition in transitions if is_news(transition)]
        for transition in news:
            self._observer.notice(AlertChanged(transition, now))
        self._receive(news, now)

    def _keep(self, transition: Transition) -> None:
        after = transition.after
        if after is not None and after.resolved:
            self._alerts.pop(after.labels, None)
        elif after is not None:
            self._alerts[after.labels] = after

    def _note(self, alerts: Iterable[Alert | None]) -> None:
        before = self._ends[0] if self._ends else None
        for alert in alerts:
            if alert is not None and alert.posted and alert.firing:
                heappush(self._ends, (alert.posted.ends_at, alert.labels))
        if self._ends and self._ends[0] != before:
            self.wake.set()

    def _take_due(self, now: datetime) -> set[Labels]:
        """Whose end was to be by now, once; of some of them something newer is known."""
        due: set[Labels] = set()
        while self._ends and self._ends[0][0] <= now:
            due.add(heappop(self._ends)[1])
        return due

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._writing.discard(task)
        if not task.cancelled():
            task.exception()  # has been seen, also if the caller left
