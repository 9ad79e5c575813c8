"""Storms: when many groups of one receiver begin at once, further ones are told together, in one group of their route.

A storm is nothing but coarser grouping: who is in it is told, repeated and closed like everybody else. Critical alerts
keep their own groups, so that nobody has to look for them among the others.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from alertd.core.alerts import Alert
from alertd.core.labels import Labels
from alertd.core.routes import Route
from alertd.core.severity import Severity

_SUFFIX = "/storm"


@dataclass(frozen=True, slots=True)
class StormBounds:
    """How many groups of a receiver may begin within the window; 0: any number. `posted`: those of others count too."""

    groups: int = 50
    window: timedelta = timedelta(minutes=1)
    posted: bool = False


class Storms:
    """What mutates: when the latest groups of every receiver began."""

    def __init__(self, bounds: StormBounds) -> None:
        self._bounds = bounds
        self._begun: dict[str, dict[str, datetime]] = {}  # by receiver and group, oldest first

    def gathers(self, route: Route, group: str, alert: Alert, at: datetime) -> bool:
        """A group begins with this alert: whether it is one too many."""
        exempt = (alert.posted and not self._bounds.posted) or alert.severity >= Severity.CRITICAL
        if not self._bounds.groups or route.group_by == () or exempt:
            return False
        begun = self._begun.setdefault(route.receiver, {})
        begun.pop(group, None)
        begun[group] = at
        for name in [name for name, then in begun.items() if at - then >= self._bounds.window]:
            del begun[name]
        if len(begun) <= self._bounds.groups:
            return False
        del begun[next(iter(begun))]  # more need not be known
        return True


def gathered(route: Route) -> Route:
    """The route of those that are told together."""
    return replace(route, key=f"{route.key}{_SUFFIX}", group_by=(), routes=())


def gathering(route: Route) -> str:
    """The key of their group."""
    return f"{route.key}{_SUFFIX}:{{}}"


def is_gathering(group_key: str) -> bool:
    """Whether this is the key of such a group."""
    return group_key.endswith(f"{_SUFFIX}:{{}}")


def origin(route_key: str) -> tuple[str, bool]:
    """The route as it is configured, and whether its alerts are told together."""
    return route_key.removesuffix(_SUFFIX), route_key.endswith(_SUFFIX)


class Told(Protocol):
    """What a summary reads of an alert."""

    @property
    def labels(self) -> Labels: ...
    @property
    def status(self) -> str: ...
    @property
    def severity(self) -> Severity: ...


def summary(alerts: Sequence[Told]) -> list[str]:
    """`200 firing: HighLatency (warning)`: by rule and severity, what is worst and most first."""
    counts = Counter((alert.status, alert.labels.get("alertname", ""), _severity(alert)) for alert in alerts)
    worst = {_severity(alert): alert.severity for alert in alerts}
    order = sorted(counts.items(), key=lambda one: (one[0][0] != "firing", -worst[one[0][2]], -one[1], one[0]))
    return [f"{count} {status}: {name}{f' ({severity})' * bool(severity)}" for (status, name, severity), count in order]


def _severity(alert: Told) -> str:
    return alert.labels.get("severity", "")
