"""The ticker: APScheduler rings for every group at its instants; the only home of APScheduler.

The library is kept to ringing. Which instant it is, the grid says (core/grid.py); a clock that jumps is noticed by the
watchdog, which sets every ring anew, because a scheduler waits for a wall clock time that may have moved away.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from alertd.core import grid
from alertd.core.rules import RuleGroup
from alertd.events import Kind, Trouble
from alertd.ports import Clock, Observer

_WATCH = timedelta(seconds=1)
_JUMP = 1.0  # seconds by which wall clock and steady clock may part between two looks
_DEFAULTS = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}

Part = tuple[str, str]
Ring = Callable[[RuleGroup], Awaitable[None]]


class GridTrigger(BaseTrigger):  # type: ignore[misc]  # the library is untyped
    """The next instant of a group's grid, found without walking over the ones in between."""

    def __init__(self, group: RuleGroup) -> None:
        self._interval, self._shift = group.interval, grid.offset(group.key, group.interval)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        after = now if previous_fire_time is None else max(now, previous_fire_time)
        return grid.following(after.astimezone(UTC), self._interval, self._shift)


class Ticker:
    """Rings for the parts of groups; `watch` notices what changed and leaves the timers of the others alone.

    `jumped` is called when the clock was set, with how far.
    """

    def __init__(self, ring: Ring, jumped: Callable[[timedelta], None], observer: Observer, clock: Clock) -> None:
        self._ring, self._jumped, self._observer, self._clock = ring, jumped, observer, clock
        self._scheduler: AsyncIOScheduler | None = None  # while it runs
        self._groups: dict[Part, RuleGroup] = {}
        self._ringing = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    def watch(self, groups: Iterable[RuleGroup]) -> None:
        """Ring for these groups from now on."""
        before, self._groups = self._groups, {part.id: part for group in groups for part in group.parts}
        if self._scheduler is None:
            return
        for part in before.keys() - self._groups.keys():
            self._scheduler.remove_job(_job(part))
        for part, group in self._groups.items():
            known = before.get(part)
            if known is None:
                self._add(self._scheduler, group)
            elif known.interval != group.interval:
                self._scheduler.reschedule_job(_job(part), trigger=GridTrigger(group))

    async def run(self) -> None:
        """Ring, and watch the clock, until cancelled."""
        scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=_DEFAULTS)
        for group in self._groups.values():
            self._add(scheduler, group)
        scheduler.start()
        self._scheduler = scheduler
        try:
            await self._watch_clock(scheduler)
        finally:
            self._scheduler = None
            scheduler.shutdown(wait=False)

    async def quiet(self) -> None:
        """Ring no more, and return once whatever rang is done."""
        if self._scheduler is not None:
            self._scheduler.pause()
        await self._quiet.wait()

    def _add(self, scheduler: AsyncIOScheduler, group: RuleGroup) -> None:
        scheduler.add_job(self._tick, GridTrigger(group), args=[group.id], id=_job(group.id))

    async def _tick(self, part: Part) -> None:
        group = self._groups.get(part)
        if group is None:
            return
        self._ringing += 1
        self._quiet.clear()
        try:
            await self._ring(group)
        except Exception as problem:  # one group's bug must not stop its own next instant, nor the others
            self._observer.notice(
                Trouble(f"group {group.name!r} ({group.file})", f"{type(problem).__name__}: {problem}")
            )
        finally:
            self._ringing -= 1
            if not self._ringing:
                self._quiet.set()

    async def _watch_clock(self, scheduler: AsyncIOScheduler) -> None:
        wall, steady = self._clock.now(), self._clock.elapsed()
        while True:
            await self._clock.sleep_until(self._clock.now() + _WATCH)
            now, elapsed = self._clock.now(), self._clock.elapsed()
            jump = (now - wall).total_seconds() - (elapsed - steady)
            if abs(jump) > _JUMP:
                told = f"by {jump:+.1f} s; all evaluations are set anew"
                self._observer.notice(Trouble("the clock jumped", told, Kind.CLOCK))
                _set_anew(scheduler, now)
                self._jumped(timedelta(seconds=jump))
            wall, steady = now, elapsed


def _set_anew(scheduler: AsyncIOScheduler, now: datetime) -> None:
    jobs: list[Any] = scheduler.get_jobs()
    for job in jobs:
        job.modify(next_run_time=job.trigger.get_next_fire_time(None, now))


def _job(part: Part) -> str:
    return "\n".join(part)
