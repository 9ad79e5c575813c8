"""One file of conditions: its worker, who is next, and how long to wait before a worker that died is followed."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from alertd.conditions import wire
from alertd.conditions.channel import Broken
from alertd.conditions.errand import Errand
from alertd.conditions.limits import Limits
from alertd.conditions.output import Output
from alertd.conditions.process import Process, stamp
from alertd.core.rules import Rule, Script
from alertd.errors import QueryError, QueryFailure
from alertd.ports import Clock

_RESERVE, _SHARE = 0.25, 0.1  # of a call's time, for its answer after Prometheus has not given one in time
Verdict = wire.Done | wire.Passed | wire.Failed
Prepare = Callable[[Callable[[], float]], Errand]


class Lane:
    """Calls to one file, one after the other. It speaks of its worker's death in QueryErrors."""

    def __init__(self, path: str, limits: Limits, clock: Clock, output: Output) -> None:
        self._path, self._limits, self._clock, self._output = path, limits, clock, output
        self._turn = asyncio.Lock()
        self._process: Process | None = None
        self._all: set[Process] = set()
        self._deaths, self._rest_until, self._last = 0, 0.0, ""
        self._blamed: list[int] = []  # the file as it was when a worker died of it
        self._abandoned = self._closed = False

    @property
    def busy(self) -> bool:
        return self._turn.locked()

    @property
    def warm(self) -> bool:
        return self._process is not None

    @property
    def ended(self) -> bool:
        """True if it has no process left, and nobody waits for one."""
        return not self.busy and all(process.gone for process in self._all)

    async def call(self, rule: Rule, script: Script, at: datetime, prepare: Prepare) -> Verdict:
        """The verdict of one call. Raises QueryError."""
        begun, most = self._clock.elapsed(), script.timeout.total_seconds()
        async with self._its_turn(most):
            waited = self._clock.elapsed() - begun
            process = await self._ready()
            deadline = self._clock.elapsed() + most - waited
            reserve = min(_RESERVE, most * _SHARE)
            errand = prepare(lambda: deadline - reserve - self._clock.elapsed())
            call = wire.Call(secrets.token_hex(8), script.function, to_json(script.params), at, most)
            async with self._watched(process, most - waited, f"it took longer than {most:g} s"):
                verdict = await process.call(call, rule, errand.serve)
                self._check(process)
            self._settle(process, verdict)
            return verdict

    async def inspect(self, script: Script) -> list[tuple[str, str]]:
        """What is wrong with the function and its parameters. Raises QueryError if the file cannot be imported."""
        seconds = self._limits.start.total_seconds()
        async with self._its_turn(2 * seconds):
            process = await self._ready(patient=False)
            async with self._watched(process, seconds, f"it took longer than {seconds:g} s"):
                return await process.inspect(script.function, to_json(script.params))

    async def warm_up(self) -> None:
        """Have a worker ready. Raises QueryError."""
        async with self._its_turn(self._limits.start.total_seconds()):
            await self._ready()

    def retire(self) -> None:
        """End the worker; the next call starts another."""
        if self._process:
            self._process.kill()
        self._process = None

    def abandon(self) -> None:
        """End the worker, after what it is at."""
        self._abandoned = True
        if not self.busy:
            self.retire()

    async def aclose(self) -> None:
        """End every process there is, and those who wait for one."""
        self._closed = True
        for process in self._all:
            process.kill()
        async with self._turn:  # who was called first has been told by now
            self.retire()
        for process in self._all:
            await process.ended()

    @asynccontextmanager
    async def _its_turn(self, seconds: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(seconds):
                await self._turn.acquire()
        except TimeoutError:
            raise self._error(f"waited {seconds:g} s for other conditions of this file") from None
        try:
            yield
        finally:
            self._turn.release()

    @asynccontextmanager
    async def _watched(self, process: Process, seconds: float, late: str) -> AsyncIterator[None]:
        """Whatever interrupts this leaves no process that computes for nobody."""
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError:
            raise self._died(late) from None
        except Broken as broken:
            raise self._died(broken.reason) from None
        except BaseException:
            self.retire()
            raise
        if not process.alive:
            raise self._died("it wrote to the connection that belongs to alertd")

    async def _ready(self, *, patient: bool = True) -> Process:
        """The worker; a new one if there is none, or if its time is over."""
        if self._closed:
            raise self._error("conditions are not called any more")
        if self._process and (self._process.stale or self._process.calls >= self._limits.calls):
            self.retire()
        if self._process and not self._process.alive:
            self._died("its process ended between two calls")
        if self._process:
            return self._process
        rest = self._rest_until - self._clock.elapsed()
        if patient and rest > 0 and self._blamed == stamp(self._path):
            raise self._error(f"{self._last}; died {self._deaths} times in a row, rests for {rest:.0f} s more")
        return await self._start()

    async def _start(self) -> Process:
        seconds = self._limits.start.total_seconds()
        try:
            process = await Process.start(self._path, self._limits, self._output)
        except OSError as error:
            raise self._died(f"no worker can be started: {error}") from None
        self._all = {one for one in self._all if not one.gone} | {process}
        self._process = process
        if self._closed:
            raise self._died("conditions are not called any more")
        async with self._watched(process, seconds, f"importing it took longer than {seconds:g} s"):
            if problem := await process.load():
                raise self._died(f"it cannot be imported: {problem}")
            if process.strays():
                raise self._died("it leaves processes behind when it is imported")
        return process

    def _check(self, process: Process) -> None:
        if strays := process.strays():
            raise self._died(f"it left {len(strays)} {'process' if len(strays) == 1 else 'processes'} behind")

    def _settle(self, process: Process, verdict: Verdict) -> None:
        self._deaths, self._rest_until = 0, 0.0
        if verdict.spent or self._abandoned or process.calls >= self._limits.calls:
            self.retire()

    def _died(self, reason: str) -> QueryError:
        """Make sure of it; the first death is forgiven, every further one costs twice the rest."""
        self.retire()
        blamed = stamp(self._path)
        self._deaths = self._deaths + 1 if blamed == self._blamed else 1
        self._blamed, self._last = blamed, reason
        if self._deaths > 1:
            doubled = self._limits.backoff * 2 ** min(self._deaths - 2, 20)
            self._rest_until = self._clock.elapsed() + min(doubled, self._limits.longest_backoff).total_seconds()
        return self._error(reason)

    def _error(self, reason: str) -> QueryError:
        return QueryError(f"{Path(self._path).name}: {reason}", QueryFailure.EXECUTION)


def to_json(params: Mapping[str, Any]) -> str:
    """Parameters as a worker reads them; dates become text, which their annotations make dates again."""
    return json.dumps(dict(params), default=str)
