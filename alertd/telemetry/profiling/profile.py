"""A profile as a value: stacks, and what was counted on each; the formats are made of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import FrameType
from typing import NamedTuple

MOST_STACKS = 10_000  # different ones in a profile; what comes on top is counted as one
MOST_FRAMES = 128  # of a stack, the innermost ones


class Frame(NamedTuple):
    """A line of a function. `line` is 0 where there is none."""

    function: str
    file: str
    line: int


Stack = tuple[Frame, ...]  # innermost first
Labels = tuple[tuple[str, str], ...]

OTHERS: Stack = (Frame("(more stacks than a profile holds)", "", 0),)
_CUT = Frame("(deeper than a profile shows)", "", 0)


@dataclass(frozen=True, slots=True)
class Sample:
    """What was counted on one stack, in the order of the profile's kinds."""

    stack: Stack
    values: tuple[int, ...]
    labels: Labels = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """`kinds` are what is counted, and its unit. `period`: one sample in so many units of the last kind."""

    name: str
    kinds: tuple[tuple[str, str], ...]
    samples: Sequence[Sample]
    began: datetime
    seconds: float
    period: int = 1
    comments: tuple[str, ...] = ()


def stack_of(frame: FrameType | None) -> Stack:
    """The stack that ends in this frame; of a deep one only what is innermost."""
    found: list[Frame] = []
    while frame is not None and len(found) < MOST_FRAMES:
        code = frame.f_code
        module = frame.f_globals.get("__name__", "?")
        found.append(Frame(f"{module}.{code.co_qualname}", code.co_filename, frame.f_lineno or 0))
        frame = frame.f_back
    return (*found, _CUT) if frame is not None else tuple(found)


class Tally:
    """Adds up what is counted, by stack and labels, within bounds."""

    def __init__(self) -> None:
        self._counts: dict[tuple[Stack, Labels], tuple[int, ...]] = {}

    def add(self, stack: Stack, values: tuple[int, ...], labels: Labels = ()) -> None:
        """Count this, too."""
        key = (stack, labels)
        if key not in self._counts and len(self._counts) >= MOST_STACKS:
            key = (OTHERS, ())
        before = self._counts.get(key)
        self._counts[key] = tuple(map(sum, zip(before, values, strict=True))) if before else values

    def samples(self) -> list[Sample]:
        """Everything that was counted, largest last values first."""
        rows = (Sample(stack, values, labels) for (stack, labels), values in self._counts.items())
        return sorted(rows, key=lambda one: -one.values[-1])


def numbered(items: Iterator[Frame]) -> Mapping[Frame, int]:
    """Each different frame with its number, from 0, in the order of their first appearance."""
    found: dict[Frame, int] = {}
    for item in items:
        found.setdefault(item, len(found))
    return found
