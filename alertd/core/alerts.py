"""An alert: one label set of one rule, and where it is in its life."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from alertd.core.labels import Labels
from alertd.core.severity import Severity, rank


class State(StrEnum):
    """Where an alert is in its life; `inactive` has no alert. The picture is in core/lifecycle.py."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Posted:
    """What only an alert has that somebody posted: it ends then, unless it is posted again.

    `timeout`: nobody named that end, so that any later word on it counts.
    """

    ends_at: datetime
    updated_at: datetime
    timeout: bool = False


@dataclass(frozen=True, slots=True)
class Alert:
    """One label set of one rule, or of nobody's. `labels` (with `alertname`) identify it to everybody but its own rule.

    `active_at`: the condition became true; `fired_at`: it had been true for `for`; `missing_since`: it is no longer,
    but `keep_firing_for` keeps it; `resolved_at`: it ended, `because` says how if not by its condition.
    `flapping` says how often it came and went, to those who are just to be told that it flaps; it is not kept.
    `trace` names what changed its state last, to those who watch.
    """

    rule: str
    labels: Labels
    state: State
    active_at: datetime
    annotations: Mapping[str, str] = field(default_factory=dict)
    value: float = 0.0
    fired_at: datetime | None = None
    missing_since: datetime | None = None
    resolved_at: datetime | None = None
    because: str = ""
    generator_url: str = ""
    cooldown: timedelta | None = None
    notify: tuple[str, ...] = ()
    posted: Posted | None = None
    flapping: str = ""
    trace: str = ""

    @property
    def id(self) -> tuple[str, Labels]:
        """Unique among the alerts of all rules."""
        return self.rule, self.labels

    @property
    def name(self) -> str:
        return self.labels.get("alertname", "")

    @property
    def starts_at(self) -> datetime:
        """When it began, as people are told: what its sender says, or when its rule first fired."""
        return self.active_at if self.posted else self.fired_at or self.active_at

    @property
    def severity(self) -> Severity:
        return rank(self.labels.get("severity", ""))

    @property
    def firing(self) -> bool:
        return self.state is State.FIRING

    @property
    def resolved(self) -> bool:
        return self.state is State.RESOLVED


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of state of one alert; the only thing that crosses from rules to groups.

    `before` is None for an alert that begins, `after` is None for a pending one that ends unseen.
    """

    before: Alert | None
    after: Alert | None

    @property
    def moved(self) -> bool:
        """True if the state changed, or how it is kept; a new value alone is not worth a write."""
        if self.before is None or self.after is None:
            return self.before is not self.after
        kept = (self.before.missing_since is None) is not (self.after.missing_since is None)
        begun = self.before.active_at != self.after.active_at
        return kept or begun or self.before.state is not self.after.state
