"""How much is measured, and for how long."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Times are in seconds."""

    rules: tuple[int, ...] = (1000,)
    interval: int = 15  # between evaluations of a rule
    warm: int = 20  # before counting begins
    window: int = 60  # of counting
    flips: int = 120
    flip_length: int = 10  # how long a flipped value stays
    alerts: int = 10_000
    group_by: str = "grp"  # the label by which a storm is grouped; each alert has an `id` of its own
    storms: int = 2
    storm_pace: int = 5  # between scrapes, between evaluations, and the group_wait and group_interval
    storm_window: int = 30  # in which processor time is counted
    rounds: int = 3  # in which each way of being watched is measured
    scrapes: int = 50
    starts: int = 5
    idle: int = 10  # before memory is looked at
    patience: int = 120  # for alerts that are missing
    only: tuple[str, ...] = ()  # contestants; all of them if there are none
    attempts: int = 1  # to measure while nothing else keeps the machine busy


FULL = Plan()
QUICK = Plan(
    interval=5,
    warm=1,
    window=10,
    flips=12,
    flip_length=2,
    alerts=2000,
    storms=1,
    storm_pace=1,
    storm_window=5,
    rounds=1,
    scrapes=10,
    starts=1,
    idle=2,
    patience=30,
)
