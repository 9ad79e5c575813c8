"""What the configuration says about telling people, as far as the dispatcher acts on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alertd.core import flapping, storms
from alertd.core.inhibition import InhibitRule
from alertd.core.intervals import Calendar
from alertd.core.receivers import Integration
from alertd.core.routes import Route


@dataclass(frozen=True)
class Routing:
    """What the configuration says about telling people."""

    root: Route
    receivers: Mapping[str, Sequence[Integration]]
    external_url: str = ""
    inhibit_rules: Sequence[InhibitRule] = ()
    calendar: Calendar = field(default_factory=Calendar)
    flapping: flapping.Bounds = field(default_factory=flapping.Bounds)
    storms: storms.Bounds = field(default_factory=storms.Bounds)

    def of(self, route: Route) -> Sequence[Integration]:
        """The integrations that a route tells."""
        return self.receivers.get(route.receiver, ())
