"""What a datasource answers: samples of an instant vector."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import copysign
from types import MappingProxyType

from alertd.core.labels import Labels

_NOTHING: Mapping[str, str] = MappingProxyType({})  # one for all: there are very many samples


@dataclass(frozen=True, slots=True)
class Sample:
    """One element of an instant vector. `labels` include `__name__` where the expression kept it.

    `histogram` is the text of a native histogram, whose `value` is 0 (as in Prometheus' own alerts). `annotations`
    come from conditions in Python; they go on top of the rule's.
    """

    labels: Labels
    value: float
    histogram: str = ""
    annotations: Mapping[str, str] = field(default_factory=lambda: _NOTHING)  # one for all of them


@dataclass(frozen=True, slots=True)
class Answer:
    """The samples of one expression at one instant, with what the server remarked, and how long it took, if known.

    `partial`: the server says that some are missing.
    """

    samples: tuple[Sample, ...]
    warnings: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False, repr=False)
    partial: bool = False


NO_SAMPLES = Answer(())  # the answer to most questions


@dataclass(frozen=True, slots=True)
class Skipped:
    """A condition that would not judge this time: the alerts of its rule stay as they are."""

    reason: str


def is_same(one: float, other: float) -> bool:
    """Whether people see the same number: -0 is not 0, and NaN is NaN."""
    if one == other:
        return one != 0.0 or copysign(1.0, one) == copysign(1.0, other)
    return one != one and other != other
