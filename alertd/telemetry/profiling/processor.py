"""What uses the processor: the kernel interrupts each time the process has used some of it, and we look who that was.

The clock that rings counts processor time only, so waiting is never seen. Python looks into signals between two
instructions of the main thread; the stacks of the other threads are read there too, and each thread is charged with
the processor time that it has used since it was last looked at. If the event loop is found waiting, another thread made
the clock ring; what the loop has used is charged where it is found working next.
"""

import signal
import sys
import threading
from dataclasses import dataclass
from types import FrameType

from alertd.errors import ProfileError
from alertd.ports import Clock
from alertd.telemetry.profiling.profile import Frame, Labels, Profile, Stack, Tally, stack_of

_KINDS = (("samples", "count"), ("cpu", "nanoseconds"))
_LEAST = 0.1  # of a period; less is charged with what comes next
_ELSEWHERE: Stack = (Frame("(threads that are not Python's, or ended)", "", 0),)


@dataclass
class _Thread:
    """A thread, and what of its processor time is charged already."""

    native: int
    labels: Labels
    charged: float


class Sampler:
    """Counts from `start` to `stop`, about `hz` times for every second of processor time."""

    def __init__(self, clock: Clock, hz: int) -> None:
        self._clock, self._period = clock, 1 / hz
        self._tally, self._threads = Tally(), dict[int, _Thread]()
        self._running = False
        self._faults = 0
        self._began, self._began_at, self._used = clock.now(), clock.elapsed(), clock.worked()

    def start(self) -> None:
        """Begin. Raises ProfileError outside of the main thread, the only one that can."""
        self.look_around()
        try:
            # It stays when the profile is done: one more signal may be on its way, which would end the process.
            signal.signal(signal.SIGPROF, self._interrupted)
        except ValueError:
            raise ProfileError("only the main thread can be profiled, and alertd does not run there") from None
        signal.siginterrupt(signal.SIGPROF, False)  # noqa: FBT003 - the standard library's signature
        self._running = True
        signal.setitimer(signal.ITIMER_PROF, self._period, self._period)

    def look_around(self) -> None:
        """Get to know the threads that are new. Not for the signal's handler: a lock is taken here."""
        for thread in threading.enumerate():
            if thread.ident is not None and thread.native_id is not None and thread.ident not in self._threads:
                charged = self._clock.worked(thread.native_id) if not self._running else 0.0
                self._threads[thread.ident] = _Thread(thread.native_id, (("thread", thread.name),), charged)

    def stop(self) -> Profile:
        """End, and say what was seen."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        self._running = False
        self._charge(sys._getframe(), least=0)  # noqa: SLF001 - the only way to see what runs
        seconds, used = self._clock.elapsed() - self._began_at, self._clock.worked() - self._used
        self._charge_elsewhere(used)
        comments = (f"{used:.3f} s of processor time in {seconds:.3f} s",)
        faults = (f"{self._faults} samples failed",) if self._faults else ()
        period = round(self._period * 1e9)
        return Profile("cpu", _KINDS, self._tally.samples(), self._began, seconds, period, (*comments, *faults))

    def _interrupted(self, _: int, frame: FrameType | None) -> None:
        if not self._running:
            return
        try:
            self._charge(frame, self._period * _LEAST)
        except Exception:  # it would appear in the middle of whatever runs
            self._faults += 1

    def _charge(self, frame: FrameType | None, least: float) -> None:
        """Charge every thread with what it has used, at the place where it is now."""
        frames = sys._current_frames()  # noqa: SLF001 - the only way to see what runs
        if frame is not None:
            frames[threading.get_ident()] = frame
        for ident, thread in self._threads.items():
            used = self._clock.worked(thread.native) - thread.charged
            if used > least and ident in frames and not _waits(frames[ident]):
                thread.charged += used
                self._tally.add(stack_of(frames[ident]), (1, round(used * 1e9)), thread.labels)

    def _charge_elsewhere(self, used: float) -> None:
        """What no thread was charged with."""
        missing = round(used * 1e9) - sum(sample.values[-1] for sample in self._tally.samples())
        if missing > self._period * 1e9:
            self._tally.add(_ELSEWHERE, (1, missing))


def _waits(frame: FrameType) -> bool:
    """Whether the event loop waits here, or has only just been woken by the clock."""
    return frame.f_globals.get("__name__") == "selectors" or frame.f_code.co_name == "_read_from_self"
