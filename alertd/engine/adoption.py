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
from alertd.engine.lines import LineId, Lines

Heirs = Callable[[Alert, str], Iterable[str]]


@dataclass
class Adoption:
    """What to write, and what the lines are then.

    `replaced` are groups whose waiting message gave way to what was inherited: they have to say it again. `waits`: some
    line could not take over yet, because a message of its own is under way.
    """

    deliveries: list[Delivery] = field(default_factory=list)
    lines: dict[LineId, Line] = field(default_factory=dict)
    replaced: set[str] = field(default_factory=set)
    waits: bool = False


def adopt(
    orphans: Mapping[LineId, Line],
    alerts: Mapping[str, Alert],
    heirs: Heirs,
    lines: Lines,
    integrations: Mapping[str, Integration],
    now: datetime,
) -> Adoption:
    """Move the marks of orphaned lines to the lines that took over, and close what none did.

    `alerts` are all alerts by `Labels.key`; `heirs` names the groups in which an alert is told to an integration.
    """
    result = Adoption()
    taken: dict[LineId, Line] = {}
    for (group, name), orphan in orphans.items():
        homes = {key: _homes(alerts.get(key), name, heirs) for key in orphan.told.open}
        if any(lines.is_busy(home, name) for some in homes.values() for home in some):
            result.waits = True
            continue
        for key, mark in orphan.told.open.items():
            for home in homes[key]:
                heir = taken.get((home, name)) or lines.get(home, name)
                taken[home, name] = _inherit(heir, key, mark, orphan.told)
        unhomed = [
            _ended(alerts[key], now) for key in homes if _lost(alerts.get(key), homes[key], orphan.told.open[key])
        ]
        last = _last_word(group, name, integrations.get(name), unhomed, orphan, now)
        result.deliveries.append(last)
        result.lines[group, name] = orphan.after(last)
    for (home, name), heir in taken.items():
        delivery = silent(home, name, heir.told, now, heir.last)
        result.deliveries.append(delivery)
        result.lines[home, name] = heir.after(delivery)
        if heir.waiting is not None:
            result.replaced.add(home)
    return result


def _homes(alert: Alert | None, integration: str, heirs: Heirs) -> list[str]:
    return list(heirs(alert, integration)) if alert else []


def _lost(alert: Alert | None, homes: list[str], mark: Mark) -> bool:
    """The receiver was told that it fires, and will hear of it no more."""
    return alert is not None and not homes and mark.told_at is not None


def _inherit(heir: Line, labels_key: str, mark: Mark, told: Told) -> Line:
    at = max((instant for instant in (heir.told.at, told.at) if instant is not None), default=None)
    inherited = Told(at, {labels_key: mark, **heir.told.open}, {**told.cooling, **heir.told.cooling})
    return replace(heir, told=inherited)


def _last_word(
    group: str, name: str, integration: Integration | None, alerts: list[Alert], line: Line, now: datetime
) -> Delivery:
    if integration is not None and integration.send_resolved and alerts:
        return closing(group, integration, alerts, line, now)
    return silent(group, name, Told(line.told.at, {}, line.told.cooling), now, line.last)


def _ended(alert: Alert, now: datetime) -> Alert:
    return alert if alert.resolved else replace(alert, resolved_at=now, because="route removed")
