"""Flapping: an alert that begins and ends again and again is told as that, once, and left alone until it calms.

The window is divided into twenty slots of the wall clock. One in which the alert began or ended weighs between 0.80,
the oldest, and 1.18, the newest, and the sum is a percentage of twenty: the weights are Icinga's, whose slots are its
last twenty checks (https://icinga.com/docs/icinga-2/latest/doc/08-advanced-topics/#check-flapping).

           more than `high` %
    calm ─────────────────────▶ flapping     only a beginning or an end can do that
      ▲                            │
      └──── at most `low` % ───────┘         only time can do that
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from alertd.core.alerts import Alert, Transition

_SLOTS = 20
_OLDEST, _STEP = 0.8, 0.02
_NEWEST = _OLDEST + _STEP * (_SLOTS - 1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FlapBounds:
    """From how much change on an alert flaps, and until when; both in percent. A `window` of 0 means never.

    `posted`: also alerts that others post, whose senders may have means of their own.
    """

    window: timedelta = timedelta(hours=1)
    high: float = 30.0
    low: float = 25.0
    posted: bool = False

    @property
    def slot(self) -> timedelta:
        """The length of one."""
        return self.window / _SLOTS


@dataclass(frozen=True, slots=True)
class Spell:
    """An alert, by `Labels.key`, fired from then to then."""

    labels: str
    began: datetime
    ended: datetime
    posted: bool = False


def spell(transition: Transition) -> Spell | None:
    """What is over with this transition, if anything is."""
    before, after = transition.before, transition.after
    if before is None or after is None or not before.firing or after.resolved_at is None:
        return None
    return Spell(
        after.labels.key, before.fired_at or before.active_at, after.resolved_at, posted=after.posted is not None
    )


@dataclass(frozen=True, slots=True)
class Flips:
    """The instants at which an alert began or ended, one a slot, and since when it flaps; `count` are all of them."""

    changes: tuple[datetime, ...] = ()
    since: datetime | None = None
    count: int = 0

    def shifted(self, by: timedelta) -> "Flips":
        """As a clock sees it that was set by that much."""
        return replace(self, changes=tuple(at + by for at in self.changes), since=self.since and self.since + by)


STILL = Flips()


def percent(changes: Iterable[datetime], bounds: FlapBounds, now: datetime) -> float:
    """How much an alert has changed of late."""
    newest = _slot(now, bounds)
    ages = {newest - _slot(at, bounds) for at in changes}
    return sum(_OLDEST + _STEP * (_SLOTS - 1 - age) for age in ages if 0 <= age < _SLOTS) * 100 / _SLOTS


def flipped(before: Flips, bounds: FlapBounds, at: datetime) -> Flips:
    """After it began or ended once more."""
    calm = settled(before, bounds, at)
    slot = _slot(at, bounds)
    if at in before.changes:
        return calm
    kept = tuple(one for one in calm.changes if slot - _SLOTS < _slot(one, bounds) < slot)
    changes = (*kept, at)
    count = calm.count + 1 if kept or calm.since else 1
    since = calm.since or (at if _is_restless(changes, bounds, at) else None)
    return Flips(changes, since, count)


def _is_restless(changes: Sequence[datetime], bounds: FlapBounds, now: datetime) -> bool:
    most = len(changes) * _NEWEST * 100 / _SLOTS
    return most > bounds.high and percent(changes, bounds, now) > bounds.high


def settled(flips: Flips, bounds: FlapBounds, now: datetime) -> Flips:
    """As time leaves it: calm, if little enough has changed."""
    if flips.since is None or percent(flips.changes, bounds, now) > bounds.low:
        return flips
    return replace(flips, since=None, count=0)


def calms_at(flips: Flips, bounds: FlapBounds) -> datetime:
    """When it is calm if it neither begins nor ends again."""
    newest = _slot(flips.changes[-1], bounds)
    starts = (_EPOCH + (newest + age) * bounds.slot for age in range(1, _SLOTS + 1))
    return next(at for at in starts if percent(flips.changes, bounds, at) <= bounds.low)


class Flapping:
    """What mutates: the flips of every alert that changed within the window, by `Labels.key`."""

    def __init__(self, bounds: FlapBounds) -> None:
        self._bounds = bounds
        self._flips: dict[str, Flips] = {}

    def follow(self, bounds: FlapBounds) -> None:
        """Other bounds hold from now on."""
        self._bounds = bounds
        if not bounds.window:
            self._flips.clear()

    def restore(self, spells: Iterable[Spell], alerts: Iterable[Alert]) -> None:
        """Go through what happened before the restart, as if it happened now."""
        changes = {(at, one.labels) for one in spells if self._counts(one.posted) for at in (one.began, one.ended)}
        known = {key for _, key in changes}
        again = (alert for alert in alerts if alert.firing and alert.labels.key in known)
        changes |= {(alert.fired_at or alert.active_at, alert.labels.key) for alert in again}
        alike: dict[tuple[Flips, datetime], Flips] = {}
        for at, key in sorted(changes):
            self._flip(key, at, alike)

    def note(self, transitions: Iterable[Transition]) -> None:
        """Alerts began or ended."""
        alike: dict[tuple[Flips, datetime], Flips] = {}  # in a storm very many change together
        for transition in transitions:
            before, after = transition.before, transition.after
            if after is None or not self._counts(after.posted) or (before and before.state is after.state):
                continue
            if not after.firing and not after.resolved:
                continue
            key, began = after.labels.key, after.fired_at or after.active_at
            if key in self._flips or after.resolved:  # who never ended does not flap
                self._flip(key, began, alike)
            if after.resolved_at:
                self._flip(key, after.resolved_at, alike)

    def of(self, alert: Alert, now: datetime) -> Flips:
        """The flips of this alert; `since` is None unless it flaps at this instant."""
        flips = self._flips.get(alert.labels.key)
        return settled(flips, self._bounds, now) if flips else STILL

    def calms_at(self, flips: Flips) -> datetime:
        """When these are over by themselves."""
        return calms_at(flips, self._bounds)

    def clock_jumped(self, by: timedelta) -> None:
        """The clock was set: what has happened stays as long ago as it was."""
        moved = {one: one.shifted(by) for one in set(self._flips.values())}
        self._flips = {key: moved[one] for key, one in self._flips.items()}

    def tidy(self, now: datetime) -> None:
        """Forget what has not changed for long."""
        self._flips = {key: one for key, one in self._flips.items() if now - one.changes[-1] < self._bounds.window}

    def _counts(self, posted: object) -> bool:
        return bool(self._bounds.window) and (self._bounds.posted or not posted)

    def _flip(self, key: str, at: datetime, alike: dict[tuple[Flips, datetime], Flips]) -> None:
        """`alike` is what has come of the same at the same instant."""
        before = self._flips.pop(key, STILL)  # so that the key that is kept is the one that the alert has, too
        after = alike.get((before, at))
        if after is None:
            after = alike[before, at] = flipped(before, self._bounds, at)
        self._flips[key] = after


def _slot(at: datetime, bounds: FlapBounds) -> int:
    return (at - _EPOCH) // bounds.slot
