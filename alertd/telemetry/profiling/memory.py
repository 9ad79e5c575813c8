"""What fills the memory: tracemalloc, on for a while only, because it slows down everything that allocates."""

import tracemalloc
from datetime import datetime

from alertd.telemetry.profiling.functions import Functions
from alertd.telemetry.profiling.profile import Frame, Profile, Tally

FRAMES = 8  # of a stack; each costs time and memory for every object that is allocated
_KINDS = (("inuse_objects", "count"), ("inuse_space", "bytes"))


class Recorder:
    """Watches what is allocated from `start` to `stop`. What somebody else switched on is left on."""

    def __init__(self) -> None:
        self._found_on = tracemalloc.is_tracing()

    def start(self) -> None:
        """Begin."""
        if not self._found_on:
            tracemalloc.start(FRAMES)

    def take(self) -> tracemalloc.Snapshot:
        """What was allocated and is not free again. Nothing else runs while it is taken."""
        return tracemalloc.take_snapshot()

    def stop(self) -> None:
        """End, and forget it."""
        if not self._found_on:
            tracemalloc.stop()

    def profile(self, snapshot: tracemalloc.Snapshot, began: datetime, seconds: float) -> Profile:
        """What a snapshot says, as a profile; work for a thread."""
        tally, functions = Tally(), Functions()
        frames: dict[tuple[str, int], Frame] = {}
        for trace in snapshot.traces:
            stack = []
            for one in reversed(trace.traceback):
                place = one.filename, one.lineno
                if place not in frames:
                    frames[place] = Frame(functions.name(*place), *place)
                stack.append(frames[place])
            tally.add(tuple(stack), (1, trace.size))
        since = "since tracemalloc was switched on" if self._found_on else f"within {seconds:.3f} s"
        comment = f"allocated {since}, and not free again at the end"
        return Profile("heap", _KINDS, tally.samples(), began, seconds, comments=(comment,))
