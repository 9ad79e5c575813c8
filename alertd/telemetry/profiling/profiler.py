"""Takes one profile at a time, and hands it out in the form in which somebody wants it."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from alertd.errors import ProfileError
from alertd.ports import Clock
from alertd.telemetry.profiling import folded, pprof, speedscope, waiting
from alertd.telemetry.profiling.memory import Recorder
from alertd.telemetry.profiling.processor import Sampler
from alertd.telemetry.profiling.profile import Profile

FORMS: Mapping[str, Callable[[Profile], bytes]] = {
    "pprof": pprof.encode,
    "speedscope": speedscope.encode,
    "folded": folded.encode,
}
_SLICE = 0.5  # seconds between two looks whether somebody still waits for the profile

Gone = Callable[[], Awaitable[bool]]


class Profiler:
    """`gone` says that nobody waits for the answer any more; then a profile ends early."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._taking = clock, ""

    async def processor(self, seconds: float, hz: int, form: str, gone: Gone) -> bytes:
        """What uses the processor within so many seconds. Raises ProfileError while another profile is taken."""
        sampler = Sampler(self._clock, hz)
        self._begin("cpu")
        try:
            sampler.start()
            try:
                await self._wait(seconds, gone, sampler.look_around)
            finally:
                profile = sampler.stop()
            return await asyncio.to_thread(FORMS[form], profile)
        finally:
            self._taking = ""

    async def memory(self, seconds: float, form: str, gone: Gone) -> bytes:
        """What is allocated within so many seconds and stays. Raises ProfileError while another profile is taken."""
        self._begin("heap")
        try:
            recorder, began, since = Recorder(), self._clock.now(), self._clock.elapsed()
            recorder.start()
            try:
                await self._wait(seconds, gone)
                snapshot = recorder.take()
            finally:
                recorder.stop()
            took = self._clock.elapsed() - since
            return await asyncio.to_thread(lambda: FORMS[form](recorder.profile(snapshot, began, took)))
        finally:
            self._taking = ""

    async def waiting(self, form: str) -> bytes:
        """Where every thread and task is now; `form` may be text, too."""
        standing = waiting.everybody()
        if form == "text":
            return waiting.text(standing)
        return FORMS[form](waiting.profile(standing, self._clock.now()))

    def command(self) -> bytes:
        """The arguments of the process, NUL between them."""
        return "\0".join(sys.argv).encode("utf-8", "replace")

    def _begin(self, name: str) -> None:
        if self._taking:
            raise ProfileError(f"a {self._taking} profile is being taken: there is one at a time, ask again later")
        self._taking = name

    async def _wait(self, seconds: float, gone: Gone, meanwhile: Callable[[], None] = lambda: None) -> None:
        until = self._clock.elapsed() + seconds
        while (left := until - self._clock.elapsed()) > 0 and not await gone():
            await self._clock.sleep_until(self._clock.now() + timedelta(seconds=min(left, _SLICE)))
            meanwhile()
