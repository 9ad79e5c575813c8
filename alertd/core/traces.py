"""What caused what: alerts and deliveries carry the name of their cause, which means something only to who watches.

    evaluation, or posting ── changes ──▶ alert ── makes a group due ──▶ flush ── decides ──▶ delivery

A cause is "" where nobody watches; then everything stays as it is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alertd.core.alerts import Alert, Transition
from alertd.core.flush import Flush
from alertd.core.lifecycle import Advance
from alertd.core.notification import Reason
from alertd.core.posted import is_news

_OF_TIME = frozenset((None, Reason.REPEAT, Reason.COOLDOWN_OVER, Reason.UNMUTED, Reason.CALM))


def caused(step: Advance, cause: str) -> Advance:
    """The same, with every change caused by this evaluation."""
    if not cause or not step.transitions:
        return step
    moves = tuple(_caused(move, cause) for move in step.transitions)
    changed = {move.after.labels: move.after for move in moves if move.after is not None and not move.after.resolved}
    return replace(step, alerts={**step.alerts, **changed}, transitions=moves)


def posted(transitions: Sequence[Transition], cause: str) -> Sequence[Transition]:
    """The same, with what began or ended caused by this posting; what was merely said again keeps its cause."""
    return [_caused(move, cause if is_news(move) or move.before is None else move.before.trace) for move in transitions]


@dataclass(frozen=True)
class Causes:
    """What made a group due: `parent`, unless it was only time, and what else its alerts came from."""

    parent: str = ""
    others: tuple[str, ...] = ()


def causes(flush: Flush) -> Causes:
    """The causes of a flush, newest first."""
    found = newest_first(flush.audible)
    if not found or _OF_TIME.issuperset(one.reason for one in flush.verdicts):
        return Causes("", tuple(found))
    return Causes(found[0], tuple(found[1:]))


def newest_first(alerts: Iterable[Alert]) -> Sequence[str]:
    """What caused these alerts to be as they are."""
    newest: dict[str, datetime] = {}
    for alert in alerts:
        if alert.trace:
            at = alert.resolved_at or alert.fired_at or alert.active_at
            newest[alert.trace] = max(at, newest.get(alert.trace, at))
    return sorted(newest, key=lambda trace: newest[trace], reverse=True)


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


def _caused(move: Transition, cause: str) -> Transition:
    after = move.after
    if after is None or after.trace == cause:
        return move
    return Transition(move.before, replace(after, trace=cause))
