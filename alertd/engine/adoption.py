"""Adoption: after a reload changed routes or grouping, what was told follows its alerts into their new groups.

A receiver that goes on hearing of an alert, in whatever group, is not told again. One that will hear of it no more is
told how it ended. One that is no longer configured cannot be told anything.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from alertd.core.alerts import Alert
from alertd.core.dedup import Line
from alertd.core.delivery import Delivery
from alertd.core.flush import closing, silent
from alertd.core.groups import Group, left
from alertd.core.notification import NotifiedAlert, notified
from alertd.core.receivers import Integration
from alertd.core.told import Mark, Told
from alertd.core.traces import newest_first
from alertd.engine.lines import LineId, Lines

Heirs = Callable[[Alert, str], Iterable[str]]
Served = Callable[[str, str], Group | None]


@dataclass
class Adoption:
    """What to write, and what the lines are then.

    `replaced` are groups whose waiting message gave way to what was inherited: they have to say it again. `awaited` are
    the alerts, by integration, of lines that could not be given or taken over yet, because a message is under way.
    `last_words`: some closing message of a group that is no more still waits for its receiver.
    """

    deliveries: list[Delivery] = field(default_factory=list)
    lines: dict[LineId, Line] = field(default_factory=dict)
    replaced: set[str] = field(default_factory=set)
    awaited: dict[str, set[str]] = field(default_factory=dict)
    last_words: bool = False

    def wait(self, integration: str, alerts: Iterable[str]) -> None:
        """Say nothing of these there for now."""
        self.awaited.setdefault(integration, set()).update(alerts)


def leaving(lines: Lines, served: Served) -> Iterator[tuple[LineId, set[str]]]:
    """The alerts that an integration knows from a group that they are in no more, or that is no more itself.

    They go by `Labels.key`; `served` names the group of a line, if that integration is still told of it.
    """
    for (key, name), line in lines.known():
        group = served(key, name)
        if gone := line.names - (group.keys if group else set()):
            yield (key, name), gone


def adopt(
    orphans: Mapping[LineId, Line],
    moved: Mapping[LineId, Collection[str]],
    alerts: Mapping[str, Alert],
    heirs: Heirs,
    lines: Lines,
    integrations: Mapping[str, Integration],
    now: datetime,
) -> Adoption:
    """Move the marks of orphaned lines to the lines that took over, and close what none did.

    `moved` are alerts that left lines which go on, or lines that are busy; they and `alerts`, all, go by `Labels.key`.
    `heirs` names the groups in which an alert is told to an integration.
    """
    result = Adoption()
    taken: dict[LineId, Line] = {}
    for (group, name), keys in moved.items():
        homes = {key: _homes(alerts.get(key), name, heirs) for key in keys}
        if lines.is_busy(group, name) or any(lines.is_busy(home, name) for some in homes.values() for home in some):
            result.wait(name, keys)
            continue
        giver = taken.get((group, name)) or lines.get(group, name)
        taken[group, name] = _without(giver, keys)
        for key in giver.marks.keys() & set(keys):
            _hand_over(taken, lines, homes[key], name, key, giver)
    for (group, name), orphan in orphans.items():
        homes = {key: _homes(alerts.get(key), name, heirs) for key in orphan.names}
        if _is_closing(orphan, homes, alerts):
            result.last_words = True
        elif any(lines.is_busy(home, name) for some in homes.values() for home in some):
            result.wait(name, homes)
        else:
            for key in orphan.marks:
                _hand_over(taken, lines, homes[key], name, key, orphan)
            stays = _without(orphan, {key for key in homes if homes[key]})
            owed = _owed(orphan, homes, alerts, now)
            cause = _cause(orphan, owed, alerts)
            _say_last_words(result, (group, name), integrations.get(name), owed, orphan, stays.told, cause, now)
    for (home, name), heir in taken.items():
        delivery = silent(home, name, heir.told, now, heir.last)
        result.deliveries.append(delivery)
        result.lines[home, name] = heir.after(delivery)
        if heir.waiting is not None:
            result.replaced.add(home)
    return result


def _homes(alert: Alert | None, integration: str, heirs: Heirs) -> Sequence[str]:
    return list(heirs(alert, integration)) if alert else ()


def _is_closing(orphan: Line, homes: Mapping[str, Sequence[str]], alerts: Mapping[str, Alert]) -> bool:
    """Its last word is on the way, and still true: none of its alerts is told elsewhere, or fires there again."""
    if not orphan.is_closing or any(homes[key] for key in orphan.told.open):
        return False
    return not any(homes[key] and alerts[key].firing for key in orphan.closed)


def _owed(
    orphan: Line, homes: Mapping[str, Sequence[str]], alerts: Mapping[str, Alert], now: datetime
) -> Collection[NotifiedAlert]:
    """What the receiver was told of, or was just to be, and will hear of no more."""
    owed: dict[str, NotifiedAlert] = {}
    if orphan.waiting is not None and orphan.waiting.notification is not None:
        for one in orphan.waiting.notification.resolved:
            key, alert = one.labels.key, alerts.get(one.labels.key)
            if not homes[key] or (key not in orphan.told.open and alert is not None and not alert.firing):
                owed[key] = one
    for key in orphan.marks:
        if key in alerts and not homes[key]:
            owed[key] = notified(left(alerts[key], now))
    return owed.values()


def _cause(orphan: Line, owed: Collection[NotifiedAlert], alerts: Mapping[str, Alert]) -> str:
    """What made the newest of these alerts what it is; of those that are forgotten, what their last message came of."""
    found = newest_first(alerts[one.labels.key] for one in owed if one.labels.key in alerts)
    if found:
        return found[0]
    return orphan.waiting.trace if orphan.waiting else ""


def _hand_over(taken: dict[LineId, Line], lines: Lines, homes: Iterable[str], name: str, key: str, giver: Line) -> None:
    for home in homes:
        heir = taken.get((home, name)) or lines.get(home, name)
        taken[home, name] = _inherit(heir, key, giver.marks[key], giver.told)


def _without(line: Line, keys: Collection[str]) -> Line:
    left = {key: mark for key, mark in line.marks.items() if key not in keys}
    return replace(line, told=replace(line.told, open=left))


def _inherit(heir: Line, labels_key: str, mark: Mark, told: Told) -> Line:
    at = max((instant for instant in (heir.told.at, told.at) if instant is not None), default=None)
    inherited = Told(at, {labels_key: mark, **heir.marks}, {**told.cooling, **heir.told.cooling})
    return replace(heir, told=inherited)


def _say_last_words(
    result: Adoption,
    line_id: LineId,
    integration: Integration | None,
    owed: Collection[NotifiedAlert],
    orphan: Line,
    stays: Told,
    cause: str,
    now: datetime,
) -> None:
    """Close what is `owed`; what others have taken over is no longer told here, whether or not that is accepted."""
    if integration is None or not integration.send_resolved or not owed:
        last = silent(*line_id, replace(orphan.told, open={}), now, orphan.last)
        result.deliveries.append(last)
        result.lines[line_id] = orphan.after(last)
        return
    given = silent(*line_id, stays, now, orphan.last)
    belated = any(one.labels.key not in orphan.heard for one in owed)
    last = closing(line_id[0], integration, owed, orphan.after(given), now, belated=belated)
    last = replace(last, trace=cause)
    result.deliveries += [given, last]
    result.lines[line_id] = orphan.after(given).after(last)
    result.last_words = True
