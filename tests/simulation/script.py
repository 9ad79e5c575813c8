"""What happens in a story: its setting, and what goes right and wrong in it, all from one seed."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from alertd.core.durations import format as spelled
from alertd.core.flapping import FlapBounds
from alertd.core.inhibition import InhibitRule
from alertd.core.intervals import Interval, Span
from alertd.core.matchers import Matcher
from alertd.core.receivers import Integration
from alertd.core.routes import Route
from alertd.core.storms import StormBounds

TROUBLE = 20 * 60  # seconds of it
HEALED = 45 * 60  # seconds after which all must be as if nothing had been; the longest pause between attempts is 19 min
JOBS = "abc"
SEVERITIES = ("warning", "critical")
INTEGRATIONS = {"ops": (Integration("ops/webhook[0]", "ops"),), "db": (Integration("db/webhook[0]", "db"),)}
DOORS = [one.id for some in INTEGRATIONS.values() for one in some]
INHIBITION = InhibitRule((Matcher("alertname", "=", "ClusterDown"),), (Matcher("alertname", "=", "JobDown"),))
LUNCH: Interval = (Span(times=((8, 12),)),)  # minutes of the day, which begins with the story
WHEN = "value > (0.3 if firing else 0.5)"
PLACES = (
    "disk.record",
    *["disk.commit"] * 3,
    "disk.claim",
    "disk.settle",
    "disk.silence",
    "prometheus",
    "script",
    *DOORS,
)


@dataclass(frozen=True)
class Setting:
    """The configuration that a story begins with."""

    for_: timedelta
    keep_firing_for: timedelta
    cooldown: timedelta
    route: Route
    inhibits: bool
    ends: str  # what is true when all is well again: everything, nothing, or what was true before
    flapping: FlapBounds
    storms: StormBounds
    judged: bool = False  # the first rule has a `when`
    scripted: bool = False  # it is a function in Python
    eager: bool = False  # messages go one at a time, and others are claimed ahead, to be given back if they wait
    rules: Sequence[str] = ("JobDown", "ClusterDown")  # the first has `for` and the others; what is asked is the name
    interval: timedelta = timedelta(seconds=30)

    def __str__(self) -> str:
        route = self.route
        times = {
            "for": self.for_,
            "keep_firing_for": self.keep_firing_for,
            "cooldown": self.cooldown,
            "group_wait": route.group_wait,
            "group_interval": route.group_interval,
            "repeat_interval": route.repeat_interval or timedelta(0),
        }
        texts = [f"{name} {spelled(time)}" for name, time in times.items()]
        more = ["inhibits"] * self.inhibits + ["when"] * self.judged + ["script"] * self.scripted
        more += ["eager"] * self.eager
        more += ["flaps"] * bool(self.flapping.window) + [f"storms above {self.storms.groups} groups"]
        return "; ".join([*texts, _tree(route), f"ends with {self.ends}", *more])


@dataclass(frozen=True)
class Doing:
    """Something that happens so many seconds after the start."""

    at: float
    what: str
    arguments: tuple[object, ...] = ()

    def __str__(self) -> str:
        texts = (_tree(one) if isinstance(one, Route) else str(one) for one in self.arguments)
        return f"{spelled(timedelta(seconds=int(self.at)))} {self.what} {' '.join(texts)}".rstrip()


@dataclass(frozen=True)
class Script:
    """A story to be lived through."""

    seed: int
    setting: Setting
    doings: Sequence[Doing] = field(default=())
    trouble: float = TROUBLE  # seconds of it

    def without(self, begin: int, end: int) -> "Script":
        """The story without some of its doings."""
        return replace(self, doings=[*self.doings[:begin], *self.doings[end:]])

    def has(self, *what: str) -> bool:
        """Whether any of this happens in it."""
        return any(doing.what in what for doing in self.doings)

    def __str__(self) -> str:
        return "\n".join([f"seed {self.seed}", str(self.setting), *map(str, self.doings)])


def trees(base: Route) -> list[Route]:
    """Routing trees that tell the same alerts in other groups, to other receivers, or not at lunch."""
    found = []
    for group_by in (("alertname",), ("job",), None, ()):
        root = replace(base, group_by=group_by)
        job_a = replace(root, key='{}/{job="a"}', matchers=(Matcher("job", "=", "a"),))
        db = replace(job_a, receiver="db")
        found += [
            replace(root, routes=children)
            for children in (
                (),
                (job_a,),
                (db,),
                (replace(db, continue_=True), replace(root, key="{}/x")),
                (replace(db, mute_time_intervals=("lunch",)),),
            )
        ]
    return found


def _tree(root: Route) -> str:
    nodes = [f"{one.key}->{one.receiver}{'~' * len(one.mute_time_intervals)}" for one in root.walk()]
    return f"by {root.group_by}: {', '.join(nodes)}"


def write(seed: int) -> Script:
    """The story of a seed."""
    dice = random.Random(seed)
    minutes = [timedelta(minutes=minutes) for minutes in range(200)]
    base = Route(
        "{}",
        "ops",
        group_wait=dice.choice([timedelta(0), timedelta(seconds=30)]),
        group_interval=dice.choice([minutes[1], minutes[5]]),
        repeat_interval=dice.choice([None, None, minutes[7]]),
    )
    routes = trees(base)
    setting = Setting(
        for_=dice.choice([minutes[0], minutes[0], minutes[1], minutes[4]]),
        keep_firing_for=dice.choice([minutes[0], minutes[0], minutes[2]]),
        cooldown=dice.choice([minutes[0], minutes[10], minutes[180]]),
        route=dice.choice(routes),
        inhibits=dice.random() < 0.25,
        ends=dice.choice(["everything", "nothing", "what was"]),
        flapping=FlapBounds(minutes[10], high=10, low=5, posted=True) if seed % 3 == 0 else FlapBounds(minutes[0]),
        storms=StormBounds(groups=1, posted=True) if seed % 5 == 0 else StormBounds(),
        judged=seed % 4 == 1,
        scripted=seed % 4 == 2,
        eager=seed % 7 == 3,
    )
    kinds = dice.sample(sorted(_TROUBLES), k=dice.randint(1, 5))
    doings = [_alert(dice) for _ in range(dice.randint(2, 16))]
    doings += [_TROUBLES[dice.choice(kinds)](dice, routes) for _ in range(dice.randint(1, 14))]
    if setting.flapping.window:
        doings += _restless(dice)
    return Script(seed, setting, sorted(doings, key=lambda doing: doing.at))


def _restless(dice: random.Random) -> Iterable[Doing]:
    """One alert comes and goes for some minutes."""
    labels = ("JobDown", dice.choice(JOBS), dice.choice(SEVERITIES))
    begin, pause = dice.uniform(1, TROUBLE / 2), dice.choice([45, 70])
    for number in range(dice.randint(4, 10)):
        yield Doing(round(begin + number * pause, 3), ("fires", "resolves")[number % 2], labels)


def _moment(dice: random.Random) -> float:
    return round(dice.uniform(1, TROUBLE), 3)


def _alert(dice: random.Random) -> Doing:
    name = "ClusterDown" if dice.random() < 0.12 else "JobDown"
    labels = (name, dice.choice(JOBS), dice.choice(SEVERITIES))
    return Doing(_moment(dice), dice.choice(["fires", "fires", "resolves"]), labels)


def _fault(dice: random.Random, _: Sequence[Route]) -> Doing:
    place, times = dice.choice(PLACES), dice.choice([1, 1, 2, 5])
    late = dice.random() < 0.5 and not place.startswith("disk")  # a transaction that failed has had no effect
    return Doing(_moment(dice), "arm", (place, "fails", late, times, 0.0))


def _death(dice: random.Random, _: Sequence[Route]) -> Doing:
    if dice.random() < 0.3:
        return Doing(_moment(dice), "dies", (dice.choice([0, 5, 90]),))
    return Doing(_moment(dice), "arm", (dice.choice(PLACES), "dies", dice.random() < 0.5, 1, 0.0))


def _delay(dice: random.Random, _: Sequence[Route]) -> Doing:
    seconds = round(dice.choice([0.2, 10.0, 70.0, 150.0]) * dice.random(), 3)
    place = dice.choice(PLACES)
    late = dice.random() < 0.5 and not place.startswith("disk")  # the effect of a slow disk is late as well
    return Doing(_moment(dice), "arm", (place, "waits", late, 1, seconds))


def _prometheus(dice: random.Random, _: Sequence[Route]) -> Doing:
    return Doing(_moment(dice), "prometheus", (dice.choice(["", "", "down", "slow", "stale", "broken", "partial"]),))


def _receiver(dice: random.Random, _: Sequence[Route]) -> Doing:
    return Doing(
        _moment(dice), "receiver", (dice.choice(DOORS), dice.choice(["", "", "busy", "wrong", "deaf", "mute"]))
    )


def _silence(dice: random.Random, _: Sequence[Route]) -> Doing:
    if dice.random() < 0.4:
        return Doing(_moment(dice), "unsilences", (dice.choice(JOBS),))
    return Doing(_moment(dice), "silences", (dice.choice(JOBS), dice.choice([60, 300, 3600])))


def _posted(dice: random.Random, _: Sequence[Route]) -> Doing:
    return Doing(_moment(dice), "posts", (dice.choice(JOBS), dice.choice([0, 60, 300, 600])))


def _reload(dice: random.Random, routes: Sequence[Route]) -> Doing:
    return Doing(_moment(dice), "reloads", (dice.choice(routes),))


def _rules(dice: random.Random, _: Sequence[Route]) -> Doing:
    both = ("JobDown", "ClusterDown")
    return Doing(_moment(dice), "rules", dice.choice([both, both, both[:1], both[1:], ()]))


def _standby(dice: random.Random, _: Sequence[Route]) -> Doing:
    return Doing(_moment(dice), "another")


def _clock(dice: random.Random, _: Sequence[Route]) -> Doing:
    return Doing(_moment(dice), "clock", (round(dice.choice([-1, 1]) * dice.choice([2, 40, 900, 7200]), 3),))


_TROUBLES = {
    "clock": _clock,
    "death": _death,
    "delay": _delay,
    "fault": _fault,
    "posted": _posted,
    "prometheus": _prometheus,
    "receiver": _receiver,
    "reload": _reload,
    "rules": _rules,
    "standby": _standby,
    "silence": _silence,
}
