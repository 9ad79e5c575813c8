"""The ticker in real time: it rings, it begins again after a failure, and it finishes what rang."""

import asyncio
from datetime import timedelta

import pytest

from alertd.clock import SystemClock
from alertd.core.rules import Rule, RuleGroup
from alertd.engine.supervisor import keep
from alertd.engine.ticker import Ticker
from alertd.testing import RecordingObserver

pytestmark = pytest.mark.anyio
GROUP = RuleGroup("g", "f.yml", (Rule("A", "up == 0", "f.yml", "g"),), timedelta(milliseconds=50))


class Bell:
    """Counts its rings by group; may take its time over one."""

    def __init__(self) -> None:
        self.rung: dict[str, int] = {}
        self.rang = asyncio.Event()
        self.hold: asyncio.Event | None = None
        self.done = 0

    async def ring(self, group: RuleGroup) -> None:
        self.rung[group.name] = self.rung.get(group.name, 0) + 1
        self.rang.set()
        if self.hold:
            await self.hold.wait()
        self.done += 1

    async def next(self) -> None:
        self.rang.clear()
        await asyncio.wait_for(self.rang.wait(), 10)


async def test_it_rings_for_groups_that_come_and_go() -> None:
    bell = Bell()
    ticker = Ticker(bell.ring, lambda: None, RecordingObserver(), SystemClock())
    ticker.watch([GROUP])
    running = asyncio.ensure_future(ticker.run())
    await bell.next()
    ticker.watch([RuleGroup("other", "f.yml", GROUP.rules, GROUP.interval)])
    await bell.next()
    await bell.next()
    assert bell.rung["other"] >= 1
    running.cancel()


async def test_it_rings_again_after_a_failure() -> None:
    class Failing(SystemClock):
        failures = 1

        async def sleep_until(self, at: object, wake: object = None) -> None:
            if self.failures:
                self.failures -= 1
                raise RuntimeError("a bug")
            await super().sleep_until(at, wake)

    bell, observer, clock = Bell(), RecordingObserver(), SystemClock()
    ticker = Ticker(bell.ring, lambda: None, observer, Failing())
    ticker.watch([GROUP])
    running = asyncio.ensure_future(keep("ticker", ticker.run, observer, clock))
    await bell.next()
    ticker.watch([RuleGroup("other", "f.yml", GROUP.rules, GROUP.interval)])
    await bell.next()
    running.cancel()
    assert len(observer.events) == 1


async def test_quiet_waits_for_what_rang_and_nothing_rings_after_it() -> None:
    bell = Bell()
    bell.hold = asyncio.Event()
    ticker = Ticker(bell.ring, lambda: None, RecordingObserver(), SystemClock())
    ticker.watch([GROUP])
    running = asyncio.ensure_future(ticker.run())
    await bell.next()
    quiet = asyncio.ensure_future(ticker.quiet())
    await asyncio.wait([quiet], timeout=0.2)
    assert not quiet.done()
    bell.hold.set()
    await asyncio.wait_for(quiet, 10)
    assert bell.done == 1
    await asyncio.wait([running], timeout=0.2)
    assert bell.rung == {"g": 1}
    running.cancel()
