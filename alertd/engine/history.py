"""The recorder: turns events into rows of history, which wait in its backlog so that no decision waits for them."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from alertd.core import durations
from alertd.core.alerts import Alert
from alertd.core.delivery import Delivery, Retry, Sent, Status
from alertd.core.history import (
    ITSELF,
    Limits,
    What,
    of_alert,
    of_datasource,
    of_group,
    of_rule,
    of_silence,
)
from alertd.core.quiet import Hush, Why, hushed
from alertd.engine.backlog import Backlog, Facts
from alertd.events import (
    AlertChanged,
    AlertGrouped,
    AlertMuted,
    Considered,
    DatasourceAnswered,
    DeliveryTried,
    Event,
    GroupFlushed,
    Reloaded,
    Restored,
    RuleEvaluated,
    RulesEvaluated,
    SilenceChanged,
)
from alertd.ports import Clock, History, Selective

_LONGEST = 300  # characters of a text
_CHANGES = 20  # of a reload
_NUMBER = re.compile(r"\d+")
_HELD = ("no data", "skipped: ")  # how remarks begin that hold the alerts of a rule

Line = tuple[str, str]  # group, integration


class Recorder(Selective):
    """A Listener that remembers; its `backlog` writes."""

    def __init__(self, store: History, clock: Clock, limits: Callable[[], Limits] = Limits) -> None:
        self._clock, self.backlog = clock, Backlog(store, clock, limits)
        self._failing: dict[str, str] = {}  # by the rule's key
        self._down: dict[str, str] = {}
        self._quiet: dict[Line, Mapping[str, Hush]] = {}
        self._closed: dict[Line, set[str]] = {}  # alerts whose end was just told
        self._answers: dict[str, tuple[str, str]] = {}  # of deliveries under way, by id
        self.actions: Mapping[type[Event], Callable[[Any], None]] = {
            RulesEvaluated: self._rules_evaluated,
            DatasourceAnswered: self._datasource_answered,
            AlertChanged: self._alert_changed,
            AlertGrouped: self._alert_grouped,
            AlertMuted: self._alert_muted,
            GroupFlushed: self._group_flushed,
            DeliveryTried: self._delivery_tried,
            SilenceChanged: self._silence_changed,
            Restored: self._restored,
            Reloaded: self._reloaded,
        }

    # Rules and datasources: only when it is not as it was.

    def _rules_evaluated(self, event: RulesEvaluated) -> None:
        if self._failing or event.is_troubled:
            for one in event.each():
                self._rule_evaluated(one, event.at)

    def _rule_evaluated(self, event: RuleEvaluated, at: datetime) -> None:
        rule, before = event.rule, self._failing.get(event.rule.key, "")
        problem = event.error or "; ".join(text for text in event.warnings if text.startswith(_HELD))
        if not problem and not before:
            return
        if event.blind and self._down:  # one trouble, not one for each rule
            return
        gist = _NUMBER.sub("#", problem)
        if gist == before:
            return
        if gist:
            self._failing[rule.key] = gist
        else:
            del self._failing[rule.key]
        self.backlog.add(at, of_rule(rule.key), What.RULE, error=problem[:_LONGEST], kind=_trouble(event))

    def _datasource_answered(self, event: DatasourceAnswered) -> None:
        if bool(event.error) == (event.datasource in self._down):
            return
        if event.error:
            self._down[event.datasource] = event.error
        else:
            del self._down[event.datasource]
        self.backlog.add(self._clock.now(), of_datasource(event.datasource), What.ANSWERS, error=event.error[:_LONGEST])

    # Alerts.

    def _alert_changed(self, event: AlertChanged) -> None:
        alert = event.transition.after or event.transition.before
        if alert is None:
            return
        state, more = _state(event), _more(alert)
        self.backlog.add_change(event.at, alert, (state, *more.items()), lambda: {"state": state, **more})

    def _alert_grouped(self, event: AlertGrouped) -> None:
        key = event.group, event.route.receiver, event.due_at, event.alert.resolved
        self.backlog.add_alike(event.at, event.alert.labels, What.GROUPED, key, lambda: _grouped(event))

    def _alert_muted(self, event: AlertMuted) -> None:
        verdict = event.verdict
        self.backlog.add(
            event.at,
            of_alert(event.labels),
            What.MUTED,
            group=event.group,
            silenced=verdict.silenced_by,
            inhibited=[{"labels": dict(one.source), "rule": one.rule} for one in verdict.inhibited_by],
            muted=verdict.muted_by,
            outside=verdict.outside,
            **({"flaps": verdict.flapping} if verdict.flapping else {}),
        )

    # Messages.

    def _group_flushed(self, event: GroupFlushed) -> None:
        made = event.considered
        if made is None:
            return
        line = event.group, event.verdict.integration
        if made.delivery is not None:
            self._withdraw(made.before.waiting, made.delivery, event.at)
        if made.delivery is not None and _speaks(made.delivery):
            self._message(made.delivery)
        alerts = [one for one in made.alerts if one.resolved] if _speaks(made.delivery) else made.alerts
        if alerts or line in self._closed or line in self._quiet:
            quiet = hushed(alerts, made.before, made.after, made.route, event.at)
            self._hush(line, self._unknown(line, quiet, made), event.at, made.delivery)
        if event.last:
            self._closed.pop(line, None)

    def _withdraw(self, waiting: Delivery | None, delivery: Delivery, at: datetime) -> None:
        if waiting is None:
            return
        self._answers.pop(waiting.id, None)
        facts = {"integration": waiting.integration, "id": waiting.id, "for": delivery.notification is not None}
        self.backlog.add(at, of_group(waiting.group), What.WITHDRAWN, **facts)

    def _message(self, delivery: Delivery) -> None:
        notification = delivery.notification
        assert notification is not None
        self._answers[delivery.id] = ("", "")
        self.backlog.add(
            delivery.at,
            of_group(delivery.group),
            What.MESSAGE,
            id=delivery.id,
            integration=delivery.integration,
            reason=str(notification.reason),
            firing=[alert.labels.key for alert in notification.firing],
            closing=[alert.labels.key for alert in notification.resolved],
            belated=notification.belated,
            because="; ".join(sorted({one.because for one in notification.resolved if one.because}))[:_LONGEST],
        )

    def _unknown(self, line: Line, quiet: Mapping[str, Hush], made: Considered) -> Mapping[str, Hush]:
        """Without the ends that were told just now: nobody knows of those alerts any more, and they are about to go."""
        closed = self._closed.get(line, set())
        told = made.delivery.notification if made.delivery else None
        new = {one.labels.key for one in told.resolved} if told else set()
        new |= {key for key, reason in quiet.items() if reason.why is Why.UNCLOSED}
        left = (closed | new) & {alert.labels.key for alert in made.alerts if alert.resolved}
        if left:
            self._closed[line] = left
        else:
            self._closed.pop(line, None)
        return {key: one for key, one in quiet.items() if one.why is not Why.UNHEARD or key not in closed}

    def _hush(self, line: Line, quiet: Mapping[str, Hush], at: datetime, delivery: Delivery | None) -> None:
        """Write what is new of it; that something waits for the message of this very flush is none."""
        before = self._quiet.get(line, {})
        spoken = _speaks(delivery)
        news: dict[Hush, list[str]] = {}
        for key, reason in quiet.items():
            if before.get(key) != reason and not (spoken and reason.why is Why.WAITING):
                news.setdefault(reason, []).append(key)
        for reason, keys in news.items():
            facts = {"integration": line[1], "why": str(reason.why), "until": _instant(reason.until)}
            self.backlog.add(at, of_group(line[0]), What.QUIET, **facts, alerts=keys)
        lasting = {key: reason for key, reason in quiet.items() if reason.until is not None}
        if lasting:
            self._quiet[line] = lasting
        else:
            self._quiet.pop(line, None)

    def _delivery_tried(self, event: DeliveryTried) -> None:
        delivery, outcome = event.delivery, event.outcome
        if delivery.id not in self._answers and delivery.notification is not None:
            self._message(delivery)  # of before a restart, or the last word of a group that is no more
        kind = _kind(event)
        answer = outcome.said if isinstance(outcome, Sent) else outcome.error
        gist = (kind, _NUMBER.sub("#", answer))
        if gist == self._answers.get(delivery.id):
            return
        if kind == "retry":
            self._answers[delivery.id] = gist
        else:
            self._answers.pop(delivery.id, None)
        self.backlog.add(
            self._clock.now(),
            of_group(delivery.group),
            What.TRIED,
            id=delivery.id,
            integration=delivery.integration,
            outcome=kind,
            attempts=delivery.attempts,
            answer=answer[:_LONGEST],
            again=_instant(outcome.at) if isinstance(outcome, Retry) else None,
        )

    # People, and alertd itself.

    def _silence_changed(self, event: SilenceChanged) -> None:
        one = event.silence
        self.backlog.add(
            event.at,
            of_silence(one.id),
            What.SILENCE,
            state=str(event.state),
            by=one.created_by[:_LONGEST],
            comment=one.comment[:_LONGEST],
            starts=_instant(one.starts_at),
            ends=_instant(one.ends_at),
        )

    def _restored(self, event: Restored) -> None:
        self.backlog.add(event.at, ITSELF, What.STARTED, alive=_instant(event.alive_at), alerts=len(event.alerts))

    def _reloaded(self, event: Reloaded) -> None:
        changes = [str(change) for change in event.changes[:_CHANGES]]
        self.backlog.add(
            event.at, ITSELF, What.RELOADED, error=event.error[:_LONGEST], rules=event.rules, changes=changes
        )
        self._quiet.clear()  # of groups that may be no more
        self._closed.clear()


def _grouped(event: AlertGrouped) -> Facts:
    return {
        "group": event.group,
        "labels": event.labels,
        "route": event.route.key,
        "receiver": event.route.receiver,
        "due": _instant(event.due_at),
        "ended": event.alert.resolved,
    }


def _state(event: AlertChanged) -> str:
    before, after = event.transition.before, event.transition.after
    if after is None:
        return "gone"
    if before is None or before.state is not after.state:
        return str(after.state)
    return "kept" if after.missing_since else "back"


def _more(alert: Alert) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if alert.cooldown:
        more["cooldown"] = durations.format(alert.cooldown)
    if alert.because:
        more["because"] = alert.because[:_LONGEST]
    if alert.posted:
        more["posted"] = True
    return more


def _trouble(event: RuleEvaluated) -> str:
    """`failed`: there was no answer to judge."""
    if not event.error:
        return "remark"
    return "trouble" if event.samples else "failed"


def _speaks(delivery: Delivery | None) -> bool:
    return delivery is not None and delivery.notification is not None


def _kind(event: DeliveryTried) -> str:
    if isinstance(event.outcome, Sent):
        return "sent"
    if event.delivery.status is Status.SUPERSEDED:
        return "superseded"
    return "retry" if isinstance(event.outcome, Retry) else "dead"


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
