"""What the configuration says about telling people, as far as the dispatcher acts on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alertd.core.flapping import FlapBounds
from alertd.core.inhibition import InhibitRule
from alertd.core.intervals import Calendar
from alertd.core.receivers import Integration
from alertd.core.routes import Route
from alertd.core.storms import StormBounds


@dataclass(frozen=True)
class Routing:
    """What the configuration says about telling people."""

    root: Route
    receivers: Mapping[str, Sequence[Integration]]
    external_url: str = ""
    inhibit_rules: Sequence[InhibitRule] = ()
    calendar: Calendar = field(default_factory=Calendar)
    flapping: FlapBounds = field(default_factory=FlapBounds)
    storms: StormBounds = field(default_factory=StormBounds)

    def of(self, route: Route) -> Sequence[Integration]:
        """The integrations that a route tells."""
        return self.receivers.get(route.receiver, ())
