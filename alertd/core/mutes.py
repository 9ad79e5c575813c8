"""Who mutes an alert now, and why: the place where silences, inhibition and time intervals are asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from alertd.core.alerts import Alert
from alertd.core.inhibition import Inhibition, Inhibitor
from alertd.core.intervals import Calendar
from alertd.core.routes import Route
from alertd.core.silences import Silences


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything that mutes an alert on one route; falsy when it is audible.

    `silenced_by` are ids of silences; `muted_by` are mute time intervals that hold; `outside` are all active time
    intervals of the route, if none of them holds.
    """

    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[Inhibition, ...] = ()
    muted_by: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.silenced_by or self.inhibited_by or self.muted_by or self.outside)

    def __str__(self) -> str:
        return "; ".join(self._reasons()) or "audible"

    def _reasons(self) -> Iterator[str]:
        if self.silenced_by:
            yield f"silenced by {', '.join(self.silenced_by)}"
        for one in self.inhibited_by:
            yield f"inhibited by {one.source!r} ({one.rule})"
        if self.muted_by:
            yield f"muted by the time interval {', '.join(self.muted_by)}"
        if self.outside:
            yield f"outside the active time interval {', '.join(self.outside)}"


AUDIBLE = Verdict()


class Mutes(Protocol):
    """Whatever can mute an alert on a route."""

    def verdict(self, alert: Alert, route: Route, now: datetime, /) -> Verdict: ...

    def concern(self, alert: Alert, route: Route, now: datetime, /) -> bool:
        """True if the verdict may become another without anything happening to the alert, so that it is watched."""


class Nothing:
    """Mutes nobody."""

    def verdict(self, _alert: Alert, _route: Route, _now: datetime, /) -> Verdict:
        return AUDIBLE

    def concern(self, _alert: Alert, _route: Route, _now: datetime, /) -> bool:
        return False


class Muting:
    """Silences, inhibition and time intervals together. Reads what others keep up to date; any thread may ask."""

    def __init__(self, silences: Silences, inhibitor: Inhibitor, calendar: Calendar) -> None:
        self._silences, self._inhibitor, self._calendar = silences, inhibitor, calendar

    def verdict(self, alert: Alert, route: Route, now: datetime, /) -> Verdict:
        """Who mutes this alert on this route, all of them."""
        silenced = self._silences.muting(alert.labels, now)
        inhibited = self._inhibitor.inhibiting(alert.labels)
        muted, outside = self._calendar.muting(route, now)
        return Verdict(silenced, inhibited, muted, outside) if silenced or inhibited or muted or outside else AUDIBLE

    def concern(self, alert: Alert, route: Route, now: datetime, /) -> bool:
        """True if a silence that has not ended matches it, an inhibition could, or the route knows time intervals."""
        if route.mute_time_intervals or route.active_time_intervals:
            return True
        return self._inhibitor.can_inhibit(alert.labels) or self._silences.concern(alert.labels, now)
