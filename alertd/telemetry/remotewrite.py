"""Remote write: the states of alerts go to a Prometheus, or whatever takes its protocol, and delay nothing.

evaluated ──▶ samples of the group ──▶ requests in a queue ──▶ accepted
                                         ▲   │ │ └──refused──▶ dropped
                                         └───┘ └──too many───▶ the oldest are dropped
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from alertd import __version__
from alertd.config.metering import RemoteWriteEntry
from alertd.core.alerts import Alert
from alertd.core.rules import RuleGroup
from alertd.events import Event, GroupEvaluated, Reloaded, SamplesWritten
from alertd.http import Client, HttpError, Reply, retry_after
from alertd.ports import Clock
from alertd.telemetry.series import MOST, Sample, Spoken, request, snappy

_ROOM = 32 << 20  # bytes of requests that wait
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=1)
_MOST_PATIENCE = timedelta(minutes=10)  # with a server that says how long to wait
_MOST_READ = 1 << 16  # bytes of an answer
_MANY = 500  # alerts, which are encoded beside the loop
_HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "User-Agent": f"alertd/{__version__}",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}

Alive = Callable[[str], Iterable[Alert]]


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent at once."""

    body: bytes
    samples: int


class RemoteWrite:
    """A Listener that hears of evaluations. `alive` are the alerts of a rule; `rules` all that are evaluated."""

    def __init__(
        self,
        config: RemoteWriteEntry,
        alive: Alive,
        rules: Callable[[], Iterable[str]],
        notice: Callable[[SamplesWritten], None],
        clock: Clock,
    ) -> None:
        self._alive, self._rules, self._notice, self._clock = alive, rules, notice, clock
        self._spoken = Spoken(config.labels)
        self._evaluated: dict[tuple[str, str], tuple[RuleGroup, datetime]] = {}
        self._reloaded = False
        self._queue = Queue(notice)
        self._sender = Sender(config, clock)
        self._work, self._more = asyncio.Event(), asyncio.Event()

    @property
    def pending(self) -> int:
        """How many samples wait."""
        return self._queue.samples

    def notice(self, event: Event) -> None:
        """Remember which group is to be spoken of; a group that is evaluated again meanwhile, once."""
        if isinstance(event, GroupEvaluated):
            self._evaluated[event.group.id] = event.group, event.at - event.group.query_offset
            self._work.set()
        elif isinstance(event, Reloaded):
            self._reloaded = True
            self._work.set()

    async def run(self) -> None:
        """Make requests of what was evaluated, for ever."""
        while True:
            await self._clock.sleep_until(None, self._work)
            await self.step()

    async def step(self) -> None:
        """Make requests of what was evaluated so far."""
        evaluated, self._evaluated = self._evaluated, {}
        for group, at in evaluated.values():
            rules = [(rule.key, tuple(self._alive(rule.key))) for rule in group.rules if rule.enabled]
            await self._speak([one for one in rules if one[1] or self._spoken.knows(one[0])], at)
        if self._reloaded:
            self._reloaded = False
            self._put(self._spoken.without(self._rules()), self._clock.now())

    async def send(self) -> None:
        """Send what waits, in order, for ever."""
        pause = _FIRST_PAUSE
        while True:
            waiting = self._queue.take()
            if waiting is None:
                await self._clock.sleep_until(None, self._more)
                continue
            try:
                wait = await self._send(waiting)
            except asyncio.CancelledError:
                self._queue.give_back(waiting)
                raise
            if wait is None:
                pause = _FIRST_PAUSE
                continue
            self._queue.give_back(waiting)
            await self._clock.sleep_until(self._clock.now() + max(wait, pause))
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def finish(self) -> None:
        """Send what there is, until something is not taken."""
        await self.step()
        while (waiting := self._queue.take()) is not None:
            if await self._send(waiting) is not None:
                self._queue.give_back(waiting)
                return

    async def aclose(self) -> None:
        """Close the connection."""
        await self._sender.aclose()

    async def _speak(self, rules: Sequence[tuple[str, Sequence[Alert]]], at: datetime) -> None:
        samples = (sample for rule, alerts in rules for sample in self._spoken.of(rule, alerts))
        if sum(len(alerts) for _, alerts in rules) < _MANY:
            self._put(samples, at)
            return
        made = await asyncio.to_thread(lambda: list(_requests(samples, at)))  # others go on meanwhile
        self._keep(made)

    def _put(self, samples: Iterable[Sample], at: datetime) -> None:
        self._keep(_requests(samples, at))

    def _keep(self, made: Iterable[Request]) -> None:
        for one in made:
            self._queue.put(one)
            self._more.set()

    async def _send(self, waiting: Request) -> timedelta | None:
        """How long to wait before it is tried again; None: it is done with."""
        outcome = await self._sender.send(waiting.body)
        self._notice(SamplesWritten(waiting.samples, outcome.result, outcome.error))
        return outcome.wait if outcome.result == "retried" else None


class Queue:
    """Requests that wait; when they take too much room the oldest are dropped."""

    def __init__(self, notice: Callable[[SamplesWritten], None], room: int = _ROOM) -> None:
        self._notice, self._room = notice, room
        self._waiting: deque[Request] = deque()
        self._bytes = self.samples = 0

    def put(self, one: Request) -> None:
        """Let it wait behind the others."""
        self._waiting.append(one)
        self._count(one, 1)
        self._make_room()

    def take(self) -> Request | None:
        """The oldest, which waits no longer."""
        if not self._waiting:
            return None
        one = self._waiting.popleft()
        self._count(one, -1)
        return one

    def give_back(self, one: Request) -> None:
        """It is the oldest again."""
        self._waiting.appendleft(one)
        self._count(one, 1)
        self._make_room()

    def _make_room(self) -> None:
        while self._bytes > self._room and len(self._waiting) > 1:
            dropped = self.take()
            assert dropped is not None
            self._notice(SamplesWritten(dropped.samples, "dropped", "too many samples wait: the oldest are dropped"))

    def _count(self, one: Request, sign: int) -> None:
        self._bytes += sign * len(one.body)
        self.samples += sign * one.samples


@dataclass(frozen=True, slots=True)
class _Outcome:
    result: str  # accepted, retried, refused
    error: str = ""
    wait: timedelta = timedelta(0)


class Sender:
    """One server that takes remote write."""

    def __init__(self, config: RemoteWriteEntry, clock: Clock) -> None:
        self._config, self._clock = config, clock
        self._client = Client(config.http_config, clock, connections=1)
        self._headers = {name: value.get_secret_value() for name, value in config.headers.items()} | _HEADERS

    async def send(self, body: bytes) -> _Outcome:
        """Send one request. Whether another attempt can help is as the protocol says: after 429 and 5xx."""
        timeout = self._config.timeout.total_seconds()
        try:
            reply = await self._client.request(
                "POST", self._config.url, headers=self._headers, body=body, timeout=timeout, most=_MOST_READ
            )
        except HttpError as error:
            return _Outcome("retried", str(error))
        return self._judged(reply)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    def _judged(self, reply: Reply) -> _Outcome:
        if reply.status < 300:
            return _Outcome("accepted")
        words = self._client.hide(reply.body[:200].decode("utf-8", "replace").strip())
        said = f"the answer has the status {reply.status}: {words}"
        if reply.status != 429 and reply.status < 500:
            return _Outcome("refused", said)
        wait = retry_after(reply, self._clock.now()) or timedelta(0)
        return _Outcome("retried", said, min(wait, _MOST_PATIENCE))


def _requests(samples: Iterable[Sample], at: datetime) -> Iterable[Request]:
    rest = iter(samples)
    while some := list(islice(rest, MOST)):
        yield Request(snappy(request(some, at)), len(some))
