"""What caused what: alerts and deliveries carry the name of their cause, which means something only to who watches.

    evaluation, or posting ── changes ──▶ alert ── makes a group due ──▶ flush ── decides ──▶ delivery

A cause is "" where nobody watches; then everything stays as it is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alertd.core.alerts import Alert, Transition
from alertd.core.flush import Flush
from alertd.core.lifecycle import Advance
from alertd.core.posted import is_news

_LEEWAY = timedelta(minutes=1)  # an alert changes at the instant of its evaluation, and is heard of later


def caused(step: Advance, cause: str) -> Advance:
    """The same, with every change caused by this evaluation."""
    if not cause or not step.transitions:
        return step
    moves = tuple(Transition(move.before, _of(move.after, cause)) for move in step.transitions)
    changed = {move.after.labels: move.after for move in moves if move.after is not None and not move.after.resolved}
    return replace(step, alerts={**step.alerts, **changed}, transitions=moves)


def posted(transitions: Sequence[Transition], cause: str) -> Sequence[Transition]:
    """The same, with what began or ended caused by this posting; what was merely said again keeps its cause."""
    if not cause:
        return transitions
    return [Transition(one.before, _of(one.after, _newest(one, cause))) for one in transitions]


@dataclass(frozen=True)
class Causes:
    """What made a group due: `parent`, unless nothing has changed of late, and what else its alerts came from."""

    parent: str = ""
    others: tuple[str, ...] = ()


def causes(alerts: Iterable[Alert], flushed_at: datetime | None) -> Causes:
    """The causes of a flush, newest first; `flushed_at` is the flush before it."""
    newest: dict[str, datetime] = {}
    for alert in alerts:
        if alert.trace:
            at = alert.resolved_at or alert.fired_at or alert.active_at
            newest[alert.trace] = max(at, newest.get(alert.trace, at))
    found = sorted(newest, key=lambda trace: newest[trace], reverse=True)
    if found and (flushed_at is None or newest[found[0]] > flushed_at - _LEEWAY):
        return Causes(found[0], tuple(found[1:]))
    return Causes("", tuple(found))


def decided(flush: Flush, cause: str) -> Flush:
    """The same, with its deliveries caused by this flush."""
    if not cause:
        return flush
    deliveries = tuple(replace(delivery, trace=cause) for delivery in flush.deliveries)
    lines = dict(flush.lines)
    for delivery in deliveries:
        if delivery.notification is not None:
            lines[delivery.integration] = replace(lines[delivery.integration], waiting=delivery)
    return replace(flush, deliveries=deliveries, lines=lines)


def _of(alert: Alert | None, cause: str) -> Alert | None:
    return alert and replace(alert, trace=cause)


def _newest(transition: Transition, cause: str) -> str:
    return cause if transition.before is None or is_news(transition) else transition.before.trace
