"""What is true in a story, and how Prometheus tells it."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from alertd.core.labels import Labels
from alertd.core.samples import Answer, Sample
from tests.datasources.fusing import FusingServer

_HIGH, _LOW = 1.0, 0.1
LOST = ("a", "b")  # jobs that a partial answer does not have


class Truth:
    """Conditions come true and become false. Rules in `judged` have a `when`: their series stay, with another value."""

    def __init__(self, judged: Collection[str] = ()) -> None:
        self.server = FusingServer()
        self._judged = judged
        self._values: dict[str, dict[Labels, float]] = {}

    def begins(self, labels: Labels) -> None:
        """The condition is true for these from now on."""
        name = labels["alertname"]
        self._values.setdefault(name, {})[labels] = _HIGH
        self._tell(name)

    def ends(self, labels: Labels) -> None:
        """The condition is false for these from now on."""
        name = labels["alertname"]
        values = self._values.setdefault(name, {})
        if name not in self._judged:
            values.pop(labels, None)
        elif labels in values:
            values[labels] = _LOW
        self._tell(name)

    def alerts(self) -> Iterator[Labels]:
        """Those for which a condition is true."""
        return (labels for values in self._values.values() for labels, value in values.items() if value == _HIGH)

    def samples(self, name: str) -> tuple[Sample, ...]:
        """What there is to say of a rule, in one order."""
        values = self._values.get(name, {})
        return tuple(Sample(one.without("alertname"), values[one]) for one in sorted(values, key=str))

    def _tell(self, name: str) -> None:
        self.server.set(name, *self.samples(name))


def partial(answer: Answer) -> Answer:
    """What is left of an answer if one of the servers behind Prometheus is gone."""
    left = tuple(sample for sample in answer.samples if sample.labels.get("job") not in LOST)
    return replace(answer, samples=left, warnings=("partial",), partial=True)
