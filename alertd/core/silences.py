"""Silences: alerts that somebody does not want to hear of for a while.

    pending ──starts_at──▶ active ──ends_at──▶ expired
       └────────── expire ────┴────────────────▲

Source: Alertmanager's `silence` package and its API. A change keeps the id while the matchers are the same and the past
stays as it was; any other ends the old silence and begins a new one, so that what was in force remains to be seen.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from heapq import heappop, heappush

from alertd.core.labels import Labels
from alertd.core.matchers import Matcher
from alertd.core.selectors import Selectors, satisfies
from alertd.errors import SilenceError

_RECENT = 32  # silences that are tried one by one on alerts that were asked about before
_MEMORY = 200_000  # label sets


class State(StrEnum):
    """Where a silence is in its life."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence as it is kept; its matchers, joined by "and", never change."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    updated_at: datetime
    created_by: str = ""
    comment: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)

    def state(self, now: datetime) -> State:
        """Where it is at this instant."""
        if now >= self.ends_at:
            return State.EXPIRED
        return State.ACTIVE if now >= self.starts_at else State.PENDING

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether it is about alerts with these labels."""
        return satisfies(labels, self.matchers)


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody asks for. `id` names the silence to change, if any; without `starts_at` it begins now."""

    matchers: tuple[Matcher, ...]
    ends_at: datetime
    starts_at: datetime | None = None
    id: str = ""
    created_by: str = ""
    comment: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)


def settle(draft: Draft, before: Silence | None, new_id: str, now: datetime) -> tuple[Silence, ...]:
    """The silences to write, the one that was asked for last; `before` is the one that is kept under `draft.id`.

    Raises SilenceError if the draft makes no sense, or there is nothing to change.
    """
    starts_at = now if draft.starts_at is None else draft.starts_at
    _check(draft, starts_at, now)
    if draft.id and before is None:
        raise unknown(draft.id)
    wanted = Silence(
        draft.id, draft.matchers, starts_at, draft.ends_at, now, draft.created_by, draft.comment, draft.annotations
    )
    if before is not None and _keeps_id(before, wanted, now):
        return (wanted,)
    new = replace(wanted, id=new_id, starts_at=max(starts_at, now))
    if before is None or before.state(now) is State.EXPIRED:
        return (new,)
    return (expired(before, now), new)


def expired(silence: Silence, now: datetime) -> Silence:
    """The silence, ended now. Raises SilenceError if it had ended before."""
    if silence.state(now) is State.EXPIRED:
        raise SilenceError(f"silence {silence.id} has already expired")
    return replace(silence, starts_at=min(silence.starts_at, now), ends_at=now, updated_at=now)


def unknown(silence_id: str) -> SilenceError:
    """The error for an id that nobody knows."""
    return SilenceError(f"there is no silence {silence_id[:100]!r}", missing=True)


def ordered(silences: Iterable[Silence], now: datetime) -> list[Silence]:
    """Alertmanager's order: active by their end, then pending by their start, then expired, the latest end first."""
    by_state: dict[State, list[Silence]] = {state: [] for state in State}
    for silence in sorted(silences, key=lambda one: one.id):
        by_state[silence.state(now)].append(silence)
    return [
        *sorted(by_state[State.ACTIVE], key=lambda one: one.ends_at),
        *sorted(by_state[State.PENDING], key=lambda one: one.starts_at),
        *sorted(by_state[State.EXPIRED], key=lambda one: one.ends_at, reverse=True),
    ]


def _keeps_id(before: Silence, wanted: Silence, now: datetime) -> bool:
    if before.matchers != wanted.matchers:
        return False
    state = before.state(now)
    if state is State.ACTIVE:
        return int(wanted.starts_at.timestamp()) == int(before.starts_at.timestamp())
    return state is State.PENDING and wanted.starts_at >= now


def _check(draft: Draft, starts_at: datetime, now: datetime) -> None:
    if not draft.matchers:
        raise SilenceError("a silence needs a matcher")
    if all(matcher.matches({}) for matcher in draft.matchers):
        raise SilenceError("at least one matcher must not match the empty string, or it would silence everything")
    for matcher in draft.matchers:
        if not _is_utf8(matcher.name + matcher.value):
            raise SilenceError(f"the matcher {str(matcher)[:100]!r} is not valid UTF-8")
    if starts_at >= draft.ends_at:
        raise SilenceError("a silence must start before it ends")
    if draft.ends_at <= now:
        raise SilenceError("a silence cannot end in the past")


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Silences:
    """All silences that are kept, and which of them mute an alert.

    What changes is replaced as a whole, so that any thread may ask. Whether one is active is decided by the instant
    asked for; `tidy` only takes those that have ended out of everybody's way.
    """

    def __init__(self) -> None:
        self._kept: dict[str, Silence] = {}
        self._selectors: Selectors[str] = Selectors()
        self._ends: list[tuple[datetime, str]] = []
        self._added = 0
        self._recent: tuple[tuple[int, Silence], ...] = ()
        self._known: dict[Labels, tuple[int, tuple[str, ...]]] = {}

    def __iter__(self) -> Iterator[Silence]:
        return iter(tuple(self._kept.values()))

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, silence_id: str) -> Silence | None:
        """The silence of this id, if it is kept."""
        return self._kept.get(silence_id)

    def put(self, silences: Iterable[Silence]) -> None:
        """Take in what is new or has changed."""
        for silence in silences:
            new = silence.id not in self._selectors
            self._kept[silence.id] = silence
            heappush(self._ends, (silence.ends_at, silence.id))
            if new:
                self._selectors.add(silence.id, silence.matchers)
                self._added += 1
                self._recent = (*self._recent[-_RECENT + 1 :], (self._added, silence))

    def tidy(self, now: datetime) -> None:
        """Look no more at those that have ended."""
        while self._ends and self._ends[0][0] <= now:
            silence = self._kept.get(heappop(self._ends)[1])
            if silence is not None and silence.ends_at <= now:
                self._selectors.remove(silence.id)

    def look_again(self) -> None:
        """The clock was set: some that had ended may not have."""
        self.put(tuple(self._kept.values()))

    def forget(self, before: datetime) -> None:
        """Drop those that ended before that."""
        gone = [silence.id for silence in self._kept.values() if silence.ends_at < before]
        for silence_id in gone:
            self._selectors.remove(silence_id)
        self._kept = {key: silence for key, silence in self._kept.items() if silence.ends_at >= before}

    def muting(self, labels: Labels, now: datetime) -> tuple[str, ...]:
        """The ids of the silences in force that match these labels."""
        kept = self._kept
        if not kept:
            return ()
        matching = ((name, kept.get(name)) for name in self._matching(labels))
        return tuple(name for name, silence in matching if silence and silence.state(now) is State.ACTIVE)

    def concern(self, labels: Labels, now: datetime) -> bool:
        """True if a silence in force, or one that is to be, matches these labels."""
        kept = self._kept
        matching = (kept.get(name) for name in self._matching(labels)) if kept else ()
        return any(silence is not None and silence.ends_at > now for silence in matching)

    def _matching(self, labels: Labels) -> tuple[str, ...]:
        added, recent = self._added, self._recent
        seen, found = self._known.get(labels, (-1, ()))
        if seen == added:
            return found
        if not recent or seen < recent[0][0] - 1:
            found = tuple(self._selectors.find(labels))
        else:
            news = [silence.id for number, silence in recent if number > seen and silence.matches(labels)]
            found = tuple(dict.fromkeys((*(name for name in found if name in self._selectors), *news)))
        if len(self._known) >= _MEMORY:
            self._known = {}
        self._known[labels] = (added, found)
        return found
