"""Who mutes an alert, as people are shown it."""

from collections.abc import Sequence
from dataclasses import dataclass

from alertd.core.mutes import Verdict


@dataclass(frozen=True, slots=True)
class Muters:
    """Ids of silences, fingerprints of inhibiting alerts, names of time intervals; falsy when it is audible."""

    silenced: tuple[str, ...] = ()
    inhibited: tuple[str, ...] = ()
    muted: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.silenced or self.inhibited or self.muted)


def of(verdict: Verdict) -> Muters:
    """Who speaks from a verdict."""
    inhibited = tuple(one.source.fingerprint for one in verdict.inhibited_by)
    return Muters(verdict.silenced_by, inhibited, (*verdict.muted_by, *verdict.outside))


def everywhere(ways: Sequence[Muters]) -> Muters:
    """Who mutes an alert on all of its routes: what silences or inhibits it does so everywhere, a time may not."""
    if not ways:
        return Muters()
    muted = ways[0].muted if all(one.muted for one in ways) else ()
    return Muters(ways[0].silenced, ways[0].inhibited, muted)
