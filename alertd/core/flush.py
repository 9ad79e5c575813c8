"""The flush: a group is due, and every integration of its receiver gets a decision and, if need be, a delivery.

The pipeline, one stage a line: collapse → mute → deduplicate → write one delivery an integration.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce

from alertd.core import mutes as muting
from alertd.core.alerts import Alert
from alertd.core.dedup import Decision, Line, decide, next_look
from alertd.core.delivery import Delivery, Status, identify
from alertd.core.groups import Group, collapse, order
from alertd.core.labels import Labels
from alertd.core.mutes import Mutes
from alertd.core.notification import Notification, NotifiedAlert, Reason, notified
from alertd.core.receivers import Integration
from alertd.core.told import Told


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one integration was decided, for those who watch; nothing is said yet of the alerts that are `cooling`."""

    integration: str
    reason: Reason | None
    firing: int
    resolved: int
    muted: int
    cooling: int = 0


@dataclass(frozen=True, slots=True)
class Flush:
    """What a flush decided: `deliveries` to write, `lines` as they are then, when to look again, and who is muted.

    `audible` are the members that are not.
    """

    deliveries: tuple[Delivery, ...]
    lines: Mapping[str, Line]
    verdicts: tuple[Verdict, ...]
    due_at: datetime | None
    muted: Mapping[Labels, muting.Verdict] = field(default_factory=dict)
    audible: tuple[Alert, ...] = ()


def flush(
    group: Group,
    alerts: Sequence[Alert],
    integrations: Sequence[Integration],
    lines: Mapping[str, Line],
    mutes: Mutes,
    external_url: str,
    now: datetime,
) -> Flush:
    """Decide about a group for each of its integrations; `alerts` are its members, firing or resolved.

    `lines` are given for the integrations that can be told now; one with a message under way is left for later. A group
    with an alert that is muted, or may come to be, is looked at again after `group_interval`.
    """
    collapsed = collapse(alerts)
    why = {one.labels: verdict for one in collapsed if (verdict := mutes.verdict(one, group.route, now))}
    audible = tuple(alert for alert in collapsed if alert.labels not in why)
    muted = tuple(alert for alert in collapsed if alert.labels in why)
    flapping = any(not why[alert.labels].is_strict for alert in muted)
    restless = (alert.firing and mutes.concern(alert, group.route, now) for alert in audible)
    watched = any(verdict.is_strict for verdict in why.values()) or any(restless)
    deliveries: list[Delivery] = []
    verdicts: list[Verdict] = []
    after: dict[str, Line] = {}
    looks: list[datetime | None] = [verdict.calms_at for verdict in why.values()]
    looks += [now + group.route.group_interval] if watched else []
    for integration in integrations:
        if integration.id not in lines:
            continue
        line = lines[integration.id]
        hearing, held = _heard(collapsed, why, line) if flapping else (audible, muted)
        decision, written = _decide(group, integration, hearing, held, line, external_url, now)
        deliveries += written
        after[integration.id] = reduce(Line.after, written, line)
        looks.append(next_look(hearing, after[integration.id], group.route, now))
        verdicts.append(
            Verdict(
                integration.id,
                decision.reason,
                len(decision.firing),
                len(decision.closing),
                len(muted),
                decision.cooling,
            )
        )
    due = min((at for at in looks if at is not None), default=None)
    return Flush(tuple(deliveries), after, tuple(verdicts), due, why, audible)


def forgettable(alerts: Sequence[Alert], lines: Sequence[Line]) -> list[Alert]:
    """The members nobody has to be told about any more: resolved, and closed (or never said) on every line."""
    return [alert for alert in alerts if alert.resolved and not any(line.knows(alert.labels.key) for line in lines)]


def closing(
    group_key: str,
    integration: Integration,
    alerts: Iterable[NotifiedAlert],
    line: Line,
    now: datetime,
    *,
    belated: bool = False,
) -> Delivery:
    """The closing message about alerts this integration will hear of no more in this group, because of a new route."""
    told_after = Told(line.told.at, {}, line.told.cooling)
    notification = Notification(
        id=identify(group_key, integration.id, now, line.last),
        receiver=integration.receiver,
        integration=integration.id,
        reason=Reason.ALL_RESOLVED,
        at=now,
        alerts=tuple(sorted(alerts, key=lambda alert: order(alert.labels))),
        group_key=group_key,
        belated=belated,
    )
    return Delivery(notification.id, group_key, integration.id, now, told_after, notification, next_at=now)


def silent(group_key: str, integration: str, told: Told, now: datetime, after: str = "") -> Delivery:
    """A delivery nobody hears: it remembers what is told, takes the place of a message that is no longer true, and
    marks the first flush of a group, from which its ticks are counted. `after` is the one before it on its line.
    """
    name = identify(group_key, integration, now, after)
    return Delivery(name, group_key, integration, now, told, status=Status.SILENT)


def _heard(
    alerts: Iterable[Alert], why: Mapping[Labels, muting.Verdict], line: Line
) -> tuple[tuple[Alert, ...], tuple[Alert, ...]]:
    """Who is audible on this line, and who is not.

    An alert that only flaps is, until it was told as that; so is its end, if it was to be told of and perhaps was not.
    """
    audible: list[Alert] = []
    muted: list[Alert] = []
    for alert in alerts:
        verdict = why.get(alert.labels)
        if verdict is None:
            audible.append(alert)
        elif verdict.is_strict or line.was_told_to_flap(alert.labels.key):
            muted.append(alert)
        elif alert.firing:
            audible.append(replace(alert, flapping=verdict.flapping))
        else:
            (audible if line.promises(alert.labels.key) else muted).append(alert)
    return tuple(audible), tuple(muted)


def _decide(
    group: Group,
    integration: Integration,
    audible: Sequence[Alert],
    muted: Sequence[Alert],
    line: Line,
    external_url: str,
    now: datetime,
) -> tuple[Decision, list[Delivery]]:
    """What one integration is to be told, and what is to be written for that.

    A message that was tried and gives way may have been heard: what it may have told is remembered first, so that it is
    closed one day, whatever becomes of the messages after it.
    """
    written: list[Delivery] = []
    decision = decide(audible, muted, line, group.route, integration, now)
    if line.doubtful and not decision.repeats(line.waiting):
        doubt = silent(group.key, integration.id, replace(line.told, open=line.marks), now, line.last)
        written, line = [doubt], line.after(doubt)
        decision = decide(audible, muted, line, group.route, integration, now)
    delivery = _deliver(group, integration, decision, line, external_url, now)
    return decision, [*written, delivery] if delivery else written


def _deliver(
    group: Group, integration: Integration, decision: Decision, line: Line, external_url: str, now: datetime
) -> Delivery | None:
    if decision.reason is None:
        stale = line.waiting is not None or decision.told.open != line.told.open
        first = group.flushed_at is None
        return silent(group.key, integration.id, decision.told, now, line.last) if stale or first else None
    if decision.repeats(line.waiting):
        return None
    notification = Notification(
        id=identify(group.key, integration.id, now, line.last),
        receiver=integration.receiver,
        integration=integration.id,
        reason=decision.reason,
        at=now,
        alerts=tuple(notified(alert) for alert in _sorted_alerts(decision)),
        group_key=group.key,
        group_labels=group.labels,
        route_labels=group.route.labels,
        external_url=external_url,
        belated=decision.belated,
    )
    return Delivery(notification.id, group.key, integration.id, now, decision.told, notification, next_at=now)


def _sorted_alerts(decision: Decision) -> tuple[Alert, ...]:
    """The firing and closing alerts of a message in one order."""
    return collapse((*decision.firing, *decision.closing)) if decision.closing else decision.firing
