"""The values of a series over the time of the test: phases of some seconds, seeded by its labels."""

import math
import random
import struct
from collections.abc import Iterator

from tests.e2e.differential.series import Labels, Wanted

STEP = 2  # seconds between samples
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]  # Prometheus' mark for "this series has ended"
_ODD = (math.nan, math.inf, -math.inf, 1e-9, 1.2345e18, -0.0)


def history(labels: Labels, metric: Wanted, begin: int, seconds: int) -> Iterator[tuple[int, float]]:
    """Seconds since 1970 and values."""
    chance = random.Random(repr(labels))
    at, total, there = begin, 0.0, False
    while at < begin + seconds:
        until = at + chance.randrange(4, 26)
        absent = chance.random() < 0.15
        if absent and there and chance.random() < 0.5:
            yield at, STALE
        level, noisy = _level(chance, metric, begin), chance.random() < 0.4
        while at < until:
            total += abs(level) if math.isfinite(level) else 0.0
            value = total if metric.ranged and math.isfinite(level) else level
            if not absent:
                yield at, value * chance.gauss(1, 0.05) if noisy and not metric.ranged else value
            at += STEP
        there = not absent


def _level(chance: random.Random, metric: Wanted, begin: int) -> float:
    if chance.random() < 0.06:
        return chance.choice(_ODD)
    number = chance.choice(sorted(metric.numbers))
    if metric.clock and chance.random() < 0.7:
        return begin - number * chance.choice([0.3, 0.9, 2, -2])
    return number * chance.choice([0.2, 0.5, 1, 1, 1, 1.5, 3, 1000])
