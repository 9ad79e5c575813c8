"""The judge: hears all that alertd decides and says, remembers little of it, and objects when a promise is broken.

It knows the promises of the documentation, not the code: what it counts as told is what a receiver accepted and the
disk has.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any

from alertd.core.alerts import Alert
from alertd.core.delivery import Dead, Delivery, Outcome, Sent
from alertd.core.labels import Labels
from alertd.core.notification import Notification, NotifiedAlert, Reason
from alertd.core.routes import REPEAT_INTERVAL, Route, routes_of
from alertd.core.severity import Severity, rank
from alertd.core.silences import Silence
from alertd.events import Event, Kind, Trouble
from tests.simulation.script import INTEGRATIONS, LUNCH, Script

Who = tuple[str, Labels]  # an integration, and an alert or its incident


_EVER, _ALWAYS = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_QUICK, _SLOWEST = timedelta(seconds=1), timedelta(seconds=200)  # that an answer may be under way
_A_MOMENT = timedelta(seconds=10)  # which a message may be under way when the story ends


class BrokenPromise(AssertionError):
    """alertd did what it promises never to do; the first word names the promise."""

    @property
    def promise(self) -> str:
        """What was broken, for comparison."""
        return str(self).split(":", 1)[0]


@dataclass(frozen=True)
class Cooling:
    """Until when nothing new is said of an incident that was told at this severity.

    `renewed`: when it was told last, before which it had cooled until `before`. What is decided at the very instant at
    which the disk has that something was accepted need not know that.
    """

    until: datetime
    severity: Severity
    renewed: datetime
    before: datetime

    def holds(self, at: datetime) -> bool:
        return at < (self.until if self.renewed < at else self.before)


def heeded(hear: Callable[..., None]) -> Callable[..., None]:
    """Remember what is raised: the courier takes it for a bug of the receiver, and the observers for a listener's."""

    @wraps(hear)
    def listen(self: "Judge", *args: Any) -> None:
        try:
            hear(self, *args)
        except Exception as broken:
            self.broken = self.broken or broken
            raise

    return listen


class Judge:
    """One a story. What is `in_force` is the routing tree, None while another is taken over."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.broken: Exception | None = None  # what it objected to first
        self.in_force: Route | None = None
        self.silences: dict[str, Silence] = {}  # that hold for certain, by job
        self._false: dict[Labels, list[tuple[datetime, datetime]]] = {}  # when conditions were, from and until
        self._stale = any(doing.what == "prometheus" and "stale" in doing.arguments for doing in script.doings)
        self._texts: dict[str, object] = {}  # by message
        self._told: dict[Who, tuple[datetime, datetime]] = {}  # since when it fires, and when that was accepted
        self._cooling: dict[Who, Cooling] = {}
        self._open: dict[Who, Notification] = {}
        self._closed: dict[Who, str] = {}  # the message that did
        self._acknowledged: set[str] = set()
        self._refused: set[Who] = set()  # of whom the receiver did not want to hear, for good
        self._owed: dict[Who, datetime] = {}  # decided to be told then, and not heard of since
        self._flapping: set[Who] = set()  # who was told so, and not that it calmed
        self.said: list[
            tuple[datetime, str, str, list[tuple[str, str]]]
        ] = []  # when, to whom, why, and what; each message once
        self.tally: Counter[str] = Counter()

    # What happens.

    def becomes(self, labels: Labels, true: bool, now: datetime) -> None:
        """The condition of this alert has changed, or is what it was."""
        times = self._false.setdefault(labels, [(_EVER, _ALWAYS)])
        is_false = times[-1][1] is _ALWAYS
        if true and is_false:
            times[-1] = (times[-1][0], now)
        elif not (true or is_false):
            times.append((now, _ALWAYS))

    @heeded
    def noticed(self, event: Event) -> None:
        """alertd says something of itself."""
        if isinstance(event, Trouble) and event.kind is Kind.BUG:
            raise BrokenPromise(f"no bugs: {event.where}: {event.error}")

    @heeded
    def decided(self, deliveries: Iterable[Delivery], board: Sequence[Alert]) -> None:
        """These are about to be written, and this is what alertd believes."""
        for delivery in deliveries:
            if delivery.notification is not None:
                self._check_muted(delivery, delivery.notification, board)
                self._check_cause(delivery, delivery.notification)

    @heeded
    def committed(self, deliveries: Iterable[Delivery]) -> None:
        """These are on the disk."""
        for delivery in deliveries:
            for alert in delivery.notification.alerts if delivery.notification else ():
                self._owed[delivery.integration, alert.labels] = delivery.at

    @heeded
    def heard(self, message: Notification) -> None:
        """A receiver accepted this, whether or not anybody learns of it."""
        content = [(str(alert.labels), alert.status) for alert in message.alerts]
        if message.id in self._texts:
            self._demand(self._texts[message.id] == content, "one id, one message", message)
            self.tally["messages accepted again, with the same id"] += 1
            return
        self.tally["messages accepted"] += 1
        self.tally["messages that say that an alert flaps"] += message.reason is Reason.FLAPPING
        self.tally["messages about a storm"] += bool(message.storm)
        self._texts[message.id] = content
        self.said.append((message.at, message.integration, message.reason, sorted(content)))
        for alert in message.alerts:
            who = (message.integration, alert.labels)
            self._owed.pop(who, None)
            self._open_or_close(who, alert, message)

    @heeded
    def settled(self, delivery: Delivery, outcome: Outcome) -> None:
        """The disk has what became of it."""
        message = delivery.notification
        if message is not None and isinstance(outcome, Dead):
            self._give_up(message)
        if message is None or not isinstance(outcome, Sent):
            return
        self._acknowledged.add(message.id)
        for alert in message.alerts:
            who = (message.integration, alert.labels)
            (self._flapping.add if "flapping" in alert.annotations else self._flapping.discard)(who)
            if alert.firing:
                self._told[who] = (alert.starts_at, outcome.at)
                self._chill(message.integration, alert, outcome.at)
            else:
                self._told.pop(who, None)

    def _give_up(self, message: Notification) -> None:
        for alert in message.alerts:
            who = (message.integration, alert.labels)
            self._refused.add(who)
            if not alert.firing:
                self._told.pop(who, None)

    # What it thinks of it.

    def _check_muted(self, delivery: Delivery, message: Notification, board: Sequence[Alert]) -> None:
        at = delivery.at
        for alert in message.firing:
            silence = self.silences.get(alert.labels.get("job", ""))
            silenced = silence is not None and silence.starts_at <= at < silence.ends_at
            self._demand(not silenced, "silenced means no word", message)
            if alert.name == "JobDown" and self._script.setting.inhibits:
                inhibited = any(one.firing and one.name == "ClusterDown" for one in board)
                self._demand(not inhibited, "inhibited means no word", message)
            if self._is_lunch(alert, delivery):
                raise BrokenPromise(f"muted means no word: {_line(message)}")

    def _is_lunch(self, alert: NotifiedAlert, delivery: Delivery) -> bool:
        if self.in_force is None or not LUNCH[0].contains(delivery.at):
            return False
        routes = [one for one in self.in_force.walk() if one.receiver == delivery.notification.receiver]
        return bool(routes) and all(one.mute_time_intervals for one in routes) and alert.labels.get("job") == "a"

    def _check_cause(self, delivery: Delivery, message: Notification) -> None:
        if self._script.has("clock"):  # then no two instants can be compared
            return
        causes = [alert for alert in message.firing if self._is_cause(alert, delivery, message)]
        self._demand(causes or message.resolved, "nobody hears anything twice, or in a cooldown", message)

    def _is_cause(self, alert: NotifiedAlert, delivery: Delivery, message: Notification) -> bool:
        who = (delivery.integration, alert.labels)
        since, accepted_at = self._told.get(who, (None, None))
        flaps = "flapping" in alert.annotations
        if flaps and who in self._flapping:
            return False
        if flaps or who in self._flapping:
            return not self._is_cooling(delivery.integration, alert, delivery.at)
        if since == alert.starts_at and message.reason is not Reason.UNMUTED:
            return accepted_at is not None and accepted_at + self._pause(alert, delivery) <= delivery.at
        return not self._is_cooling(delivery.integration, alert, delivery.at)

    def _is_cooling(self, integration: str, alert: NotifiedAlert, at: datetime) -> bool:
        cooling = self._cooling.get((integration, alert.labels.without("severity")))
        return cooling is not None and cooling.holds(at) and alert.severity <= cooling.severity

    def _pause(self, alert: NotifiedAlert, delivery: Delivery) -> timedelta:
        route = self._script.setting.route  # all trees have the same times
        return max(route.repeat_interval or self._cooldown(alert) or REPEAT_INTERVAL, route.group_interval)

    def _cooldown(self, alert: NotifiedAlert) -> timedelta:
        return self._script.setting.cooldown if alert.name == "JobDown" else timedelta(0)

    def _chill(self, integration: str, alert: NotifiedAlert, now: datetime) -> None:
        cooldown, incident = self._cooldown(alert), (integration, alert.labels.without("severity"))
        if cooldown:
            before = self._cooling.get(incident)
            running = before if before and before.until > now else Cooling(now, alert.severity, now, now)
            severity = max(running.severity, alert.severity)
            earlier = running.before if running.renewed == now else running.until
            self._cooling[incident] = Cooling(max(running.until, now + cooldown), severity, now, earlier)

    def _open_or_close(self, who: Who, alert: NotifiedAlert, message: Notification) -> None:
        if alert.firing:
            self._open[who] = message
            return
        self._demand(self._has_ended(alert), "who cannot be asked has not resolved", message)
        unsure = who in self._closed and self._closed[who] not in self._acknowledged
        expected = who in self._open or message.belated or unsure
        self._demand(expected, "what is closed was open", message)
        self._open.pop(who, None)
        self._closed[who] = message.id

    def _has_ended(self, alert: NotifiedAlert) -> bool:
        """Whether its condition was false when it ended, or as shortly before or after as an answer may take."""
        if alert.because or alert.name == "Posted" or self._stale or self._script.has("clock"):
            return True
        assert alert.ends_at is not None
        slack = _SLOWEST if any("waits" in doing.arguments for doing in self._script.doings) else _QUICK
        earliest, latest = alert.ends_at - self._script.setting.keep_firing_for - slack, alert.ends_at + slack
        return any(since <= latest and until >= earliest for since, until in self._false[alert.labels])

    def _demand(self, holds: object, promise: str, message: Notification) -> None:
        if not holds:
            raise BrokenPromise(f"{promise}: {_line(message)}")

    # The end.

    def check_end(self, board: Sequence[Alert], root: Route, true: Iterable[Labels], now: datetime) -> None:
        """All has been well for long: everybody knows what is, and nothing else."""
        firing = [alert for alert in board if alert.firing]
        found, wanted = {alert.labels for alert in firing if not alert.posted}, set(true)
        self._equal("what is true fires, and nothing else", found, wanted)
        if not self._script.has("clock"):
            self._equal("what others post ends when it is to", {one.labels for one in firing if one.posted}, set())
        muted = {alert.labels for alert in firing if self._is_inhibited(alert.labels, firing)}
        should = set(_audience(root, firing))
        believed = set(self._open)
        begun = {alert.labels: alert.starts_at for alert in firing}
        now_known = {who for who in believed if self._told.get(who, (None,))[0] == begun.get(who[1])}
        missing = {who for who in should - believed if who[1] not in muted and not self._may_wait(who, now)}
        missed = {who for who in should - now_known if who[1] not in muted and not self._may_wait(who, now)}
        self._equal("all who should know do", missing, set())
        self._equal("what fires anew is news", missed - self._refused, set())
        restless = {who for who in self._flapping & should if who[1] not in muted and not self._may_wait(who, now)}
        self._equal("who flapped and is calm is told of as that", restless - self._refused, set())
        held = {who for who in believed if self._is_inhibited(who[1], firing)}
        self._equal("every firing that was told is closed", believed - should - held - self._refused, set())
        if not self._script.has("reloads", "rules", "silences") and not self._may_be_lost():
            due = {who for who, since in self._owed.items() if since < now - _A_MOMENT}
            owed = {who for who in due if not self._may_wait(who, now)}
            self._equal("what is decided is told", owed, set())

    def _may_be_lost(self) -> bool:
        refused = any(doing.what == "receiver" and "wrong" in doing.arguments for doing in self._script.doings)
        lunch = any(one.mute_time_intervals for one in self._script.setting.route.walk())
        return refused or lunch or self._script.setting.inhibits

    def _is_inhibited(self, alert: Labels, firing: Iterable[Alert]) -> bool:
        source = any(one.name == "ClusterDown" for one in firing)
        return self._script.setting.inhibits and alert["alertname"] == "JobDown" and source

    def _may_wait(self, who: Who, now: datetime) -> bool:
        """Whether a cooldown may still hold this back."""
        cooling = self._cooling.get((who[0], who[1].without("severity")))
        if cooling is None or rank(who[1].get("severity", "")) > cooling.severity:
            return False
        return now < cooling.until or self._script.has("clock")

    def _equal(self, promise: str, found: object, wanted: object) -> None:
        if found != wanted:
            raise BrokenPromise(f"{promise}: {found} is not {wanted}")


def same(before: Mapping[str, object], after: Mapping[str, object]) -> None:
    """The state after a restart is what it was."""
    for name, value in before.items():
        if after[name] != value:
            raise BrokenPromise(f"a restart changes nothing: {name} were {value}, and are {after[name]}")


def _audience(root: Route, firing: Iterable[Alert]) -> Iterable[Who]:
    for alert in firing:
        for route in routes_of(root, alert):
            for integration in INTEGRATIONS[route.receiver]:
                yield integration.id, alert.labels


def _line(message: Notification) -> str:
    alerts = ", ".join(f"{alert.status} {dict(alert.labels)} since {alert.starts_at:%T}" for alert in message.alerts)
    return f"{message.at:%T} {message.integration} ({message.reason}) {alerts}"
