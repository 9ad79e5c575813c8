"""The life of an alert: the whole state machine, and the only place where a state changes.

             condition true                  true for `for`                 condition false
(no alert) ─────────────────▶ PENDING ─────────────────────▶ FIRING ─────────────────────────▶ RESOLVED
    ▲          `for` is 0: at once, never seen pending        │   ▲  for longer than             (handed over,
    │                            │                            │   │  `keep_firing_for`            told, forgotten)
    └────── condition false ─────┘                            └───┘
             (nobody is told)                       condition false: `missing_since` is set;
                                                    true again: it is cleared
A failed query changes nothing (hold), unless the rule says `on_error: fire` or `resolve`. So does an expression of a
rule with `when` that returned series before and returns none now (`on_no_data`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alertd.core.alerts import Alert, State, Transition
from alertd.core.instantiate import Instance
from alertd.core.labels import Labels
from alertd.core.rules import OnTrouble, Rule
from alertd.core.samples import is_same

Alerts = Mapping[Labels, Alert]

_BLINK = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Advance:
    """What an evaluation made of a rule's alerts: those alive now, the changes of state, and what was wrong."""

    alerts: Alerts
    transitions: tuple[Transition, ...] = ()
    error: str = ""


def advance(
    rule: Rule,
    before: Alerts,
    instances: Sequence[Instance],
    now: datetime,
    limit: int = 0,
    held: Collection[Labels] = (),
) -> Advance:
    """The alerts of a rule after an evaluation that worked; those `held` stay as they are.

    More than `limit` alerts (0: no limit): those it has live on, new ones are not let in, and the error says so.
    """
    here = {instance.labels: instance for instance in instances}
    after = [alert if labels in held else _next(rule, alert, here.get(labels), now) for labels, alert in before.items()]
    changed = [pair for pair in zip(before.values(), after, strict=True) if pair[0] is not pair[1]]
    fresh = [instance for labels, instance in here.items() if labels not in before]
    alive = _alive(after) if changed else before
    if limit and len(alive) + len(fresh) > limit:
        error = f"limit of {limit} alerts exceeded by {len(alive) + len(fresh)}; new alerts are not let in"
        return Advance(alive, _moves(changed), error)
    begun = [_begin(rule, instance, now) for instance in fresh]
    alive = _alive((*alive.values(), *begun)) if begun else alive
    return Advance(alive, _moves((*changed, *((None, alert) for alert in begun))))


def _alive(alerts: Iterable[Alert | None]) -> Alerts:
    return {alert.labels: alert for alert in alerts if alert and not alert.resolved}


def failed(rule: Rule, before: Alerts, stand_in: Sequence[Instance], now: datetime) -> Advance:
    """The alerts of a rule whose query failed, as its `on_error` says.

    `fire` lets `stand_in`, an instance that carries the rule's own labels, go through the machine and holds the others.
    """
    return _troubled(rule.on_error, rule, before, stand_in, now)


def without_data(rule: Rule, before: Alerts, stand_in: Sequence[Instance], now: datetime) -> Advance:
    """The alerts of a rule whose expression returns nothing any more, as its `on_no_data` says; see `failed`."""
    return _troubled(rule.on_no_data, rule, before, stand_in, now)


def _troubled(reaction: OnTrouble, rule: Rule, before: Alerts, stand_in: Sequence[Instance], now: datetime) -> Advance:
    if reaction is OnTrouble.RESOLVE:
        return advance(rule, before, (), now)
    if reaction is OnTrouble.HOLD:
        return Advance(before)
    own = {one.labels: before[one.labels] for one in stand_in if one.labels in before}
    step = advance(rule, own, stand_in, now)
    return replace(step, alerts={**before, **step.alerts})


def ended(alerts: Iterable[Alert], because: str, now: datetime) -> tuple[Transition, ...]:
    """The end of alerts whose rule is no more: firing ones resolve and say why, pending ones vanish."""
    return _moves((alert, _resolve(alert, now, because) if alert.firing else None) for alert in alerts)


def resumed(alert: Alert, downtime: timedelta, tolerance: timedelta, now: datetime) -> Alert:
    """An alert after a restart: pending time goes on where it was, or begins anew after a long downtime.

    A downtime of up to a minute counts as no downtime, so that a quick restart delays nobody's alert.
    """
    if alert.state is not State.PENDING or downtime <= _BLINK:
        return alert
    if downtime > tolerance:
        return replace(alert, active_at=now)
    return replace(alert, active_at=min(now, alert.active_at + downtime))


def _begin(rule: Rule, instance: Instance, now: datetime) -> Alert:
    at_once = not rule.for_
    return Alert(
        rule=rule.key,
        labels=instance.labels,
        state=State.FIRING if at_once else State.PENDING,
        active_at=now,
        fired_at=now if at_once else None,
        annotations=instance.annotations,
        value=instance.value,
        generator_url=rule.source_url,
        cooldown=rule.cooldown,
        notify=rule.notify,
    )


def _next(rule: Rule, alert: Alert, instance: Instance | None, now: datetime) -> Alert | None:
    if instance is None:
        return _missing(rule, alert, now)
    if _is_as_it_was(rule, alert, instance):
        return _fire_when_due(rule, alert, now)
    refreshed = replace(
        alert,
        annotations=instance.annotations,
        value=instance.value,
        missing_since=None,
        generator_url=rule.source_url,
        cooldown=rule.cooldown,
        notify=rule.notify,
    )
    return _fire_when_due(rule, refreshed, now)


def _is_as_it_was(rule: Rule, alert: Alert, instance: Instance) -> bool:
    """Most are, most of the time; then nothing is made anew."""
    return (
        alert.missing_since is None
        and is_same(alert.value, instance.value)
        and (alert.annotations is instance.annotations or alert.annotations == instance.annotations)
        and (alert.generator_url, alert.cooldown, alert.notify) == (rule.source_url, rule.cooldown, rule.notify)
    )


def _fire_when_due(rule: Rule, alert: Alert, now: datetime) -> Alert:
    if alert.state is not State.PENDING:
        return alert
    since = _by(alert.active_at, now)
    if now - since >= rule.for_:
        return replace(alert, active_at=since, state=State.FIRING, fired_at=now)
    return alert if since is alert.active_at else replace(alert, active_at=since)


def _missing(rule: Rule, alert: Alert, now: datetime) -> Alert | None:
    if alert.state is State.PENDING:
        return None
    since = _by(alert.missing_since or now, now)
    if now - since < rule.keep_firing_for:
        return replace(alert, missing_since=since)
    return _resolve(alert, now)


def _by(instant: datetime, now: datetime) -> datetime:
    """This instant, or now if it lies ahead, because the clock was set back."""
    return min(instant, now)


def _resolve(alert: Alert, now: datetime, because: str = "") -> Alert:
    return replace(alert, state=State.RESOLVED, resolved_at=now, because=because)


def _moves(pairs: Iterable[tuple[Alert | None, Alert | None]]) -> tuple[Transition, ...]:
    transitions = (Transition(before, after) for before, after in pairs)
    return tuple(transition for transition in transitions if transition.moved)
