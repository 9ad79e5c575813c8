"""`--profile`: what alertd's processor time is spent on in a scenario. py-spy looks at it 250 times a second.

Nothing is measured meanwhile: to be looked at costs time, too.
"""

import signal
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tests.e2e.bench.process import Measured
from tests.e2e.bench.stats import aligned
from tests.e2e.rig import beside

_RATE = 250
_PATIENCE = 60.0
_REST = "the loop, and the rest"
_WAITING = (  # for a lock or a queue, which py-spy takes for work
    "select (selectors.py",
    "_worker (concurrent",
    "wait (threading.py",
    "get (queue.py",
    "_next (alertd/store/writer.py",
)
_IMPORTING = "_find_and_load ("
_PARTS = (  # the innermost frame of one of these files says what it is
    ("requests over HTTP", ("alertd/http/", "httpx/", "httpcore/", "anyio/", "h11/")),
    ("configuration and rules read", ("alertd/config/", "alertd/plans.py")),
    ("queries fused, answers decoded and taken apart", ("alertd/datasources/",)),
    ("templates compiled and expanded", ("alertd/engine/expansion", "alertd/core/instantiate", "alertd/templating/")),
    ("states of alerts", ("alertd/core/lifecycle", "alertd/core/board", "alertd/core/judging", "alertd/core/alerts")),
    ("evaluation, besides", ("alertd/engine/evaluator", "alertd/engine/asking")),
    ("history noted", ("alertd/engine/history", "alertd/engine/backlog")),
    ("history written", ("remember (alertd/store/",)),
    ("states and messages written, or read", ("alertd/store/", "sqlite3/")),
    ("messages rendered", ("alertd/notifiers/",)),
    ("messages claimed and settled", ("alertd/engine/courier", "alertd/engine/lines", "alertd/core/delivery")),
    ("what to tell decided", ("alertd/engine/dispatcher", "alertd/engine/groups", "alertd/core/flush")),
    ("counted and logged", ("alertd/telemetry/",)),
    ("APScheduler, and the ticker", ("apscheduler/", "alertd/engine/ticker")),
    ("HTTP served", ("alertd/web/", "uvicorn/", "starlette/")),
)


class Profile:
    """Stacks as they were seen, how often; outermost frame first, joined by semicolons."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def add(self, lines: Iterable[str]) -> None:
        """Take in what py-spy has written."""
        for line in lines:
            stack, _, times = line.rpartition(" ")
            if not _is_waiting(stack):
                self._seen[stack] += int(times)

    def parts(self) -> Mapping[str, float]:
        """Of the time it was busy, how much it spent on what; together 1."""
        parts: Counter[str] = Counter()
        for stack, times in self._seen.items():
            parts[part(stack)] += times
        return {name: times / parts.total() for name, times in parts.items()}


def compared(profiles: Mapping[str, Profile]) -> str:
    """A table: a column for each scenario, what takes most of them first."""
    columns = [profile.parts() for profile in profiles.values()]
    names = sorted(set().union(*columns), key=lambda name: -sum(column.get(name, 0) for column in columns))
    lines = [[name, *(f"{100 * column.get(name, 0):.0f} %" for column in columns)] for name in names]
    return aligned([["", *profiles], *lines])


def part(stack: str) -> str:
    """What somebody with such a stack is doing."""
    return "modules imported" if _IMPORTING in stack else next(_parts(stack), _REST)


def _is_waiting(stack: str) -> bool:
    function, _, place = stack.rpartition(";")[2].partition(" ")
    return f"{function.rpartition('.')[2]} {place}".startswith(_WAITING)  # some Pythons name the class, too


def _parts(stack: str) -> Iterator[str]:
    for frame in reversed(stack.split(";")):
        yield from (name for name, marks in _PARTS if any(mark in frame for mark in marks))


class Spy(Measured):
    """py-spy, looking at a process by its number, or at one that it starts."""

    def __init__(self, profile: Profile, what: list[str], folder: Path, url: str) -> None:
        self._profile, self._raw = profile, folder / "profile.raw"
        how = ["--rate", str(_RATE), "--format", "raw", "--output", str(self._raw)]
        super().__init__("py-spy", [beside("py-spy"), "record", *how, *what], folder, url)

    def kill(self) -> None:
        """It writes what it has seen, and ends what it has started."""
        self.signal(signal.SIGINT)
        self._popen.wait(_PATIENCE)
        self._profile.add(self._raw.read_text().splitlines())
