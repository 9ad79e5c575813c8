"""Who mutes an alert now, and why: the place where silences, inhibition and time intervals are asked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from alertd.core.alerts import Alert
from alertd.core.routes import Route


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who mutes an alert, one sentence each; falsy when it is audible."""

    by: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.by)


AUDIBLE = Verdict()


class Mutes(Protocol):
    """Whatever can mute an alert on a route."""

    def verdict(self, alert: Alert, route: Route, now: datetime, /) -> Verdict: ...


class Nothing:
    """Mutes nobody."""

    def verdict(self, _alert: Alert, _route: Route, _now: datetime, /) -> Verdict:
        return AUDIBLE
