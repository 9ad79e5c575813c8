"""What alertd says about itself while it runs: one line an event, and a lasting problem once, not at every tick."""

import logging
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from logging import DEBUG
from typing import Any

from alertd.core.delivery import Dead, Retry, Sent
from alertd.events import (
    AlertChanged,
    AlertMuted,
    Beat,
    Called,
    DatasourceAnswered,
    DeliveryTried,
    Event,
    FilesMissing,
    GroupEvaluated,
    GroupFlushed,
    HealthTold,
    Kind,
    MetricsExported,
    Printed,
    Reloaded,
    RuleEvaluated,
    RulesEvaluated,
    SamplesWritten,
    Served,
    SilenceChanged,
    Trouble,
)
from alertd.ports import Selective
from alertd.telemetry import facts
from alertd.telemetry.crowds import Crowds
from alertd.telemetry.facts import Fact

_NUMBER = re.compile(r"\d+")
_MOST_CHANGES = 50  # of one reload that have a line each
_MOST_ALERTS = 100  # of one rule and instant that do
_TROUBLES = {
    Kind.STATE: facts.STATE_FAILED,
    Kind.DAMAGE: facts.STATE_DAMAGED,
    Kind.CLOCK: facts.CLOCK_JUMPED,
    Kind.WEB: facts.WEB_SETTINGS_KEPT,
    Kind.BUG: facts.BUG,
}


class Logs(Selective):
    """A Listener that writes. It remembers who is in trouble, and how, so that it can say what is new."""

    def __init__(self) -> None:
        self._loggers = {fact.logger: logging.getLogger(fact.logger) for fact in facts.FACTS.values()}
        self._problems: dict[tuple[str, str], str] = {}
        self._changed: Counter[tuple[str, datetime]] = Counter()  # alerts by rule and instant, of the last evaluations
        self._messages = Crowds[tuple[Fact, str]]()  # with the integration
        self._reloads = 0
        self.actions: Mapping[type[Event], Callable[[Any], None]] = {
            RulesEvaluated: self._rules_evaluated,
            GroupEvaluated: self._group_evaluated,
            DatasourceAnswered: self._datasource_answered,
            AlertChanged: self._alert_changed,
            GroupFlushed: self._group_flushed,
            AlertMuted: self._alert_muted,
            SilenceChanged: self._silence_changed,
            DeliveryTried: self._delivery_tried,
            Reloaded: self._reloaded,
            FilesMissing: self._files_missing,
            Printed: self._printed,
            Beat: self._beat,
            SamplesWritten: self._samples_written,
            MetricsExported: self._metrics_exported,
            Served: self._served,
            Called: self._called,
            HealthTold: self._health_told,
            Trouble: self._trouble,
        }

    def _writes(self, fact: Fact) -> bool:
        return self._loggers[fact.logger].isEnabledFor(fact.level)

    def _write(self, fact: Fact, rest: str = "", /, **fields: object) -> None:
        """A line; `rest` ends its message. Nobody asks from where in the code it comes."""
        log = self._loggers[fact.logger]
        if log.isEnabledFor(fact.level):
            extra = {"event": fact.event, "subject": self._subject(fact, fields), "fields": fields}
            log.handle(log.makeRecord(log.name, fact.level, "", 0, fact.message + rest, (), None, extra=extra))

    def _subject(self, fact: Fact, fields: Mapping[str, object]) -> tuple[object, ...] | None:
        if fact.subject is None:
            return None
        return (self._reloads, fact.message, *(str(fields.get(name)) for name in fact.subject))

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

    def _rules_evaluated(self, event: RulesEvaluated) -> None:
        if self._problems or event.is_troubled or self._writes(facts.RULE_EVALUATED):
            for one in event.each():
                self._rule_evaluated(one, event.seconds)

    def _rule_evaluated(self, event: RuleEvaluated, seconds: float) -> None:
        rule, name = event.rule, event.rule.key
        place = {"rule": rule.name, "group": rule.group, "file": rule.file}
        if self._news("remark", name, " ".join(event.warnings)) and event.warnings:
            self._write(facts.RULE_REMARKED, **place, remarks="; ".join(event.warnings))
        news = self._news("rule", name, event.error)
        if not news:
            self._quiet_rule(event, seconds)
        elif event.error:
            # A datasource that is down is one problem, not one for each of its rules.
            known = ("datasource", rule.datasource) in self._problems
            fact = replace(facts.RULE_FAILED, level=DEBUG) if known else facts.RULE_FAILED
            self._write(fact, **place, error=event.error)
        else:
            self._write(facts.RULE_RECOVERED, **place)

    def _quiet_rule(self, event: RuleEvaluated, seconds: float) -> None:
        self._write(
            facts.RULE_EVALUATED,
            rule=event.rule.name,
            group=event.rule.group,
            samples=event.samples,
            seconds=seconds,
            error=event.error,
        )

    def _group_evaluated(self, event: GroupEvaluated) -> None:
        fact, group = facts.EVALUATIONS_MISSED if event.missed else facts.GROUP_EVALUATED, event.group
        self._tell_more()
        self._tell_more_messages(event.at + event.late + timedelta(seconds=event.seconds))
        self._write(fact, group=group.name, file=group.file, at=event.at, missed=event.missed, seconds=event.seconds)

    def _datasource_answered(self, event: DatasourceAnswered) -> None:
        name, error = event.datasource, event.error
        if not self._news("datasource", name, error):
            self._write(facts.DATASOURCE_ASKED, datasource=name, queries=event.queries, error=error)
        elif error:
            self._write(facts.DATASOURCE_FAILED, datasource=name, error=error)
        else:
            self._write(facts.DATASOURCE_RECOVERED, datasource=name)

    def _alert_changed(self, event: AlertChanged) -> None:
        before, after = event.transition.before, event.transition.after
        alert = after or before
        fact = facts.FACTS[f"alert_{after.state}"] if after else facts.ALERT_INACTIVE
        if alert is None or not self._writes(fact):
            return
        self._changed[alert.name, event.at] += 1
        if self._changed[alert.name, event.at] > _MOST_ALERTS:
            return
        self._write(fact, alert=alert.name, labels=alert.labels, at=event.at, because=alert.because)

    def _tell_more(self) -> None:
        """How many alerts have changed besides those with a line."""
        changed, self._changed = self._changed, Counter()
        for (name, at), count in changed.items():
            if count > _MOST_ALERTS:
                self._write(facts.MORE_ALERTS_CHANGED, alert=name, at=at, more=count - _MOST_ALERTS)

    def _tell_more_messages(self, at: datetime) -> None:
        """The same of messages."""
        for (fact, integration), more in self._messages.over(at):
            self._write(fact, integration=integration, more=more)

    def _lets_message(self, fact: Fact, integration: str, at: datetime) -> bool:
        """Whether a message has a line; of very many only the first hundred do."""
        self._tell_more_messages(at)
        return self._messages.lets((fact, integration))

    def _group_flushed(self, event: GroupFlushed) -> None:
        verdict = event.verdict
        if verdict.reason and not self._lets_message(facts.MORE_MESSAGES_DECIDED, verdict.integration, event.at):
            return
        self._write(
            facts.MESSAGE_DECIDED if verdict.reason else facts.NOTHING_TO_TELL,
            f": {verdict.reason}" if verdict.reason else "",
            reason=verdict.reason,
            integration=verdict.integration,
            group=event.group,
            firing=verdict.firing,
            resolved=verdict.resolved,
            muted=verdict.muted,
        )

    def _alert_muted(self, event: AlertMuted) -> None:
        fact = facts.ALERT_MUTED if event.verdict else facts.ALERT_AUDIBLE
        if not self._writes(fact):
            return
        name = event.labels.get("alertname", "")
        self._write(fact, alert=name, labels=event.labels, group=event.group, why=str(event.verdict))

    def _silence_changed(self, event: SilenceChanged) -> None:
        one, matchers = event.silence, ", ".join(map(str, event.silence.matchers))
        times = {"starts_at": one.starts_at, "ends_at": one.ends_at}
        people = {"created_by": one.created_by, "comment": one.comment}
        self._write(facts.FACTS[f"silence_{event.state}"], silence=one.id, matchers=matchers, **times, **people)

    def _delivery_tried(self, event: DeliveryTried) -> None:
        one, outcome = event.delivery, event.outcome
        place = {"integration": one.integration, "group": one.group, "delivery": one.id}
        news = self._news("integration", one.integration, "" if isinstance(outcome, Sent) else outcome.error)
        match outcome:
            case Sent(at, said) if self._lets_message(facts.MORE_MESSAGES_ACCEPTED, one.integration, at):
                self._write(facts.MESSAGE_ACCEPTED, **place, said=said, attempts=one.attempts, seconds=event.seconds)
            case Retry(at, error):
                fact = facts.MESSAGE_DELAYED if news else replace(facts.MESSAGE_DELAYED, level=DEBUG)
                self._write(fact, **place, error=error, again_at=at)
            case Dead(_, error):
                self._write(facts.MESSAGE_GIVEN_UP, **place, error=error, attempts=one.attempts)

    def _reloaded(self, event: Reloaded) -> None:
        for change in event.changes[:_MOST_CHANGES]:
            self._write(facts.RULE_CHANGED, change=str(change))
        if event.error:
            self._write(facts.RELOAD_FAILED, rules=event.rules, error=event.error)
            return
        self._reloads += 1
        self._problems.clear()  # of what may be no more; what lasts is told again
        self._write(facts.CONFIGURATION_LOADED, rules=event.rules, changes=len(event.changes))

    def _files_missing(self, event: FilesMissing) -> None:
        self._write(facts.RULE_FILES_MISSING, pattern=event.pattern, hint=event.hint)

    def _printed(self, event: Printed) -> None:
        rule = event.rule.name if event.rule else ""
        self._write(facts.CONDITION_WROTE, rule=rule, file=event.path, stream=event.stream, text=event.text)

    def _beat(self, event: Beat) -> None:
        problem = "; ".join(event.ailments) or event.error
        if not self._news("heartbeat", "", problem):
            return
        failed = facts.HEARTBEAT_WITHHELD if event.ailments else facts.HEARTBEAT_FAILED
        self._write(failed if problem else facts.HEARTBEAT_RECOVERED, why=problem)

    def _samples_written(self, event: SamplesWritten) -> None:
        if self._news("remote write", "", event.error):
            fact = facts.SAMPLES_HELD_UP if event.error else facts.SAMPLES_RECOVERED
            self._write(fact, result=event.result, why=event.error)

    def _metrics_exported(self, event: MetricsExported) -> None:
        if self._news("metrics", "", event.error):
            fact = facts.METRICS_HELD_UP if event.error else facts.METRICS_RECOVERED
            self._write(fact, why=event.error)
        remark = event.remark or ("it does not say why" if event.rejected else "")
        if not event.error and self._news("metrics remark", "", remark) and remark:
            self._write(facts.METRICS_REMARKED, rejected=event.rejected, why=remark)

    def _served(self, event: Served) -> None:
        self._write(
            facts.REQUEST_ANSWERED,
            method=event.method,
            route=event.route,
            status=event.status,
            seconds=event.seconds,
        )

    def _called(self, event: Called) -> None:
        self._write(facts.CALL_ANSWERED, method=event.method, code=event.code, seconds=event.seconds)

    def _health_told(self, event: HealthTold) -> None:
        fact = facts.HEALTH_LOST if event.ailments else facts.HEALTH_FOUND
        self._write(fact, why="; ".join(event.ailments))

    def _trouble(self, event: Trouble) -> None:
        self._write(replace(_TROUBLES[event.kind], message=event.where), error=event.error)
