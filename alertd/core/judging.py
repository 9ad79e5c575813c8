"""Judging: what a rule's `when` is told about a sample, from the alert it has become and the value it had before."""

from collections.abc import Callable, Mapping
from datetime import datetime

from alertd.core.alerts import Alert, State
from alertd.core.labels import Labels
from alertd.core.samples import Sample
from alertd.core.when import Condition, Facts

Judge = Callable[[Labels, Sample], bool | None]


def always(_labels: Labels, _sample: Sample) -> bool:
    """The judge of a rule without `when`: what the expression returns is an alert."""
    return True


def judge(
    when: Condition | None, alerts: Mapping[Labels, Alert], before: Mapping[Labels, float], now: datetime
) -> Judge:
    """The judge at this instant. `alerts` are those alive, `before` the values of the evaluation before, by sample."""
    if when is None:
        return always
    return lambda labels, sample: when.judge(_facts(sample, alerts.get(labels), before, now))


def _facts(sample: Sample, alert: Alert | None, before: Mapping[Labels, float], now: datetime) -> Facts:
    return Facts(
        value=sample.value,
        labels=sample.labels,
        now=now.timestamp(),
        previous=before.get(sample.labels, sample.value),
        firing=alert is not None and alert.firing,
        pending_for=_since(alert.active_at, now) if alert and alert.state is State.PENDING else 0.0,
        firing_for=_since(alert.fired_at or alert.active_at, now) if alert and alert.firing else 0.0,
    )


def _since(instant: datetime, now: datetime) -> float:
    return max(0.0, (now - instant).total_seconds())
