"""Matchers that count how often they are asked, to tell what is looked up from what is tried one by one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from alertd.core.matchers import Matcher


@dataclass
class Tally:
    """How often matchers were asked since it was read last."""

    _asked: int = 0

    def add(self) -> None:
        self._asked += 1

    def read(self) -> int:
        asked, self._asked = self._asked, 0
        return asked


@dataclass(frozen=True)
class Counted(Matcher):
    """A matcher that says so when it is asked."""

    tally: Tally = field(default_factory=Tally, compare=False)

    def matches(self, labels: Mapping[str, str]) -> bool:
        self.tally.add()
        return super().matches(labels)
