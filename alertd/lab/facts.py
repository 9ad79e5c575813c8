"""What a Prometheus said, as values: which metrics it has, their labels, and its answer to each expression."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from alertd.errors import Problem


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one expression. `samples` are those that were read for it; None if the server does not say."""

    series: int = 0
    seconds: float = 0.0
    samples: int | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """`metrics` None: nobody was asked, or the list was too long to be had. What is not here is not known.

    `labels` are by metric, `answers` by expression; `troubles` say why something could not be asked.
    """

    asked: bool = False
    metrics: frozenset[str] | None = None
    labels: Mapping[str, frozenset[str]] = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=dict)
    troubles: tuple[Problem, ...] = ()
