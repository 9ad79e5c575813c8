"""Adoption: after a reload changed routes or grouping, what was told follows its alerts into their new groups.

A receiver that goes on hearing of an alert, in whatever group, is not told again. One that will hear of it no more is
told how it ended. One that is no longer configured cannot be told anything.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from alertd.core.alerts import Alert
from alertd.core.dedup import Line
from alertd.core.delivery import Delivery
from alertd.core.flush import closing, silent
from alertd.core.receivers import Integration
from alertd.core.told import Mark, Told
from alertd.engine.lines import LineId

Heirs = Callable[[Alert, str], Iterable[str]]


@dataclass
class Adoption:
    """What to write, and what the lines are then."""

    deliveries: list[Delivery] = field(default_factory=list)
    lines: dict[LineId, Line] = field(default_factory=dict)


def adopt(
    orphans: Mapping[LineId, Line],
    alerts: Mapping[str, Alert],
    heirs: Heirs,
    lines: Callable[[str, str], Line],
    integrations: Mapping[str, Integration],
    now: datetime,
) -> Adoption:
    """Move the marks of orphaned lines to the lines that took over, and close what none did.

    `alerts` are all alerts by `Labels.key`; `heirs` names the groups in which an alert is told to an integration.
    """
    result = Adoption()
    taken: dict[LineId, Line] = {}
    for (group, name), orphan in orphans.items():
        unhomed: list[Alert] = []
        for labels_key, mark in orphan.told.open.items():
            alert = alerts.get(labels_key)
            new_homes = list(heirs(alert, name)) if alert else []
            for home in new_homes:
                heir = taken.get((home, name)) or lines(home, name)
                taken[home, name] = _inherit(heir, labels_key, mark, orphan.told)
            if alert and not new_homes and mark.told_at is not None:
                unhomed.append(_ended(alert, now))
        last = _last_word(group, name, integrations.get(name), unhomed, orphan.told, now)
        result.deliveries.append(last)
        result.lines[group, name] = Line(orphan.told, last) if last.notification else Line(last.told)
    result.deliveries += [silent(home, name, line.told, now) for (home, name), line in taken.items()]
    result.lines.update(taken)
    return result


def _inherit(heir: Line, labels_key: str, mark: Mark, told: Told) -> Line:
    at = max((instant for instant in (heir.told.at, told.at) if instant is not None), default=None)
    return Line(Told(at, {labels_key: mark, **heir.told.open}, {**told.cooling, **heir.told.cooling}))


def _last_word(
    group: str, name: str, integration: Integration | None, alerts: list[Alert], told: Told, now: datetime
) -> Delivery:
    if integration is not None and integration.send_resolved and alerts:
        return closing(group, integration, alerts, told, now)
    return silent(group, name, Told(told.at, {}, told.cooling), now)


def _ended(alert: Alert, now: datetime) -> Alert:
    return alert if alert.resolved else replace(alert, resolved_at=now, because="route removed")
