"""Fakes of the ports."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from alertd.core.notification import Notification
from alertd.core.samples import Answer, Sample
from alertd.errors import DeliveryError, QueryError
from alertd.events import Event
from alertd.ports import Untraced, Wake

START = datetime(2026, 1, 1, tzinfo=UTC)


class ManualClock:
    """A clock that stands still until a test moves it; whoever sleeps wakes when their time has come."""

    def __init__(self, start: datetime = START) -> None:
        self._now, self._begun = start, start
        self._sleepers: list[tuple[datetime, asyncio.Event]] = []

    def now(self) -> datetime:
        return self._now

    def elapsed(self) -> float:
        return (self._now - self._begun).total_seconds()

    def worked(self, thread: int | None = None) -> float:  # noqa: ARG002 - the port's signature
        return 0.0

    def set(self, at: datetime) -> None:
        """Move to this instant."""
        self._now = at
        for due, event in self._sleepers:
            if due <= at:
                event.set()

    def advance(self, by: timedelta) -> None:
        """Move on."""
        self.set(self._now + by)

    async def sleep_until(self, at: datetime | None, wake: Wake | None = None) -> None:
        alarm = asyncio.Event()
        entry = (at or datetime.max.replace(tzinfo=UTC), alarm)
        if entry[0] <= self._now:
            return
        self._sleepers.append(entry)
        try:
            await _first(alarm.wait(), *([wake.wait()] if wake else []))
        finally:
            self._sleepers.remove(entry)
        if wake:
            wake.clear()


async def _first(*waits: Any) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


class FakeDatasource:
    """A datasource that answers what a test set: `fake.set("up == 0", Sample(...))`; everything else is empty."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.asked: list[tuple[str, datetime]] = []
        self.failure: QueryError | None = None
        self._answers: dict[str, Answer | QueryError] = {}

    def set(self, expr: str, *samples: Sample) -> None:
        """This expression answers these samples from now on."""
        self._answers[expr] = Answer(samples)

    def fail(self, expr: str, error: QueryError) -> None:
        """This expression fails from now on."""
        self._answers[expr] = error

    async def query(self, exprs: Sequence[str], at: datetime) -> Sequence[Answer | QueryError]:
        self.asked += [(expr, at) for expr in exprs]
        return [self.failure or self._answers.get(expr, Answer(())) for expr in exprs]

    async def aclose(self) -> None:
        """Nothing to close."""


class RecordingNotifier:
    """A notifier that keeps what it accepts; `refuse` makes it refuse the next messages."""

    def __init__(self) -> None:
        self.accepted: list[Notification] = []
        self._refusals: list[DeliveryError] = []

    def refuse(self, *errors: DeliveryError) -> None:
        """Refuse the next messages with these errors, one each."""
        self._refusals += errors

    async def send(self, notification: Notification) -> str:
        if self._refusals:
            raise self._refusals.pop(0)
        self.accepted.append(notification)
        return "kept"

    async def aclose(self) -> None:
        """Nothing to close."""


class RecordingObserver(Untraced):
    """An observer that keeps every event, and follows nothing."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def notice(self, event: Event) -> None:
        self.events.append(event)
