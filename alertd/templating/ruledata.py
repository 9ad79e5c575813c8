"""What the templates of a rule work on: the sample, the surroundings, and the answers to the queries they ask."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from alertd.templating.functions import Type
from alertd.templating.values import Slice, StringMap, Struct


class QueryNeeded(Exception):  # noqa: N818 - not an error: the expansion asks for an answer and is then tried again
    """A template asks for the answer of a query that is not among the answers it was given."""

    def __init__(self, expr: str) -> None:
        self.expr = expr
        super().__init__(f"the answer to {expr!r} is needed")


@dataclass(frozen=True)
class RuleData(Struct):
    """What a template sees; `labels` are the sample's own, `__name__` included.

    `now` is the instant of the evaluation, aware and in UTC. `answers` are the results of `query` by expression.
    `value_text` is a native histogram as text, and then takes the place of the value.
    """

    go_type: ClassVar[str] = (
        "struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value float64 }"
    )
    comparable: ClassVar[bool] = False
    fields: ClassVar[Mapping[str, Any]] = {
        "Labels": lambda data: StringMap(data.labels),
        "ExternalLabels": lambda data: StringMap(data.external_labels),
        "ExternalURL": lambda data: data.external_url,
        "Value": lambda data: data.value_text or data.value,
    }

    labels: Mapping[str, str]
    value: float
    now: datetime
    external_labels: Mapping[str, str] = field(default_factory=dict)
    external_url: str = ""
    answers: Mapping[str, Sequence[tuple[Mapping[str, str], float]]] = field(default_factory=dict)
    value_text: str = ""


class Sample(Struct):
    """One series of an answer."""

    go_type = "*template.sample"
    pointer = True
    fields: ClassVar[Mapping[str, Any]] = {
        "Labels": lambda sample: sample.labels,
        "Value": lambda sample: sample.value,
    }
    __slots__ = ("labels", "value")

    def __init__(self, labels: Mapping[str, str], value: float) -> None:
        self.labels, self.value = StringMap(labels), value


class Vector(Slice):
    """An answer."""

    __slots__ = ()
    go_type = "template.queryResult"


SAMPLE = Type("*template.sample", (Sample,))
VECTOR = Type("template.queryResult", (Vector,), nil=Vector())
