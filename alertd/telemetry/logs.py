"""What alertd says about itself while it runs: one line an event, and a lasting problem once, not at every tick."""

import logging
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from logging import DEBUG, ERROR, INFO, WARNING
from typing import Any, Literal, TextIO

from alertd.core.delivery import Dead, Retry, Sent
from alertd.events import (
    AlertChanged,
    AlertMuted,
    Beat,
    DatasourceAnswered,
    DeliveryTried,
    Event,
    GroupEvaluated,
    GroupFlushed,
    Printed,
    Reloaded,
    RuleEvaluated,
    Served,
    SilenceChanged,
    Trouble,
)
from alertd.telemetry.formats import ConsoleFormat, JsonFormat

_QUIET = ("httpx", "httpcore", "apscheduler", "uvicorn")  # they tell what alertd tells better
_NUMBER = re.compile(r"\d+")
_MOST_CHANGES = 50  # of one reload that have a line each
_MOST_ALERTS = 100  # of one rule and instant that do


def set_up(
    form: Literal["json", "console"],
    level: str = "info",
    stream: TextIO | None = None,
    here: Callable[[], str] = str,
) -> None:
    """Send all logging to this stream (standard error), and nowhere else; `here`: see JsonFormat."""
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormat(here) if form == "json" else ConsoleFormat(colours=stream.isatty()))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.captureWarnings(True)  # noqa: FBT003 - the standard library's signature
    for name in _QUIET:
        logging.getLogger(name).setLevel(WARNING)


class Logs:
    """A Listener that writes. It remembers who is in trouble, and how, so that it can say what is new."""

    def __init__(self) -> None:
        self._log = logging.getLogger("alertd")
        self._problems: dict[tuple[str, str], str] = {}
        self._changed: Counter[tuple[str, datetime]] = Counter()  # alerts by rule and instant, of the last evaluations
        self._actions: Mapping[type, Callable[[Any], None]] = {
            RuleEvaluated: self._rule_evaluated,
            GroupEvaluated: self._group_evaluated,
            DatasourceAnswered: self._datasource_answered,
            AlertChanged: self._alert_changed,
            GroupFlushed: self._group_flushed,
            AlertMuted: self._alert_muted,
            SilenceChanged: self._silence_changed,
            DeliveryTried: self._delivery_tried,
            Reloaded: self._reloaded,
            Printed: self._printed,
            Beat: self._beat,
            Served: self._served,
            Trouble: self._trouble,
        }

    def notice(self, event: Event) -> None:
        """Write its line."""
        action = self._actions.get(type(event))
        if action:
            action(event)

    def _write(self, level: int, message: str, **fields: object) -> None:
        if self._log.isEnabledFor(level):
            self._log.log(level, message, extra={"fields": fields})

    def _news(self, kind: str, name: str, problem: str) -> bool:
        """Remember the problem ("" if there is none); True if it is another one than before, numbers aside."""
        key, gist = (kind, name), _NUMBER.sub("#", problem)
        if gist == self._problems.get(key, ""):
            return False
        if gist:
            self._problems[key] = gist
        else:
            del self._problems[key]
        return True

    def _rule_evaluated(self, event: RuleEvaluated) -> None:
        if not event.error and not event.warnings and not self._problems:
            self._quiet_rule(event)
            return
        rule, name = event.rule, event.rule.key
        place = {"rule": rule.name, "group": rule.group, "file": rule.file}
        if self._news("remark", name, " ".join(event.warnings)) and event.warnings:
            self._write(WARNING, "the datasource remarks on a rule", **place, remarks="; ".join(event.warnings))
        news = self._news("rule", name, event.error)
        if not news:
            self._quiet_rule(event)
        elif event.error:
            # A datasource that is down is one problem, not one for each of its rules.
            known = ("datasource", rule.datasource) in self._problems
            self._write(DEBUG if known else WARNING, "rule failed", **place, error=event.error)
        else:
            self._write(INFO, "rule evaluates again", **place)

    def _quiet_rule(self, event: RuleEvaluated) -> None:
        self._write(
            DEBUG,
            "rule evaluated",
            rule=event.rule.name,
            group=event.rule.group,
            samples=event.samples,
            seconds=event.seconds,
            error=event.error,
        )

    def _group_evaluated(self, event: GroupEvaluated) -> None:
        level, text = (WARNING, "evaluations missed") if event.missed else (DEBUG, "group evaluated")
        self._tell_more()
        group = event.group
        self._write(
            level, text, group=group.name, file=group.file, at=event.at, missed=event.missed, seconds=event.seconds
        )

    def _datasource_answered(self, event: DatasourceAnswered) -> None:
        name, error = event.datasource, event.error
        if not self._news("datasource", name, error):
            self._write(DEBUG, "datasource asked", datasource=name, queries=event.queries, error=error)
        elif error:
            self._write(WARNING, "datasource does not answer", datasource=name, error=error)
        else:
            self._write(INFO, "datasource answers again", datasource=name)

    def _alert_changed(self, event: AlertChanged) -> None:
        before, after = event.transition.before, event.transition.after
        alert = after or before
        if alert is None or not self._log.isEnabledFor(INFO):
            return
        self._changed[alert.name, event.at] += 1
        if self._changed[alert.name, event.at] > _MOST_ALERTS:
            return
        state = after.state if after else "inactive"
        self._write(INFO, f"alert {state}", alert=alert.name, labels=alert.labels, at=event.at, because=alert.because)

    def _tell_more(self) -> None:
        """How many alerts have changed besides those with a line."""
        changed, self._changed = self._changed, Counter()
        for (name, at), count in changed.items():
            if count > _MOST_ALERTS:
                self._write(INFO, "more alerts changed", alert=name, at=at, more=count - _MOST_ALERTS)

    def _group_flushed(self, event: GroupFlushed) -> None:
        verdict = event.verdict
        self._write(
            INFO if verdict.reason else DEBUG,
            f"to tell: {verdict.reason}" if verdict.reason else "nothing to tell",
            integration=verdict.integration,
            group=event.group,
            firing=verdict.firing,
            resolved=verdict.resolved,
            muted=verdict.muted,
        )

    def _alert_muted(self, event: AlertMuted) -> None:
        if not self._log.isEnabledFor(INFO):
            return
        message, name = "alert muted" if event.verdict else "alert audible again", event.labels.get("alertname", "")
        self._write(INFO, message, alert=name, labels=event.labels, group=event.group, why=str(event.verdict))

    def _silence_changed(self, event: SilenceChanged) -> None:
        one, matchers = event.silence, ", ".join(map(str, event.silence.matchers))
        times = {"starts_at": one.starts_at, "ends_at": one.ends_at}
        people = {"created_by": one.created_by, "comment": one.comment}
        self._write(INFO, f"silence {event.state}", silence=one.id, matchers=matchers, **times, **people)

    def _delivery_tried(self, event: DeliveryTried) -> None:
        one, outcome = event.delivery, event.outcome
        place = {"integration": one.integration, "group": one.group, "delivery": one.id}
        news = self._news("integration", one.integration, "" if isinstance(outcome, Sent) else outcome.error)
        match outcome:
            case Sent(_, said):
                self._write(INFO, "told", **place, said=said, attempts=one.attempts, seconds=event.seconds)
            case Retry(at, error):
                self._write(WARNING if news else DEBUG, "not told yet", **place, error=error, again_at=at)
            case Dead(_, error):
                self._write(ERROR, "given up", **place, error=error, attempts=one.attempts)

    def _reloaded(self, event: Reloaded) -> None:
        for change in event.changes[:_MOST_CHANGES]:
            self._write(INFO, "rule changed", change=str(change))
        if event.error:
            self._write(ERROR, "reload failed, the last good version is kept", rules=event.rules, error=event.error)
            return
        self._problems.clear()  # of what may be no more; what lasts is told again
        self._write(INFO, "configuration loaded", rules=event.rules, changes=len(event.changes))

    def _printed(self, event: Printed) -> None:
        rule = event.rule.name if event.rule else ""
        self._write(INFO, "a condition wrote", rule=rule, file=event.path, stream=event.stream, text=event.text)

    def _beat(self, event: Beat) -> None:
        problem = "; ".join(event.ailments) or event.error
        if not self._news("heartbeat", "", problem):
            return
        what = "no heartbeat is sent" if event.ailments else "the heartbeat failed"
        self._write(WARNING if problem else INFO, what if problem else "the heartbeat goes on", why=problem)

    def _served(self, event: Served) -> None:
        self._write(
            DEBUG,
            "request answered",
            method=event.method,
            route=event.route,
            status=event.status,
            seconds=event.seconds,
        )

    def _trouble(self, event: Trouble) -> None:
        self._write(ERROR, event.where, error=event.error)
