"""Who mutes an alert now, and why: the place where silences, inhibition and time intervals are asked."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from alertd.core.alerts import Alert
from alertd.core.flapping import FlapBounds, Flapping
from alertd.core.inhibition import Inhibition, Inhibitor
from alertd.core.intervals import Calendar
from alertd.core.routes import Route
from alertd.core.silences import Silences


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything that mutes an alert on one route; falsy when it is audible.

    `silenced_by` are ids of silences; `muted_by` are mute time intervals that hold; `outside` are all active time
    intervals of the route, if none of them holds. `flaps_since`: it came and went `changes` times of late, and
    is calm at `calms_at` if it does not any more.
    """

    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[Inhibition, ...] = ()
    muted_by: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    flaps_since: datetime | None = None
    changes: int = field(default=0, compare=False)
    calms_at: datetime | None = field(default=None, compare=False)

    def __bool__(self) -> bool:
        return self.flaps_since is not None or self.is_strict

    @property
    def is_strict(self) -> bool:
        """True if nobody may be told anything; of one that only flaps everybody is told so, once."""
        return bool(self.silenced_by or self.inhibited_by or self.muted_by or self.outside)

    @property
    def flapping(self) -> str:
        """How it flaps, for people."""
        return f"{self.changes} changes, flapping since {self.flaps_since:%H:%M} UTC" if self.flaps_since else ""

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
        if self.flaps_since:
            yield self.flapping


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
    """Silences, inhibition, time intervals and flapping. Reads what others keep up to date; any thread may ask."""

    def __init__(
        self, silences: Silences, inhibitor: Inhibitor, calendar: Calendar, flapping: Flapping | None = None
    ) -> None:
        self._silences, self._inhibitor, self._calendar = silences, inhibitor, calendar
        self._flapping = flapping or Flapping(FlapBounds())

    def verdict(self, alert: Alert, route: Route, now: datetime, /) -> Verdict:
        """Who mutes this alert on this route, all of them."""
        silenced = self._silences.muting(alert.labels, now)
        inhibited = self._inhibitor.inhibiting(alert.labels)
        muted, outside = self._calendar.muting(route, now)
        flips = self._flapping.of(alert, now)
        if not (silenced or inhibited or muted or outside or flips.since):
            return AUDIBLE
        calms_at = self._flapping.calms_at(flips) if flips.since else None
        return Verdict(silenced, inhibited, muted, outside, flips.since, flips.count, calms_at)

    def concern(self, alert: Alert, route: Route, now: datetime, /) -> bool:
        """True if a silence that has not ended matches it, an inhibition could, or the route knows time intervals."""
        if route.mute_time_intervals or route.active_time_intervals:
            return True
        return self._inhibitor.can_inhibit(alert.labels) or self._silences.concern(alert.labels, now)
