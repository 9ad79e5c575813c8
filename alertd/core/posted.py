"""Alerts that others post: what they say becomes an alert with an end of its own, merged with what was known.

             posted, ends in the future                        posted as ended, or `ends_at` has come
(no alert) ──────────────────────────────▶ FIRING ─────────────────────────────────────────────────▶ RESOLVED
                                            │   ▲
                                            └───┘ posted again: the earlier start, the newer texts, the newer end

Source: Alertmanager's API, `Alert.Merge` and its memory of alerts; what is on purpose otherwise is in
docs/differences.md. A posted alert has no rule, so that all of them share one key in a rule's place.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alertd.core.alerts import Alert, Posted, State, Transition
from alertd.core.annotations import Annotations
from alertd.core.labels import Labels

RULE = "posted"


@dataclass(frozen=True, slots=True)
class Posting:
    """What somebody says of an alert. An end that has come says that it is over; without one it ends by itself."""

    labels: Labels
    annotations: Mapping[str, str] = field(default_factory=dict)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator_url: str = ""


def alert_of(posting: Posting, timeout: timedelta, now: datetime) -> Alert:
    """The alert a posting speaks of; it ends after `timeout` if nobody says when. Raises ValueError."""
    ends_at = posting.ends_at or now + timeout
    starts_at = posting.starts_at or min(now, ends_at)
    if not posting.labels:
        raise ValueError("at least one label pair required")
    for name in ("", "__name__"):
        if name in posting.labels:
            raise ValueError(f'invalid label set: invalid name "{name}"')
    if "" in posting.annotations:
        raise ValueError('invalid annotations: invalid name ""')
    if starts_at > ends_at:
        raise ValueError("start time must be before end time")
    over = ends_at <= now
    return Alert(
        rule=RULE,
        labels=posting.labels,
        state=State.RESOLVED if over else State.FIRING,
        active_at=starts_at,
        annotations=Annotations(posting.annotations),
        fired_at=min(starts_at, now),
        resolved_at=ends_at if over else None,
        generator_url=posting.generator_url,
        posted=Posted(ends_at, now, timeout=posting.ends_at is None),
    )


def merged(alerts: Iterable[Alert], known: Mapping[Labels, Alert]) -> tuple[Transition, ...]:
    """What posted alerts change, in their order. `known` are those that fire, by labels.

    One that is over and was not known to fire changes nothing: nobody can have been told of it.
    """
    overlay: dict[Labels, Alert | None] = {}
    moves: list[Transition] = []
    for alert in alerts:
        before = overlay[alert.labels] if alert.labels in overlay else known.get(alert.labels)
        if before is None and alert.resolved:
            continue
        after = alert if before is None else _merge(before, alert)
        overlay[alert.labels] = None if after.resolved else after
        moves.append(Transition(before, after))
    return tuple(moves)


def expired(alerts: Iterable[Alert], now: datetime) -> tuple[Transition, ...]:
    """The end of those whose time has come; they ended when they were to, however late that is noticed."""
    return tuple(
        Transition(alert, replace(alert, state=State.RESOLVED, resolved_at=alert.posted.ends_at))
        for alert in alerts
        if alert.posted and alert.posted.ends_at <= now
    )


def resumed(alert: Alert, downtime: timedelta) -> Alert:
    """A posted alert after a restart: nobody could say that it goes on, so its end is put off by as long."""
    if alert.posted is None or alert.resolved:
        return alert
    return replace(alert, posted=replace(alert.posted, ends_at=alert.posted.ends_at + downtime))


def is_news(transition: Transition) -> bool:
    """True if an alert began, ended, or ended unseen and began anew; what was merely said again is no news."""
    before, after = transition.before, transition.after
    if before is None or after is None:
        return True
    return before.state is not after.state or before.fired_at != after.fired_at


def _merge(before: Alert, new: Alert) -> Alert:
    """The two as one if their times overlap, else the new one. `fired_at`, by which a re-fire is told, stays."""
    old_end, posted = _end(before), new.posted
    if posted is None or not (new.active_at < old_end and posted.ends_at > before.active_at):
        return new
    one = replace(new, active_at=min(before.active_at, new.active_at), fired_at=before.fired_at)
    stands = before.posted is not None and not before.posted.timeout and old_end > posted.ends_at
    return replace(one, posted=replace(posted, ends_at=old_end, timeout=False)) if stands and new.firing else one


def _end(alert: Alert) -> datetime:
    return alert.posted.ends_at if alert.posted else alert.active_at
