"""The machine's clock: who sleeps wakes in time, when called, and when the clock was set."""

import asyncio
from datetime import datetime, timedelta

import pytest

from alertd.clock import SystemClock

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)


class Settable(SystemClock):
    """A wall clock that can be set."""

    def __init__(self) -> None:
        super().__init__()
        self.set_by = timedelta()

    def now(self) -> datetime:
        return super().now() + self.set_by


async def begun(sleep: asyncio.Future[None]) -> None:
    for _ in range(5):
        await asyncio.sleep(0)  # noqa: TID251 - real time is what is tested
    assert not sleep.done()


async def test_it_sleeps_until_then_and_not_shorter() -> None:
    clock = SystemClock()
    then = clock.now() + timedelta(milliseconds=30)
    await clock.sleep_until(then)
    assert clock.now() >= then


async def test_the_past_is_not_waited_for() -> None:
    clock = SystemClock()
    await asyncio.wait_for(clock.sleep_until(clock.now() - HOUR), 10)


@pytest.mark.parametrize("at", [None, HOUR])
async def test_a_wake_ends_a_sleep_and_is_used_up(at: timedelta | None) -> None:
    clock, wake = SystemClock(), asyncio.Event()
    sleep = asyncio.ensure_future(clock.sleep_until(clock.now() + at if at else None, wake))
    await begun(sleep)
    wake.set()
    await asyncio.wait_for(sleep, 10)
    assert not wake.is_set()


async def test_who_sleeps_wakes_when_the_clock_is_set_forward() -> None:
    clock = Settable()
    sleeps = [asyncio.ensure_future(clock.sleep_until(clock.now() + HOUR * (count + 1))) for count in range(2)]
    await begun(sleeps[0])
    clock.set_by = HOUR * 1.5
    await asyncio.wait_for(sleeps[0], 10)
    assert not sleeps[1].done()
    clock.set_by = HOUR * 3
    await asyncio.wait_for(sleeps[1], 10)


async def test_who_sleeps_goes_on_when_the_clock_is_set_back() -> None:
    clock = Settable()
    then = clock.now() + timedelta(seconds=1.5)
    sleep = asyncio.ensure_future(clock.sleep_until(then))
    await begun(sleep)
    clock.set_by = timedelta(seconds=-1)
    await asyncio.wait_for(sleep, 10)
    assert clock.now() >= then


async def test_a_sleep_can_be_cancelled() -> None:
    clock = SystemClock()
    sleep = asyncio.ensure_future(clock.sleep_until(clock.now() + HOUR))
    await begun(sleep)
    sleep.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleep


def test_one_clock_serves_one_loop_after_another() -> None:
    clock = Settable()
    for _ in range(2):
        asyncio.run(clock.sleep_until(clock.now() + timedelta(milliseconds=5)))
