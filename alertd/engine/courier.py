"""The courier: takes deliveries from the outbox, one lane an integration, sends them, writes what became of them."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from alertd.core.delivery import Delivery, Outcome, Retry, Sent, refused
from alertd.engine.dispatcher import Dispatcher
from alertd.engine.lanes import Lane
from alertd.errors import DeliveryError, StoreError
from alertd.events import DeliveryTried, Kind, Trouble
from alertd.ports import NOTHING, Attributes, Clock, Notifier, Observer, Span, Store

_LONGEST_SEND = 90.0  # seconds; a notifier has limits of its own, this one holds where those do not
_LEASE = timedelta(seconds=_LONGEST_SEND + 30)
_AFTER_FAILURE = timedelta(seconds=5)
_SOONER = timedelta(milliseconds=1)  # than it sleeps for: worth waking up


class Courier:
    """Delivers at least once: nothing is settled before the notifier has answered."""

    def __init__(self, dispatcher: Dispatcher, store: Store, observer: Observer, clock: Clock) -> None:
        self._dispatcher, self._store, self._observer, self._clock = dispatcher, store, observer, clock
        self._lanes: dict[str, Lane] = {}
        self._tasks = asyncio.TaskGroup()
        self._unwanted: list[Delivery] = []  # claimed, and to be given back
        self._closing = False
        self._sleeps_until: datetime | None = None
        self._jumped = timedelta(0)  # how far the clock was set back, which the outbox does not know yet
        self.lane: type[Lane] = Lane
        self.wake = dispatcher.posted

    def serve(self, notifiers: Mapping[str, Notifier]) -> None:
        """Deliver through these, by integration; what is being sent finishes with the notifier it began with."""
        now = self._clock.now()
        self._unwanted += [delivery for lane in self._lanes.values() for delivery in lane.give_up()]
        self._lanes = {name: self.lane(notifier, now) for name, notifier in notifiers.items()}
        self.wake.set()

    def clock_jumped(self, by: timedelta) -> None:
        """The clock was set: what waits for its time waits no longer than it was to."""
        self._jumped += min(by, timedelta(0))
        now = self._clock.now()
        for lane in self._lanes.values():
            lane.due_at = now
        self.wake.set()

    def next_due(self) -> datetime | None:
        """When the next lane that has room has something to do, or one is to give back what it does not get to."""
        clock = self._clock
        claims = (lane.next_claim(clock) for lane in self._lanes.values())
        returns = (lane.stuck_at(clock) for lane in self._lanes.values())
        instants = [at for at in (*claims, *returns) if at is not None]
        return min([*instants, clock.now()] if self._unwanted else instants, default=None)

    async def run(self) -> None:
        """Deliver until told to stop, then finish what is being sent."""
        async with asyncio.TaskGroup() as self._tasks:
            while True:
                self._sleeps_until = self.next_due()
                await self._clock.sleep_until(self._sleeps_until, self.wake)
                last = self._closing
                await self._turn(self._clock.now())
                if last:
                    return

    def stop(self) -> None:
        """Claim nothing more."""
        self._closing = True
        self.wake.set()

    async def step(self, now: datetime) -> None:
        """Claim what is due and see it through."""
        async with asyncio.TaskGroup() as self._tasks:
            await self._turn(now)

    async def _turn(self, now: datetime) -> None:
        if not self._closing:
            await self._claim(now)
        await self._give_back(now)

    # What is claimed, and what goes back.

    async def _claim(self, now: datetime) -> None:
        if self._jumped:
            await self._follow_clock()
        for name in self._dispatcher.take_posted():
            if name in self._lanes:
                self._lanes[name].due_at = now
        for name, lane in list(self._lanes.items()):
            at = lane.next_claim(self._clock)
            if at is not None and at <= now:
                await self._claim_lane(name, lane, now)

    async def _follow_clock(self) -> None:
        by, self._jumped = self._jumped, timedelta(0)
        try:
            await self._store.shift(by)
        except StoreError as error:
            self._observer.notice(Trouble("the outbox could not be written", str(error), Kind.STATE))
            self._jumped += by

    async def _claim_lane(self, name: str, lane: Lane, now: datetime) -> None:
        room = lane.ask(self._clock)
        try:
            claimed = await self._dispatcher.claim(name, now, now + _LEASE, room)
            self._take(name, lane, claimed)
            if len(claimed) < room:
                lane.due_at = (await self._store.due()).get(name)
        except StoreError as error:
            self._observer.notice(Trouble("the outbox could not be read", str(error), Kind.STATE))
            lane.due_at = now + _AFTER_FAILURE

    def _take(self, name: str, lane: Lane, claimed: Sequence[Delivery]) -> None:
        if self._closing or self._lanes.get(name) is not lane:  # it was to stop meanwhile, or to go on otherwise
            self._unwanted += claimed
            return
        lane.take(claimed)
        self._begin(lane)

    def _begin(self, lane: Lane) -> None:
        while not self._closing and (delivery := lane.begin()) is not None:
            self._tasks.create_task(self._deliver(lane, delivery))

    def _end(self, lane: Lane) -> None:
        """One is through: the next begins, and if the lane has room for more soon, the loop is to know."""
        lane.end()
        if _is_asked_to_stop():
            return
        self._begin(lane)
        at = lane.next_claim(self._clock)
        if at is not None and (self._sleeps_until is None or at < self._sleeps_until - _SOONER):
            self.wake.set()

    async def _give_back(self, now: datetime) -> None:
        """Let go of what was claimed and does not get its turn; if that fails, the end of the lease will tell."""
        for lane in self._lanes.values():
            if self._closing or lane.is_stuck(self._clock):
                self._unwanted += lane.give_up()
        unwanted, self._unwanted = self._unwanted, []
        if not unwanted:
            return
        try:
            await self._store.give_back(unwanted)
        except StoreError as error:
            self._observer.notice(Trouble("the outbox could not be written", str(error), Kind.STATE))
        finally:
            self._dispatcher.given_back(unwanted)
        for lane in filter(None, map(self._lanes.get, {delivery.integration for delivery in unwanted})):
            lane.due_at = now

    # What is sent.

    async def _deliver(self, lane: Lane, delivery: Delivery) -> None:
        about = _about(delivery) if self._observer.follows else NOTHING
        with self._observer.span("alertd.deliver", about, parent=delivery.trace, keep=True) as span:
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
            self._end(lane)
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
