"""A notification: one finished value, all that a notifier may know."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from alertd.core.alerts import Alert
from alertd.core.labels import Labels, common
from alertd.core.severity import Severity, rank
from alertd.core.storms import is_gathering, summary


class Reason(StrEnum):
    """Why somebody is told; the texts are Alertmanager's `NotificationReason`, save the last five, which are ours."""

    FIRST = "first notification"
    NEW_ALERTS = "new alerts added"
    SOME_RESOLVED = "some alerts resolved"
    ALL_RESOLVED = "all alerts resolved"
    REPEAT = "repeat interval elapsed"
    COOLDOWN_OVER = "cooldown over"
    UNMUTED = "no longer muted"
    FLAPPING = "flapping"
    CALM = "no longer flapping"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class NotifiedAlert:
    """An alert as a receiver sees it. `ends_at` is None while it fires; `because`: how it ended, if not by itself."""

    labels: Labels
    annotations: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime | None = None
    value: float = 0.0
    generator_url: str = ""
    because: str = ""

    @property
    def firing(self) -> bool:
        return self.ends_at is None

    @property
    def status(self) -> str:
        return "firing" if self.firing else "resolved"

    @property
    def name(self) -> str:
        return self.labels.get("alertname", "")

    @property
    def severity(self) -> Severity:
        return rank(self.labels.get("severity", ""))


def notified(alert: Alert) -> NotifiedAlert:
    """How a receiver sees this alert; one that is told because it flaps says so in an annotation."""
    return NotifiedAlert(
        labels=alert.labels,
        annotations={**alert.annotations, "flapping": alert.flapping} if alert.flapping else alert.annotations,
        starts_at=alert.starts_at,
        ends_at=alert.resolved_at,
        value=alert.value,
        generator_url=alert.generator_url,
        because=alert.because,
    )


@dataclass(frozen=True)
class Notification:
    """One message to one integration about one group of alerts.

    `id` is the same for every attempt, so that a receiver can drop a repeat. `alerts` are sorted; the firing and the
    resolved ones are mixed, as Alertmanager has them. `belated`: it resolved before "firing" could be delivered.
    """

    id: str
    receiver: str
    integration: str
    reason: Reason
    at: datetime
    alerts: tuple[NotifiedAlert, ...]
    group_key: str = ""
    group_labels: Labels = field(default_factory=Labels)
    route_labels: Labels = field(default_factory=Labels)
    external_url: str = ""
    belated: bool = False

    @cached_property
    def firing(self) -> tuple[NotifiedAlert, ...]:
        return tuple(alert for alert in self.alerts if alert.firing)

    @cached_property
    def resolved(self) -> tuple[NotifiedAlert, ...]:
        return tuple(alert for alert in self.alerts if not alert.firing)

    @cached_property
    def storm(self) -> list[str]:
        """Its alerts by rule and severity, one line each, if they are told together because there are so many."""
        return summary(self.alerts) if is_gathering(self.group_key) else []

    @property
    def status(self) -> str:
        """`firing` if any alert is, else `resolved`."""
        return "firing" if self.firing else "resolved"

    @cached_property
    def severity(self) -> Severity:
        """The highest severity of its alerts."""
        return max((alert.severity for alert in self.firing or self.alerts), default=Severity.INFO)

    @cached_property
    def common_labels(self) -> Labels:
        return common(alert.labels for alert in self.alerts)

    @cached_property
    def common_annotations(self) -> Labels:
        return common(alert.annotations for alert in self.alerts)
