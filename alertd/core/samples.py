"""What a datasource answers: samples of an instant vector."""

from dataclasses import dataclass

from alertd.core.labels import Labels


@dataclass(frozen=True, slots=True)
class Sample:
    """One element of an instant vector. `labels` include `__name__` where the expression kept it.

    `histogram` is the text of a native histogram, whose `value` is 0 (as in Prometheus' own alerts).
    """

    labels: Labels
    value: float
    histogram: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The samples of one expression at one instant, with what the server remarked."""

    samples: tuple[Sample, ...]
    warnings: tuple[str, ...] = ()
