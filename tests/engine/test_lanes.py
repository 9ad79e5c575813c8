"""What the courier takes from the outbox beyond what it can send at once, and what goes back."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta

import pytest
from anyio.lowlevel import checkpoint

from alertd.core.board import Board
from alertd.core.delivery import Delivery, identify
from alertd.core.labels import Labels
from alertd.core.notification import Notification, NotifiedAlert, Reason
from alertd.core.routes import Route
from alertd.core.silences import Silences
from alertd.core.told import NOTHING
from alertd.engine.courier import Courier
from alertd.engine.dispatcher import Dispatcher
from alertd.engine.lanes import Lane
from alertd.engine.routing import Routing
from alertd.errors import StoreError
from alertd.store.memory import MemoryStore
from alertd.testing import START, ManualClock, RecordingObserver

pytestmark = pytest.mark.anyio
HOOK, MAIL = "ops/webhook[0]", "ops/email[0]"
SECOND = timedelta(seconds=1)


def delivery(number: int, integration: str = HOOK, next_at: datetime | None = None) -> Delivery:
    name = f"group {number}"
    shown = NotifiedAlert(Labels({"alertname": "JobDown"}), {}, START)
    id_ = identify(name, integration, START)
    notification = Notification(id_, "ops", integration, Reason.FIRST, START, (shown,), name)
    return Delivery(id_, name, integration, START, NOTHING, notification, next_at=next_at)


class Receiver:
    """Accepts as many at once as it is `quick`, and lets the others wait until it is told to `answer` them."""

    def __init__(self, quick: int = 0) -> None:
        self.quick, self.asked, self.answer = quick, 0, asyncio.Event()

    async def send(self, _: Notification) -> str:
        self.asked += 1
        if self.asked > self.quick:
            await self.answer.wait()
        return "ok"

    async def aclose(self) -> None:
        """Nothing is open."""


class Disk(MemoryStore):
    """A store that can break down."""

    broken: frozenset[str] = frozenset()

    def __init__(self) -> None:
        super().__init__()
        self.quick = asyncio.Event()
        self.quick.set()

    async def due(self) -> Mapping[str, datetime]:
        self._see("due")
        return await super().due()

    async def give_back(self, deliveries: Sequence[Delivery]) -> None:
        self._see("give_back")
        await self.quick.wait()
        await super().give_back(deliveries)

    def _see(self, what: str) -> None:
        if what in self.broken:
            raise StoreError("disk full")


class Office:
    """A courier at work, and what it works with."""

    def __init__(self) -> None:
        self.clock, self.store = ManualClock(), Disk()
        observer = RecordingObserver()
        self.dispatcher = Dispatcher(
            Routing(Route("{}", "ops"), {}), Board(), Silences(), self.store, observer, self.clock
        )
        self.courier = Courier(self.dispatcher, self.store, observer, self.clock)
        self.task: asyncio.Task[None] | None = None

    async def serve(self, receivers: Mapping[str, Receiver], messages: int = 0) -> None:
        """Have so many messages wait for the webhook, and begin."""
        await self.store.commit([delivery(number) for number in range(messages)], ())
        self.courier.serve(receivers)
        self.task = self.task or asyncio.ensure_future(self.courier.run())
        await self.rest()

    async def call(self, receiver: Receiver, messages: int = 0) -> Receiver:
        """The same with a webhook and nobody else."""
        await self.serve({HOOK: receiver}, messages)
        return receiver

    async def rest(self) -> None:
        """Let everybody do what they can do now."""
        for _ in range(200):
            await checkpoint()

    async def pass_by(self, by: timedelta) -> None:
        self.clock.advance(by)
        await self.rest()

    async def free(self, integration: str = HOOK) -> Sequence[Delivery]:
        """What somebody else could claim now."""
        now = self.clock.now()
        return await self.store.claim(integration, now, now + SECOND, 100)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    office = Office()
    yield office
    if office.task:
        office.task.cancel()
        await asyncio.wait([office.task])


@pytest.mark.parametrize(
    ("through", "passed", "busy", "room"),
    [
        (0, 1.0, 0, 16),
        (0, 1.0, 16, 0),
        (16, 1.0, 16, 1),
        (160, 1.0, 16, 16),
        (999, 1.0, 16, 32),
        (16, 0.0, 10, 38),
        (16, 3600.0, 16, 0),
    ],
)
def test_a_lane_is_ahead_by_what_it_sends_in_a_moment(through: int, passed: float, busy: int, room: int) -> None:
    clock = ManualClock()
    clock.advance(passed * SECOND)
    one = Lane(None, START, busy, 0.0, through)  # type: ignore[arg-type]
    assert one.ask(clock) == room


def test_a_lane_that_is_ahead_claims_many_or_none() -> None:
    clock = ManualClock()
    clock.advance(SECOND)
    one = Lane(None, START, 16, 0.0, 320)  # type: ignore[arg-type]
    one.take([delivery(number) for number in range(16)])
    assert one.next_claim(clock) is None
    one.waiting.popleft()
    assert one.next_claim(clock) == START


async def test_a_quick_receiver_is_told_everything_and_nothing_twice(office: Office) -> None:
    receiver = await office.call(Receiver(quick=1000), 300)
    for _ in range(20):
        await office.pass_by(SECOND / 100)
    assert receiver.asked == 300
    assert await office.store.counts() == {"sent": 300}


async def test_no_more_than_sixteen_are_sent_at_once(office: Office) -> None:
    receiver = await office.call(Receiver(quick=100), 300)
    for _ in range(9):
        await office.pass_by(SECOND / 100)
    assert receiver.asked == 116


async def test_what_does_not_get_its_turn_goes_back_and_was_not_tried(office: Office) -> None:
    receiver = await office.call(Receiver(quick=16), 60)
    await office.pass_by(SECOND / 100)
    assert receiver.asked == 32
    assert len(await office.free()) == 0
    assert len(office.courier._lanes[HOOK].waiting) == 28
    await office.pass_by(2 * SECOND)
    assert not office.courier._lanes[HOOK].waiting
    free = await office.free()
    assert len(free) == 28
    assert {one.attempts for one in free} == {0}


async def test_what_waits_for_a_receiver_goes_to_the_one_after_it(office: Office) -> None:
    old = await office.call(Receiver(quick=16), 60)
    await office.pass_by(SECOND / 100)
    new = await office.call(Receiver(quick=1000))
    assert (old.asked, new.asked) == (32, 28)


async def test_who_stops_gives_back_what_waits_and_finishes_what_is_sent(office: Office) -> None:
    receiver = await office.call(Receiver(quick=16), 60)
    await office.pass_by(SECOND / 100)
    office.courier.stop()
    await office.rest()
    receiver.answer.set()
    await office.rest()
    assert office.task
    assert office.task.done()
    assert await office.store.counts() == {"sent": 32, "pending": 28}
    assert {one.attempts for one in await office.free()} == {0}


async def test_what_cannot_be_given_back_is_told_when_its_lease_is_over(office: Office) -> None:
    receiver = await office.call(Receiver(quick=16), 60)
    await office.pass_by(SECOND / 100)
    office.store.broken = frozenset({"give_back"})
    await office.pass_by(2 * SECOND)
    receiver.answer.set()
    await office.rest()
    assert await office.store.counts() == {"sent": 32, "pending": 28}
    for _ in range(3):
        await office.pass_by(timedelta(minutes=2))
    assert await office.store.counts() == {"sent": 60}


async def test_who_stops_while_something_goes_back_gives_back_the_rest_too(office: Office) -> None:
    hook, mail = Receiver(quick=16), Receiver(quick=16)
    later = START + 0.9 * SECOND
    await office.store.commit([delivery(number, MAIL, later) for number in range(60)], ())
    await office.serve({HOOK: hook, MAIL: mail}, 60)
    for passed in (0.01, 0.89, 0.01):
        await office.pass_by(passed * SECOND)
    office.store.quick.clear()
    await office.pass_by(0.2 * SECOND)
    waiting = {name: len(lane.waiting) for name, lane in office.courier._lanes.items()}
    assert waiting == {HOOK: 0, MAIL: 28}, "one of them is giving back, the other has not waited for long"
    office.courier.stop()
    await office.rest()
    for slow in (office.store.quick, hook.answer, mail.answer):
        slow.set()
    await office.rest()
    assert office.task
    assert office.task.done()
    assert [len(await office.free(name)) for name in (HOOK, MAIL)] == [28, 28]


async def test_who_fails_while_something_goes_back_leaves_no_line_busy(office: Office) -> None:
    await office.serve({HOOK: Receiver(quick=16)}, 60)
    await office.pass_by(SECOND / 100)
    office.store.quick.clear()
    await office.pass_by(2 * SECOND)
    assert office.task
    office.task.cancel()
    await office.rest()
    assert not [one for one in range(60) if office.dispatcher._lines.is_busy(f"group {one}", HOOK)]


async def test_what_was_claimed_is_sent_though_nobody_knows_what_comes_next(office: Office) -> None:
    office.store.broken = frozenset({"due"})
    await office.call(Receiver(quick=1000), 3)
    assert await office.store.counts() == {"sent": 3}


@pytest.mark.parametrize("begun", [0.1 + 3e-7, 3e-7, 1 / 3, 2 / 3])
async def test_who_wakes_up_when_something_has_waited_for_too_long_finds_it_so(begun: float) -> None:
    """The steady clock counts finer than the other one, and nobody may wake again and again for nothing meanwhile."""
    clock = Steady(begun)
    lane = Lane(Receiver(), START)
    lane.ask(clock)
    lane.take([delivery(1)])
    at = lane.stuck_at(clock)
    assert at is not None
    assert not lane.is_stuck(clock)
    clock.steady = (at - START) / SECOND
    assert lane.stuck_at(clock) == clock.now() == at
    assert lane.is_stuck(clock)


class Steady(ManualClock):
    """A steady clock that begins with a part of a microsecond."""

    def __init__(self, steady: float) -> None:
        super().__init__()
        self.steady = steady

    def now(self) -> datetime:
        return START + timedelta(seconds=self.steady)

    def elapsed(self) -> float:
        return self.steady
