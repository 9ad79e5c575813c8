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
from alertd.events import Trouble
from alertd.ports import Clock, Observer

_WATCH = timedelta(seconds=1)
_JUMP = 1.0  # seconds by which wall clock and steady clock may part between two looks
_DEFAULTS = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}

Ring = Callable[[RuleGroup], Awaitable[None]]


class GridTrigger(BaseTrigger):  # type: ignore[misc]  # the library is untyped
    """The next instant of a group's grid, found without walking over the ones in between."""

    def __init__(self, group: RuleGroup) -> None:
        self._interval, self._shift = group.interval, grid.offset(group.key, group.interval)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        after = now if previous_fire_time is None else max(now, previous_fire_time)
        return grid.following(after.astimezone(UTC), self._interval, self._shift)


class Ticker:
    """Rings for the parts of groups; `watch` notices what changed and leaves the timers of the others alone."""

    def __init__(self, ring: Ring, observer: Observer, clock: Clock) -> None:
        self._ring, self._observer, self._clock = ring, observer, clock
        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=_DEFAULTS)
        self._groups: dict[tuple[str, str], RuleGroup] = {}
        self._ringing = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    def watch(self, groups: Iterable[RuleGroup]) -> None:
        """Ring for these groups from now on."""
        wanted = {part.id: part for group in groups for part in group.parts}
        for key in self._groups.keys() - wanted.keys():
            self._scheduler.remove_job(_job(key))
        for key, group in wanted.items():
            known = self._groups.get(key)
            if known is None:
                self._add(group)
            elif known.interval != group.interval:
                self._scheduler.reschedule_job(_job(key), trigger=GridTrigger(group))
        self._groups = wanted

    async def run(self) -> None:
        """Ring, and watch the clock, until cancelled; what rings then may finish."""
        self._scheduler.start()
        try:
            await self._watch_clock()
        finally:
            self._scheduler.pause()
            self._scheduler.shutdown(wait=False)

    async def quiet(self) -> None:
        """Return once nothing rings any more."""
        await self._quiet.wait()

    def _add(self, group: RuleGroup) -> None:
        self._scheduler.add_job(self._tick, GridTrigger(group), args=[group.id], id=_job(group.id))

    async def _tick(self, key: tuple[str, str]) -> None:
        group = self._groups.get(key)
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

    async def _watch_clock(self) -> None:
        wall, steady = self._clock.now(), self._clock.elapsed()
        while True:
            await self._clock.sleep_until(self._clock.now() + _WATCH)
            now, elapsed = self._clock.now(), self._clock.elapsed()
            jump = (now - wall).total_seconds() - (elapsed - steady)
            if abs(jump) > _JUMP:
                self._observer.notice(Trouble("the clock jumped", f"by {jump:+.1f} s; all evaluations are set anew"))
                self._set_anew(now)
            wall, steady = now, elapsed

    def _set_anew(self, now: datetime) -> None:
        for job in self._jobs():
            job.modify(next_run_time=job.trigger.get_next_fire_time(None, now))

    def _jobs(self) -> list[Any]:
        jobs: list[Any] = self._scheduler.get_jobs()
        return jobs


def _job(part: tuple[str, str]) -> str:
    return "\n".join(part)
