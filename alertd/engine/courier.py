"""The courier: takes deliveries from the outbox, one lane an integration, sends them, writes what became of them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alertd.core.delivery import Delivery, Outcome, Retry, Sent, refused
from alertd.engine.dispatcher import Dispatcher
from alertd.errors import DeliveryError, StoreError
from alertd.events import DeliveryTried, Kind, Trouble
from alertd.ports import Attributes, Clock, Notifier, Observer, Span, Store

_WIDTH = 16  # deliveries under way at once, an integration
_LONGEST_SEND = 90.0  # seconds; a notifier has limits of its own, this one holds where those do not
_LEASE = timedelta(seconds=_LONGEST_SEND + 30)
_AFTER_FAILURE = timedelta(seconds=5)
_GATHER = 0.01  # seconds


@dataclass
class Lane:
    """What one integration has to do. A lane that hangs hinders no other; `due_at` None: nothing waits.

    `busy`: so many are being sent. `claimed_at`: when, by the steady clock, it took some last; while it is busy, the
    next ones gather.
    """

    notifier: Notifier
    due_at: datetime | None
    busy: int = 0
    claimed_at: float = -_GATHER

    def next_claim(self, clock: Clock) -> datetime | None:
        """When it has something to do and room for it."""
        if self.due_at is None or self.busy >= _WIDTH:
            return None
        wait = self.claimed_at + _GATHER - clock.elapsed() if self.busy else 0.0
        return self.due_at if wait <= 0 else max(self.due_at, clock.now() + timedelta(seconds=wait))


class Courier:
    """Delivers at least once: nothing is settled before the notifier has answered."""

    def __init__(self, dispatcher: Dispatcher, store: Store, observer: Observer, clock: Clock) -> None:
        self._dispatcher, self._store, self._observer, self._clock = dispatcher, store, observer, clock
        self._lanes: dict[str, Lane] = {}
        self._closing = False
        self._jumped = timedelta(0)  # how far the clock was set back, which the outbox does not know yet
        self.wake = dispatcher.posted

    def serve(self, notifiers: Mapping[str, Notifier]) -> None:
        """Deliver through these, by integration; what is under way finishes with the notifier it began with."""
        now = self._clock.now()
        self._lanes = {name: Lane(notifier, now) for name, notifier in notifiers.items()}
        self.wake.set()

    def clock_jumped(self, by: timedelta) -> None:
        """The clock was set: what waits for its time waits no longer than it was to."""
        self._jumped += min(by, timedelta(0))
        now = self._clock.now()
        for lane in self._lanes.values():
            lane.due_at = now
        self.wake.set()

    def next_due(self) -> datetime | None:
        """When the next lane that has room has something to do."""
        return min((at for lane in self._lanes.values() if (at := lane.next_claim(self._clock))), default=None)

    async def run(self) -> None:
        """Deliver until told to stop, then finish what is under way."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._clock.sleep_until(self.next_due(), self.wake)
                if self._closing:
                    return
                for lane, delivery in await self._claim(self._clock.now()):
                    tasks.create_task(self._deliver(lane, delivery))

    def stop(self) -> None:
        """Claim nothing more."""
        self._closing = True
        self.wake.set()

    async def step(self, now: datetime) -> None:
        """Claim what is due and see it through."""
        await asyncio.gather(*(self._deliver(lane, delivery) for lane, delivery in await self._claim(now)))

    async def _claim(self, now: datetime) -> Sequence[tuple[Lane, Delivery]]:
        if self._jumped:
            await self._follow_clock()
        for name in self._dispatcher.take_posted():
            if name in self._lanes:
                self._lanes[name].due_at = now
        claimed: list[tuple[Lane, Delivery]] = []
        for name, lane in list(self._lanes.items()):
            at = lane.next_claim(self._clock)
            if at is not None and at <= now:
                claimed += [(lane, delivery) for delivery in await self._claim_lane(name, lane, now)]
        return claimed

    async def _follow_clock(self) -> None:
        by, self._jumped = self._jumped, timedelta(0)
        try:
            await self._store.shift(by)
        except StoreError as error:
            self._observer.notice(Trouble("the outbox could not be written", str(error), Kind.STATE))
            self._jumped += by

    async def _claim_lane(self, name: str, lane: Lane, now: datetime) -> Sequence[Delivery]:
        room, lane.claimed_at = _WIDTH - lane.busy, self._clock.elapsed()
        try:
            claimed = await self._dispatcher.claim(name, now, now + _LEASE, room)
            if len(claimed) < room:
                lane.due_at = (await self._store.due()).get(name)
        except StoreError as error:
            self._observer.notice(Trouble("the outbox could not be read", str(error), Kind.STATE))
            lane.due_at = now + _AFTER_FAILURE
            return ()
        lane.busy += len(claimed)
        return claimed

    async def _deliver(self, lane: Lane, delivery: Delivery) -> None:
        with self._observer.span("alertd.deliver", _about(delivery), parent=delivery.trace, keep=True) as span:
            await self._attempt(lane, delivery, span)

    async def _attempt(self, lane: Lane, delivery: Delivery, span: Span) -> None:
        begun, settled, outcome = self._clock.elapsed(), None, None
        try:
            outcome, error = await self._send(lane, delivery)
            seconds = self._clock.elapsed() - begun
            _tell(span, outcome, error)
            settled = await self._settle(delivery, outcome)
        finally:
            self._dispatcher.settled(settled or delivery, outcome if settled else None)
        if isinstance(outcome, Retry):
            self._look_again(delivery.integration, outcome.at)
        self._observer.notice(DeliveryTried(settled or delivery, outcome, seconds, error, _latency(delivery, outcome)))

    def _look_again(self, integration: str, at: datetime) -> None:
        lane = self._lanes.get(integration)
        if lane is not None:
            lane.due_at = at if lane.due_at is None else min(lane.due_at, at)
            self.wake.set()

    async def _send(self, lane: Lane, delivery: Delivery) -> tuple[Outcome, DeliveryError | None]:
        try:
            assert delivery.notification is not None  # the store leases only what is to be said
            async with asyncio.timeout(_LONGEST_SEND):
                said = await lane.notifier.send(delivery.notification)
        except DeliveryError as error:
            return refused(delivery, error, self._clock.now()), error
        except (Exception, asyncio.CancelledError) as problem:  # a plugin's bug must not lose a message
            if _is_asked_to_stop():
                raise
            bug = DeliveryError(f"{type(problem).__name__}: {problem}", reason=_reason(problem))
            return refused(delivery, bug, self._clock.now()), bug
        finally:
            lane.busy -= 1
            self.wake.set()
        return Sent(self._clock.now(), said), None

    async def _settle(self, delivery: Delivery, outcome: Outcome) -> Delivery | None:
        try:
            return await self._store.settle(delivery, outcome)
        except Exception as error:  # the end of the lease will tell
            self._observer.notice(
                Trouble(f"the outcome of delivery {delivery.id} was not stored", str(error), Kind.STATE)
            )
            return None


def _about(delivery: Delivery) -> Attributes:
    receiver, _, name = delivery.integration.rpartition("/")
    return {
        "alertd.receiver": receiver,
        "alertd.integration": name,
        "alertd.group": delivery.group,
        "alertd.delivery": delivery.id,
        "alertd.attempt": delivery.attempts + 1,
        "alertd.reason": str(delivery.notification.reason) if delivery.notification else "",
    }


def _tell(span: Span, outcome: Outcome, error: DeliveryError | None) -> None:
    span.note({"alertd.outcome": type(outcome).__name__.lower()})
    if error:
        span.fail(str(error), error.reason)


def _is_asked_to_stop() -> bool:
    """True if somebody cancelled this task, and not the notifier something of its own."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _reason(problem: BaseException) -> str:
    return "timeout" if isinstance(problem, TimeoutError) else "bug"


def _latency(delivery: Delivery, outcome: Outcome) -> timedelta | None:
    if not isinstance(outcome, Sent) or delivery.notification is None:
        return None
    alerts = delivery.notification.alerts
    return max(outcome.at - max(alert.ends_at or alert.starts_at for alert in alerts), timedelta(0))
