"""A month in the life of one alertd: `python -m tests.simulation.soak --days 30`.

200 rules are evaluated every minute. Some alerts begin and end all the time, some flap; Prometheus is down, receivers
refuse, silences come and go, other configurations are loaded, and every few days the process dies. Each day it is
counted what alertd holds in memory and how large its database is, and at the end every promise is checked.
"""

import argparse
import asyncio
import gc
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from alertd.core.flapping import FlapBounds
from alertd.core.history import Limits
from alertd.core.routes import Route
from alertd.core.storms import StormBounds
from alertd.engine.history import Recorder
from alertd.ports import UNTRACED, Listener, Tracer
from alertd.telemetry.observers import Observers
from tests.simulation.outside import Disk
from tests.simulation.script import DOORS, JOBS, SEVERITIES, Doing, Script, Setting, trees
from tests.simulation.virtual import VirtualLoop
from tests.simulation.world import World

RULES = 200
DAY, HOUR, MINUTE = 86_400, 3_600, 60  # seconds
HISTORY = Limits(retention=timedelta(days=1), rows=5_000)


@dataclass(frozen=True)
class Day:
    """What there is at its end: objects of alertd's own classes, bytes of the database, alerts alive."""

    number: int
    objects: int
    size: int
    alive: int
    heard: int  # messages, since the start

    def __str__(self) -> str:
        return f"{self.number:5}{self.objects:10,}{self.size / 1024:12,.0f}{self.alive:8}{self.heard:10,}"


HEADER = f"{'day':>5}{'objects':>10}{'database KiB':>14}{'alerts':>6}{'messages':>10}"


def soak(seed: int, days: int, disk: Path, watch: Callable[[Day], None]) -> Counter[str]:
    """Live through so many days; what went wrong in them. Raises BrokenPromise."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        world = Month(script(seed, days), disk, watch)
        runner.run(world.run())
        return world.tally


class Month(World):
    """A world that counts, and that remembers for `alertd why`."""

    def __init__(self, plan: Script, disk: Path, watch: Callable[[Day], None]) -> None:
        super().__init__(plan, disk.with_suffix(".lock"), disk)
        self._watch = watch

    def _tracer(self) -> Tracer:
        return UNTRACED

    def _listener(self, disk: Disk) -> Listener:
        recorder = Recorder(disk.history, self._clock, lambda: HISTORY)
        self._spawn(recorder.backlog.run())
        return Observers(super()._listener(disk), recorder)

    async def _until(self, at: float) -> None:
        while (midnight := (self._now // DAY + 1) * DAY) <= at:
            await super()._until(midnight)
            self._truth.server.queries.clear()
            self._watch(self._count(int(midnight // DAY)))
        await super()._until(at)

    def _count(self, number: int) -> Day:
        gc.collect()
        objects = sum(str(type(one).__module__).startswith("alertd.") for one in gc.get_objects())
        pages, bytes_ = (self._disk.execute(f"PRAGMA page_{what}").fetchone()[0] for what in ("count", "size"))
        alive = list(self._engine.board.alive()) if self._engine else []
        return Day(number, objects, pages * bytes_, len(alive), self.judge.tally["messages accepted"])


def script(seed: int, days: int) -> Script:
    """What happens in these days."""
    dice = random.Random(seed)
    base = Route("{}", "ops", group_wait=timedelta(seconds=30), group_interval=timedelta(minutes=5))
    setting = Setting(
        for_=timedelta(minutes=1),
        keep_firing_for=timedelta(0),
        cooldown=timedelta(minutes=10),
        route=replace(base, group_by=("alertname",)),
        inhibits=False,
        ends="what was",
        flapping=FlapBounds(timedelta(minutes=30)),  # so that all is calm when the story ends
        storms=StormBounds(),
        rules=["JobDown", "ClusterDown", *(f"Rule{number:03}" for number in range(2, RULES))],
        interval=timedelta(minutes=1),
    )
    doings = [doing for day in range(days) for doing in _day(dice, day, setting, trees(base))]
    kept = [doing for doing in doings if doing.at < days * DAY]
    return Script(seed, setting, sorted(kept, key=lambda one: one.at), trouble=float(days * DAY))


def _day(dice: random.Random, day: int, setting: Setting, routes: list[Route]) -> Iterator[Doing]:
    def at(latest: int = DAY) -> float:
        return day * DAY + round(dice.uniform(1, latest - 1), 3)

    def lasts(what: str, seconds: int, *arguments: str) -> Iterator[Doing]:
        begin = at(DAY - seconds)
        yield Doing(begin, what, arguments)
        yield Doing(begin + seconds, what, (*arguments[:-1], ""))

    for _ in range(60):
        yield from _comes_and_goes(dice, at(), setting, times=1, pause=dice.choice([4 * MINUTE, 20 * MINUTE, 6 * HOUR]))
    for _ in range(4):
        yield from _comes_and_goes(dice, at(), setting, times=dice.randint(6, 15), pause=3 * MINUTE)
    yield from lasts("prometheus", 10 * MINUTE, dice.choice(["down", "slow"]))
    yield from lasts("receiver", 30 * MINUTE, dice.choice(DOORS), "busy")
    yield Doing(at(), "silences", (dice.choice(JOBS), HOUR))
    yield Doing(at(), "reloads", (dice.choice(routes),))
    if dice.random() < 0.3:
        yield Doing(at(), "dies", (dice.choice([5, 90]),))


def _comes_and_goes(dice: random.Random, begin: float, setting: Setting, times: int, pause: int) -> Iterator[Doing]:
    rule = dice.randrange(RULES)
    labels = (setting.rules[rule], JOBS[rule % 3], SEVERITIES[rule % 2])  # so that who counts them remembers 200
    for number in range(times):
        yield Doing(begin + 2 * number * pause, "fires", labels)
        yield Doing(begin + (2 * number + 1) * pause, "resolves", labels)


def main() -> int:
    """0 if every promise was kept, 1 with a traceback if one was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.soak", description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(HEADER)
    with tempfile.TemporaryDirectory() as folder:
        tally = soak(options.seed, options.days, Path(folder, "alertd.db"), lambda day: print(day, flush=True))
    print("\nevery promise kept\n")
    print("\n".join(f"{count:10,}  {what}" for what, count in sorted(tally.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
