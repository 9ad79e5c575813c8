"""Which alerts somebody wants to see: by labels, by who is told, and by who mutes them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from alertd.core.alerts import State
from alertd.core.labels import Labels
from alertd.core.matchers import Matcher
from alertd.core.muters import Muters


@dataclass(frozen=True)
class Filter:
    """What is wanted. `receiver` is a compiled expression for the whole name, or None."""

    matchers: tuple[Matcher, ...] = ()
    receiver: Any = None
    receiver_matchers: tuple[Matcher, ...] = ()
    active: bool = True
    silenced: bool = True
    inhibited: bool = True
    muted: bool = True
    states: frozenset[State] = frozenset((State.FIRING,))

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Whether all matchers do."""
        return all(matcher.matches(labels) for matcher in self.matchers)

    def takes(self, muters: Muters) -> bool:
        """Whether alerts that are muted like this are wanted."""
        if not muters:
            return self.active
        unwanted = (
            (muters.silenced and not self.silenced)
            or (muters.inhibited and not self.inhibited)
            or (muters.muted and not self.muted)
        )
        return not unwanted

    def names(self, receivers: Mapping[str, Labels]) -> Collection[str]:
        """The names of the receivers that fit, in order."""
        return {name: None for name, labels in receivers.items() if self._is_for(name, labels)}

    def _is_for(self, name: str, labels: Labels) -> bool:
        if self.receiver is not None and self.receiver.fullmatch(name) is None:
            return False
        return all(matcher.matches(labels) for matcher in self.receiver_matchers)
