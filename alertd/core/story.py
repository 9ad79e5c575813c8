"""The story of an alert: rows of history become sentences, in order. What is so now is in `core.outlook`.

Every sentence says only what its rows know; where a row is missing, so is its sentence.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from alertd.core import durations
from alertd.core.history import Entry, What, of_alert, of_silence
from alertd.core.labels import Labels
from alertd.core.matchers import Matcher
from alertd.core.silences import Silence
from alertd.core.storms import origin

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Question:
    """Why about which alerts: those with this fingerprint, or with labels like these. `rule` asks for one by name.

    `at` None: as of now, with what is to come. `since`: how long before that the story begins.
    """

    matchers: tuple[Matcher, ...] = ()
    fingerprint: str = ""
    rule: str = ""
    at: datetime | None = None
    since: timedelta = DAY

    @property
    def name(self) -> str | None:
        """The one name of alerts it asks for, if it says so."""
        return next((one.value for one in self.matchers if (one.name, one.op) == ("alertname", "=")), None)


class Kind(StrEnum):
    """What a sentence is about, so that a terminal can colour it."""

    STATE = "state"
    TOLD = "told"
    HELD = "held"  # why nothing is said
    TROUBLE = "trouble"
    NOTE = "note"
    NOW = "now"


@dataclass(frozen=True, slots=True)
class Sentence:
    """Something that was so at an instant."""

    at: datetime
    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """What there is to say of one alert, or of one rule (then without labels)."""

    title: str
    labels: Labels | None
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """`chapters` are the alerts that were found, `more` counts those left out; `answer` says what was not found."""

    chapters: tuple[Chapter, ...] = ()
    answer: tuple[str, ...] = ()
    more: int = 0


@dataclass(frozen=True)
class Past:
    """The rows of one alert, in order: its own, its groups', its rule's, and those of silences and alertd itself.

    `whole`: it is the story of a rule, which needs no alert.
    """

    labels: Labels
    entries: Sequence[Entry]
    silences: Mapping[str, Silence] = field(default_factory=dict)
    rule: str = ""  # its name
    whole: bool = False

    @cached_property
    def key(self) -> str:
        return self.labels.key

    @cached_property
    def own(self) -> Sequence[Entry]:
        """The rows about the alert itself."""
        subject = of_alert(self.labels)
        return [entry for entry in self.entries if entry.subject == subject]

    @cached_property
    def messages(self) -> Mapping[str, Entry]:
        """The messages that name the alert, by id."""
        made = [entry for entry in self.entries if entry.what is What.MESSAGE]
        return {one.facts["id"]: one for one in made if self.key in one.facts["firing"] + one.facts["closing"]}

    @cached_property
    def groups(self) -> set[str]:
        """The groups it was in."""
        return {entry.facts["group"] for entry in self.own if entry.what in (What.GROUPED, What.MUTED)}

    def heard(self, integration: str, at: datetime) -> bool:
        """Whether this integration accepted a message about it since it fired last."""
        fired = [one.at for one in self.own if one.facts.get("state") == "firing" and one.at <= at]
        sent = [one for one in self.entries if one.what is What.TRIED and one.facts["outcome"] == "sent"]
        told = (one for one in sent if one.facts["id"] in self.messages and one.facts["integration"] == integration)
        return any(fired and fired[-1] <= one.at <= at for one in told)

    def cooldown(self, at: datetime) -> str:
        """The cooldown of its rule when it fired last; empty if it had none."""
        fired = [one for one in self.own if one.facts.get("state") == "firing" and one.what is What.STATE]
        return next((one.facts.get("cooldown", "") for one in reversed(fired) if one.at <= at), "")


def tell(past: Past, since: datetime) -> tuple[Sentence, ...]:
    """The sentences from `since` on; what concerns others only matters once there was something to tell."""
    told = ((entry.at, _SENTENCES[entry.what](entry, past)) for entry in _concerning(past, since))
    return tuple(Sentence(at, *found) for at, found in told if found is not None)


def _concerning(past: Past, since: datetime) -> Iterator[Entry]:
    first = since if past.whole else min((entry.at for entry in past.own), default=None)
    written: set[str] = set()
    for entry in past.entries:
        early = first is None or entry.at < first
        if entry.at < since or (early and entry.what is not What.SILENCE):
            continue
        if entry.what is What.MESSAGE:
            if entry.facts["id"] in written:  # once more after a restart
                continue
            written.add(entry.facts["id"])
        yield entry


def clock(at: datetime, near: datetime) -> str:
    """`at` for people, in UTC: without the date where it is that of `near`."""
    form = "%H:%M:%S" if at.date() == near.date() else "%Y-%m-%d %H:%M:%S"
    return f"{at:{form}}"


def several(names: Iterable[str], word: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = names
    return f"{', '.join(most)} {word} {last}" if most else last


def by_whom(silence: Silence, near: datetime) -> str:
    """Who silences, until when, and why."""
    comment = f" “{silence.comment}”" if silence.comment else ""
    return f"{silence.created_by or 'somebody'} until {clock(silence.ends_at, near)}{comment}"


_Told = tuple[Kind, str] | None
_STATES = {
    "pending": "pending: the condition is true, the value is {value}",
    "firing": "firing, the value is {value}",
    "gone": "not pending any more: the condition is no longer true, and it never fired",
    "kept": "the condition is no longer true; keep_firing_for keeps it firing",
    "back": "the condition is true again, the value is {value}",
}


def _state(entry: Entry, _: Past) -> _Told:
    facts = entry.facts
    if facts["state"] == "resolved":
        why = facts.get("because") or ("its sender said so, or was not heard of" if facts.get("posted") else "")
        return Kind.STATE, f"resolved: {why or 'the condition is no longer true'}"
    if facts.get("posted"):
        return Kind.STATE, "firing: somebody posted it"
    return Kind.STATE, _STATES[facts["state"]].format(value=facts["value"])


def _grouped(entry: Entry, _: Past) -> _Told:
    facts = entry.facts
    due, group = _instant(facts["due"]), f"its group {Labels(facts['labels'])!r}"
    when = f"{group} is looked at next at {clock(due, entry.at)}" if due else group
    if facts["ended"]:
        return Kind.NOTE, when
    route, gathered = origin(facts["route"])
    storm = "; there are so many groups at once that it is told together with others (storms)" * gathered
    return Kind.NOTE, f"{_matched(route)} → {facts['receiver']}{storm}; {when}"


def _matched(route: str) -> str:
    if "/notify:" in route:
        return "named by its rule"
    return f"matched the route {route}" if "/" in route else "matched no route but the root"


def _muted(entry: Entry, past: Past) -> _Told:
    facts, where = entry.facts, f" in the group {entry.facts['group']}" if len(past.groups) > 1 else ""
    reasons = [
        *(f"silenced by {_silencer(one, entry.at, past)}" for one in facts["silenced"]),
        *(f"inhibited by {Labels(one['labels'])!r} ({one['rule']})" for one in facts["inhibited"]),
        *([f"muted by the time interval {several(facts['muted'])} of its route"] if facts["muted"] else []),
        *([f"outside the active time interval {several(facts['outside'])}"] if facts["outside"] else []),
        *(
            [f"flapping ({facts['flaps']}): told as that once, and then not before it calms"]
            if facts.get("flaps")
            else []
        ),
    ]
    return (Kind.HELD, "; ".join(reasons) + where) if reasons else (Kind.NOTE, f"nothing mutes it any more{where}")


def _silencer(name: str, at: datetime, past: Past) -> str:
    rows = [one for one in past.entries if one.subject == of_silence(name) and one.at <= at]
    if rows:
        return _people(rows[-1].facts, at)
    known = past.silences.get(name)
    return by_whom(known, at) if known else f"the silence {name}"


def _people(facts: Mapping[str, Any], near: datetime) -> str:
    ends = _instant(facts["ends"])
    until = f" until {clock(ends, near)}" if ends else ""
    comment = f" “{facts['comment']}”" if facts["comment"] else ""
    return f"{facts['by'] or 'somebody'}{until}{comment}"


def _silence(entry: Entry, _: Past) -> _Told:
    facts, starts = entry.facts, _instant(entry.facts["starts"])
    if facts["state"] == "expired":
        return Kind.NOTE, f"the silence of {facts['by'] or 'somebody'} was ended"
    begins = f", beginning at {clock(starts, entry.at)}" if starts and facts["state"] == "pending" else ""
    return Kind.NOTE, f"a silence of {_people(facts, entry.at)}{begins} is in place"


def _message(entry: Entry, past: Past) -> _Told:
    facts = entry.facts
    if entry.facts["id"] not in past.messages:
        return None
    name, reason = facts["integration"], facts["reason"]
    if past.key in facts["firing"]:
        return Kind.TOLD, f"{name} is to be told that it fires ({reason})"
    belated = ", and that it had fired" if facts["belated"] else ""
    if facts["because"]:
        return Kind.TOLD, f"{name} is to be told the end of it{belated} ({facts['because']})"
    return Kind.TOLD, f"{name} is to be told that it ended{belated} ({reason})"


def _tried(entry: Entry, past: Past) -> _Told:
    facts, message = entry.facts, past.messages.get(entry.facts["id"])
    if message is None:
        return None
    name, answer = facts["integration"], f"“{facts['answer']}”" if facts["answer"] else "nothing"
    match facts["outcome"]:
        case "sent":
            tries = f" at attempt {facts['attempts']}" if facts["attempts"] > 1 else ""
            cooled = _cooled(entry, message, past)
            return Kind.TOLD, f"{name} accepted it{tries} and answered {answer}{cooled}"
        case "retry":
            again = _instant(facts["again"])
            next_try = f", attempt {facts['attempts'] + 1} follows at {clock(again, entry.at)}" if again else ""
            return Kind.TROUBLE, f"{name} did not accept attempt {facts['attempts']}: {answer}{next_try}"
        case "superseded":
            return (
                Kind.TROUBLE,
                f"{name} did not accept attempt {facts['attempts']}: {answer}; a newer message takes its place",
            )
    return Kind.TROUBLE, f"{name} was given up at attempt {facts['attempts']}: {answer}"


def _cooled(entry: Entry, message: Entry, past: Past) -> str:
    cooldown = past.cooldown(entry.at) if past.key in message.facts["firing"] else ""
    if not cooldown:
        return ""
    return (
        f"; nothing new about it before {clock(entry.at + durations.parse(cooldown), entry.at)} (cooldown {cooldown})"
    )


def _withdrawn(entry: Entry, past: Past) -> _Told:
    if entry.facts["id"] not in past.messages:
        return None
    instead = "superseded by a newer one" if entry.facts["for"] else "withdrawn: there is nothing to say any more"
    return Kind.HELD, f"the message that waited for {entry.facts['integration']} is {instead}"


_QUIET = {
    "cooldown": "in cooldown: {name} is told nothing new about it before {until}",
    "repeat": "{name} knows; it is not repeated before {until}",
    "waiting": "{name} is not told anything else: a message that says so waits for it",
    "unclosed": "{name} is not told that it ended (send_resolved is false)",
    "unheard": "{name} was never told of it, so it is not told that it ended",
}


def _quiet(entry: Entry, past: Past) -> _Told:
    facts, until = entry.facts, _instant(entry.facts["until"])
    if past.key not in facts["alerts"] or (facts["why"] == "unheard" and past.heard(facts["integration"], entry.at)):
        return None
    shown = clock(until, entry.at) if until else ""
    return Kind.HELD, _QUIET[facts["why"]].format(name=facts["integration"], until=shown)


_HELD = "alerts stay as they are, unless on_error of their rule says otherwise"
_TROUBLES = {
    "failed": "the evaluation failed",
    "trouble": "the evaluation had trouble",
    "remark": "the evaluation remarks",
}


def _rule(entry: Entry, _: Past) -> _Told:
    error = entry.facts["error"]
    if not error:
        return Kind.NOTE, "the rule is evaluated again without trouble"
    return Kind.TROUBLE, f"{_TROUBLES[entry.facts['kind']]}: {error}"


def _answers(entry: Entry, _: Past) -> _Told:
    name, error = entry.subject.partition(" ")[2], entry.facts["error"]
    if error:
        return Kind.TROUBLE, f"the datasource {name} does not answer: {error}; {_HELD}"
    return Kind.NOTE, f"the datasource {name} answers again"


def _started(entry: Entry, past: Past) -> _Told:
    """It wrote down now and then that it lives; what it decided after that is a sign of life, too."""
    alive = _instant(entry.facts["alive"])
    if alive:
        alive = max(alive, *(one.at for one in past.entries if one.at < entry.at), alive)
    return Kind.NOTE, "alertd started" + (f"; it was last alive at {clock(alive, entry.at)}" if alive else "")


def _reloaded(entry: Entry, past: Past) -> _Told:
    facts = entry.facts
    if facts["error"]:
        return Kind.TROUBLE, f"the configuration was read again, not all of it could be used: {facts['error']}"
    name = f'": {past.rule}'
    changes = [one for one in facts["changes"] if past.rule and _names(one, name)]
    return (Kind.NOTE, f"the configuration was read again: {'; '.join(changes)}") if changes else None


def _names(change: str, name: str) -> bool:
    _, found, rest = change.partition(name)
    return bool(found) and rest[:1] in ("", ":", " ")


def _lost(entry: Entry, _: Past) -> _Told:
    return Kind.TROUBLE, f"{entry.facts['rows']} decisions of about this time could not be kept"


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


_SENTENCES: Mapping[What, Callable[[Entry, Past], _Told]] = {
    What.STATE: _state,
    What.GROUPED: _grouped,
    What.MUTED: _muted,
    What.SILENCE: _silence,
    What.MESSAGE: _message,
    What.TRIED: _tried,
    What.WITHDRAWN: _withdrawn,
    What.QUIET: _quiet,
    What.RULE: _rule,
    What.ANSWERS: _answers,
    What.STARTED: _started,
    What.RELOADED: _reloaded,
    What.LOST: _lost,
}
