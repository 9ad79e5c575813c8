"""The outlook of an alert: what it is now, what holds it back, and when somebody hears of it next."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alertd.core import durations
from alertd.core.alerts import Alert, State
from alertd.core.dedup import Line
from alertd.core.groups import Group
from alertd.core.history import Entry, What
from alertd.core.mutes import AUDIBLE, Verdict
from alertd.core.quiet import Why, hush
from alertd.core.rules import OnTrouble, Rule
from alertd.core.silences import Silence
from alertd.core.story import Kind, Past, Sentence, by_whom, clock, several


@dataclass(frozen=True)
class Place:
    """An alert in one of its groups: who mutes it there, and what its integrations have been told."""

    group: Group
    lines: Mapping[str, Line]
    verdict: Verdict = AUDIBLE


@dataclass(frozen=True)
class Present:
    """An alert as it is now, alive or ended; `rule` is None if it was posted, or its rule is no more.

    `evaluated_at` and `error` are those of the last evaluation.
    """

    alert: Alert
    rule: Rule | None = None
    evaluated_at: datetime | None = None
    error: str = ""
    places: Sequence[Place] = ()
    silences: Mapping[str, Silence] = field(default_factory=dict)


def foretell(present: Present, now: datetime) -> tuple[Sentence, ...]:
    """What is so at this instant, and what comes next if nothing else happens."""
    texts = [*_itself(present, now), *_evaluation(present, now)]
    if present.alert.state is not State.PENDING:
        texts += [text for place in present.places for text in _place(present, place, now)]
    return tuple(Sentence(now, Kind.NOW, text) for text in texts)


def farewell(past: Past, now: datetime) -> tuple[Sentence, ...]:
    """What is left to say of an alert that is no more, if its history breaks off: the last rows may be lost."""
    states = [one for one in past.own if one.what is What.STATE]
    if not states or states[-1].facts["state"] == "gone":
        return ()
    last = states[-1]
    if last.facts["state"] != "resolved":
        return (Sentence(now, Kind.NOW, "it is no more; when it ended was not written down"),)
    if any(_closes(one, past.key) for one in past.entries if one.at >= last.at):
        return ()
    return (Sentence(now, Kind.NOW, f"ended at {clock(last.at, now)}; nothing more is to be told of it"),)


def _closes(entry: Entry, key: str) -> bool:
    """Whether it says what became of the end of an alert."""
    told = entry.what is What.MESSAGE and key in entry.facts["closing"]
    return told or (entry.what is What.QUIET and key in entry.facts["alerts"])


def _itself(present: Present, now: datetime) -> Iterator[str]:
    alert, rule = present.alert, present.rule
    if alert.state is State.PENDING:
        due = f": it fires at {clock(alert.active_at + rule.for_, now)} if it stays true" if rule else ""
        yield f"pending since {clock(alert.active_at, now)}{due}"
    elif alert.firing:
        yield f"firing since {clock(alert.starts_at, now)}"
        if alert.missing_since:
            until = f" until {clock(alert.missing_since + rule.keep_firing_for, now)}" if rule else ""
            yield f"its condition is not true since {clock(alert.missing_since, now)}; keep_firing_for keeps it{until}"
    elif alert.resolved_at:
        yield f"ended at {clock(alert.resolved_at, now)}"


def _evaluation(present: Present, now: datetime) -> Iterator[str]:
    alert, at = present.alert, present.evaluated_at
    if alert.posted:
        if alert.firing:
            yield f"it ends at {clock(alert.posted.ends_at, now)} unless it is posted again"
    elif present.error and at:
        held = "; what was not judged stays as it was" if _holds(present.rule) else ""
        yield f"the last evaluation, for {clock(at, now)}, had trouble: {present.error}{held}"
    elif at and not alert.resolved and not alert.missing_since:
        yield f"evaluated for {clock(at, now)}: the value is {alert.value:.6g}"


def _holds(rule: Rule | None) -> bool:
    return rule is not None and rule.on_error is OnTrouble.HOLD and rule.on_no_data is OnTrouble.HOLD


def _place(present: Present, place: Place, now: datetime) -> Iterator[str]:
    where = f" (group {place.group.key})" if len(present.places) > 1 else ""
    if place.verdict:
        yield f"{'; '.join(_muters(place.verdict, present.silences, now))}{where}"
        return
    if not place.lines:
        yield f"the receiver {place.group.route.receiver} has no integrations: it tells nobody"
    for name, line in place.lines.items():
        yield _line(present.alert, place.group, name, line, now) + where


def _muters(verdict: Verdict, silences: Mapping[str, Silence], now: datetime) -> Iterator[str]:
    for name in verdict.silenced_by:
        known = silences.get(name)
        yield f"silenced by {by_whom(known, now) if known else name}"
    for one in verdict.inhibited_by:
        yield f"inhibited by {one.source!r} ({one.rule})"
    if verdict.muted_by:
        yield f"muted by the time interval {several(verdict.muted_by)} of its route"
    if verdict.outside:
        yield f"outside the active time interval {several(verdict.outside)}"
    if verdict.flaps_since and verdict.calms_at:
        calm = f"it is calm at {clock(verdict.calms_at, now)} if it neither begins nor ends again"
        yield f"flapping ({verdict.flapping}): told as that once, and then not before it calms; {calm}"


def _line(alert: Alert, group: Group, name: str, line: Line, now: datetime) -> str:
    reason = hush(alert, line, line, group.route, now)
    until = clock(reason.until, now) if reason and reason.until else ""
    if reason is None:
        return f"{name} is to be told {_soon(group, now)}"
    match reason.why:
        case Why.COOLDOWN:
            return f"in cooldown: {name} is told nothing new about it before {until}"
        case Why.REPEAT:
            return f"{name} knows that it fires; it is told again at {until}"
        case Why.WAITING:
            return _waiting(name, line, until)
    return f"{name} is not told that it ended" if alert.resolved else f"{name} is told nothing"


def _waiting(name: str, line: Line, until: str) -> str:
    waiting = line.waiting
    if waiting is None or not waiting.attempts:
        return f"a message is on its way to {name}"
    attempts = f"{waiting.attempts} attempt{'s' if waiting.attempts > 1 else ''}"
    return f"{name} did not accept {attempts}, the last answer was “{waiting.error}”; the next is at {until}"


def _soon(group: Group, now: datetime) -> str:
    if group.due_at is None:
        return "when its group is looked at next"
    at = clock(max(group.due_at, now), now)
    if group.flushed_at is None:
        return f"at {at}: its group waits for others ({_named('group_wait', group.route.group_wait)})"
    return f"at {at}: its group tells news at intervals ({_named('group_interval', group.route.group_interval)})"


def _named(name: str, duration: timedelta) -> str:
    return f"{name} {durations.format(duration)}"
