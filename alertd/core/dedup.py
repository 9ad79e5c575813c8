"""Deduplication: whether one integration must be told about a group now, of what, and why.

Alertmanager's order of questions, asked per alert instead of per group:

    firing, and not told yet (or told, resolved unseen, and fired again; or muted since)  → new, unless in cooldown
    flapping, and not told as that yet                                                    → new, unless in cooldown
    told as firing, and resolved                                                          → to be closed
    told as firing, still firing, and its repeat has come                                 → repeated

What was told is what was *accepted*. A message that waits for its receiver is not; if it no longer says the truth it is
replaced, and what it promised to say is carried over.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from alertd.core.alerts import Alert
from alertd.core.cooldown import cools_until, repeats_at
from alertd.core.delivery import Delivery
from alertd.core.notification import Reason
from alertd.core.receivers import Integration
from alertd.core.routes import Route
from alertd.core.told import Cooling, Mark, Told, incident, mark


@dataclass(frozen=True, slots=True)
class Line:
    """One group and one integration: what was accepted, and the message still waiting to be, if any.

    `last` is the id of the newest delivery on this line. `cooling` is about the integration in all of its groups.
    """

    told: Told = field(default_factory=Told)
    waiting: Delivery | None = None
    last: str = ""
    cooling: Mapping[str, Cooling] = field(default_factory=dict)

    def after(self, delivery: Delivery) -> "Line":
        """This line once the delivery is written: a silent one is told at once, any other waits."""
        if delivery.notification is None:
            return Line(delivery.told, None, delivery.id, self.cooling)
        return Line(self.told, delivery, delivery.id, self.cooling)

    def knows(self, key: str) -> bool:
        """True if the integration was told that this alert fires, or a waiting message says so or closes it."""
        if key in self.told.open:
            return True
        return self.waiting is not None and (key in self.waiting.told.open or key in self.closed)

    @property
    def names(self) -> set[str]:
        """All alerts that the integration knows of, by `Labels.key`."""
        opening = self.waiting.told.open if self.waiting else ()
        return {*self.told.open, *opening, *self.closed}

    @property
    def heard(self) -> set[str]:
        """The alerts that the integration heard of for certain, by `Labels.key`."""
        return {key for key, known in self.told.open.items() if known.told_at is not None}

    @property
    def marks(self) -> Mapping[str, Mark]:
        """What the integration has heard; or perhaps, if a message was tried, and only the answer may have been lost.

        A mark with no `told_at` is one of a message that has given way to another since.
        """
        if self.waiting is None or not self.waiting.attempts:
            return self.told.open
        return {**self.waiting.told.open, **self.told.open}

    @property
    def doubtful(self) -> bool:
        """True if the waiting message may have told of alerts that would be forgotten if it gave way to another."""
        return len(self.marks) > len(self.told.open)

    def promises(self, key: str) -> bool:
        """True if the integration was to be told of this alert, and perhaps was not."""
        known = self.told.open.get(key)
        return self.knows(key) and (known is None or known.told_at is None)

    def was_told_to_flap(self, key: str) -> bool:
        """True if the integration knows that this alert flaps."""
        known = self.told.open.get(key)
        return known is not None and known.flapping and known.told_at is not None

    @property
    def is_closing(self) -> bool:
        """True if the waiting message closes everything that was told, and opens nothing."""
        return self.waiting is not None and not self.waiting.told.open and self.closed >= self.heard

    @property
    def closed(self) -> set[str]:
        """The alerts whose end the waiting message tells, by `Labels.key`."""
        return _closed_by(self.waiting) if self.waiting else set()

    @property
    def idle(self) -> bool:
        """True if nothing is owed to the integration."""
        return not self.told.open and self.waiting is None

    def owes(self, now: datetime) -> bool:
        """True while something is open or waiting, or a cooldown runs."""
        return not self.idle or any(cooling.until > now for cooling in self.told.cooling.values())


@dataclass(frozen=True, slots=True)
class Decision:
    """What to tell one integration. Without a reason there is nothing to say, but `told` may have changed.

    `firing` and `closing` are what the message lists; `belated`: some alert ended before anybody heard of it.
    `cooling`: so many alerts would be news, were it not for their cooldown.
    """

    reason: Reason | None
    told: Told
    firing: tuple[Alert, ...] = ()
    closing: tuple[Alert, ...] = ()
    belated: bool = False
    cooling: int = 0

    def repeats(self, waiting: Delivery | None) -> bool:
        """True if the waiting message already says this."""
        if waiting is None or waiting.notification is None or self.reason is None:
            return False
        same_open = _moments(waiting.told.open) == _moments(self.told.open)
        return same_open and _closed_by(waiting) == {alert.labels.key for alert in self.closing}


def decide(
    audible: Sequence[Alert], muted: Sequence[Alert], line: Line, route: Route, integration: Integration, now: datetime
) -> Decision:
    """What to tell about these alerts, firing or resolved, one a label set. `line` is what has been told so far."""
    told = line.told
    firing = tuple(alert for alert in audible if alert.firing)
    ended = tuple(alert for alert in audible if alert.resolved and line.knows(alert.labels.key))
    unheard = tuple(alert for alert in ended if not _heard(alert, told))
    closing = ended if integration.send_resolved else unheard
    reason = _reason(firing, closing, line, route, now)
    if reason is None:
        cooling = _cooling(firing, line, now) if line.cooling else 0
        return Decision(None, _told_after((), ended, muted, told, now), cooling=cooling)
    after = _told_after(firing, ended, muted, told, now)
    return Decision(reason, after, firing, closing, belated=bool(unheard))


def next_look(alerts: Iterable[Alert], line: Line, route: Route, now: datetime) -> datetime | None:
    """When time alone may change the decision: a repeat, or the end of a cooldown. None: only an event can."""
    instants = [_next_word(alert, line, route, now) for alert in alerts if alert.firing]
    return min((instant for instant in instants if instant is not None), default=None)


def _next_word(alert: Alert, line: Line, route: Route, now: datetime) -> datetime | None:
    known = line.told.open.get(alert.labels.key)
    if known is None or is_news(alert, known):
        until = cools_until(alert, line.cooling, now)
        if until is None or line.told.at is None or line.told.at > now:
            return until
        return max(until, line.told.at + route.group_interval)
    return repeats_at(known, line.cooling, route, now) if line.waiting is None else None


def _reason(
    firing: Sequence[Alert], closing: Sequence[Alert], line: Line, route: Route, now: datetime
) -> Reason | None:
    news: list[Alert] = []
    known: list[Mark] = []
    for alert in firing:
        before = line.told.open.get(alert.labels.key)
        if before is None or is_news(alert, before):
            news.append(alert)
        else:
            known.append(before)
    causes = [alert for alert in news if cools_until(alert, line.cooling, now) is None]
    if causes:
        return _why_new(causes, line)
    if closing:
        return Reason.SOME_RESOLVED if firing else Reason.ALL_RESOLVED
    repeats = (repeats_at(one, line.cooling, route, now) for one in known)
    return Reason.REPEAT if any(at is not None and at <= now for at in repeats) else None


def _cooling(firing: Sequence[Alert], line: Line, now: datetime) -> int:
    pairs = ((alert, line.told.open.get(alert.labels.key)) for alert in firing)
    news = (alert for alert, known in pairs if known is None or is_news(alert, known))
    return sum(cools_until(alert, line.cooling, now) is not None for alert in news)


def _why_new(causes: Sequence[Alert], line: Line) -> Reason:
    if all(alert.flapping for alert in causes):
        return Reason.FLAPPING
    marks = [line.told.open.get(alert.labels.key) for alert in causes]
    if all(known is not None and known.flapping and known.told_at is not None for known in marks):
        return Reason.CALM
    if all(known is not None and known.muted and known.told_at is not None for known in marks):
        return Reason.UNMUTED
    if all(_was_held(alert, line.cooling) for alert in causes):
        return Reason.COOLDOWN_OVER
    return Reason.NEW_ALERTS if line.heard else Reason.FIRST


def _was_held(alert: Alert, cooled: Mapping[str, Cooling]) -> bool:
    if not cooled:
        return False
    new, cooling = mark(alert), cooled.get(incident(alert.labels))
    return cooling is not None and new.fired_at < cooling.until and new.severity <= cooling.severity


def is_news(alert: Alert, known: Mark) -> bool:
    """True if the alert is not what was told for certain: it fired anew, was muted since, flaps or has calmed."""
    if known.told_at is None or known.muted or known.flapping is not bool(alert.flapping):
        return True
    return known.fired_at != (alert.fired_at or alert.active_at)


def _heard(alert: Alert, told: Told) -> bool:
    known = told.open.get(alert.labels.key)
    return known is not None and known.told_at is not None


def _told_after(
    firing: Sequence[Alert], ended: Sequence[Alert], muted: Sequence[Alert], told: Told, now: datetime
) -> Told:
    opened, alike = {**told.open}, dict[Mark, Mark]()
    for alert in firing:
        known = told.open.get(alert.labels.key)
        made = mark(alert, known.told_at if known else None)
        opened[alert.labels.key] = alike.setdefault(made, made)
    for alert in muted:
        if known := opened.get(alert.labels.key):
            opened[alert.labels.key] = replace(known, muted=True)
    for alert in ended:
        opened.pop(alert.labels.key, None)
    cooling = {key: cooling for key, cooling in told.cooling.items() if cooling.until > now}
    return Told(told.at, opened, cooling)


def _closed_by(waiting: Delivery) -> set[str]:
    return {alert.labels.key for alert in waiting.notification.resolved} if waiting.notification else set()


def _moments(opened: Mapping[str, Mark]) -> dict[str, tuple[datetime, bool, bool]]:
    return {key: (known.fired_at, known.muted, known.flapping) for key, known in opened.items()}
