"""What a datasource answers: samples of an instant vector."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import copysign
from types import MappingProxyType
from typing import overload

from alertd.core.labels import Labels
from alertd.core.shapes import Shape

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


class PlainSamples(Sequence[Sample]):
    """Samples of labels and a value only, of which there may be very many: each is made when somebody looks at it."""

    __slots__ = ("_names", "_numbers", "_texts")

    def __init__(self, samples: Iterable[tuple[Labels, float]]) -> None:
        self._names: list[Shape] = []
        self._texts: list[tuple[str, ...]] = []
        self._numbers: list[float] = []
        for labels, value in samples:
            names, texts = labels.apart
            self._names.append(names)
            self._texts.append(texts)
            self._numbers.append(value)

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Sample]:
        return map(_plain, self._names, self._texts, self._numbers)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Sample, ...]: ...
    def __getitem__(self, index: int | slice) -> Sample | tuple[Sample, ...]:
        if isinstance(index, slice):
            return tuple(map(_plain, self._names[index], self._texts[index], self._numbers[index]))
        return _plain(self._names[index], self._texts[index], self._numbers[index])

    def __eq__(self, other: object) -> bool:
        return tuple(self) == (tuple(other) if isinstance(other, PlainSamples) else other)

    __hash__ = None  # type: ignore[assignment]


def _plain(names: Shape, texts: tuple[str, ...], value: float) -> Sample:
    return Sample(Labels.joined(names, texts), value)


def are_plain(samples: Sequence[Sample]) -> bool:
    """Whether there is nothing to them but labels and values."""
    return isinstance(samples, PlainSamples) or not any(one.annotations or one.histogram for one in samples)


@dataclass(frozen=True, slots=True)
class Answer:
    """The samples of one expression at one instant, with what the server remarked, and how long it took, if known.

    `partial`: the server says that some are missing.
    """

    samples: Sequence[Sample]
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
