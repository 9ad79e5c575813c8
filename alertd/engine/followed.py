"""The spans of flushes: several are written in one transaction, so each lasts until that is over."""

from collections.abc import Callable
from contextlib import ExitStack
from contextvars import Context, copy_context
from types import TracebackType
from typing import Self

from alertd.core.flush import Flush, Verdict
from alertd.core.groups import Group
from alertd.core.traces import causes, decided
from alertd.ports import Attributes, Span, Tracer

_MOST_EVENTS = 20  # verdicts of one flush


class Flushes:
    """Entered while groups are decided and written; a transaction is in the trace of the group decided last."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer, self._stack = tracer, ExitStack()
        self._spans: list[Span] = []
        self._entered: dict[str, Context] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def follow(self, group: Group, flush: Flush) -> Flush:
        """The flush with its cause, if it decided anything: the last change of its alerts, or time."""
        if not flush.deliveries or not self._tracer.follows:
            return flush
        why = causes(flush)
        telling = any(delivery.notification is not None for delivery in flush.deliveries)
        about = _about(group, flush)
        opened = self._tracer.span("alertd.flush group", about, parent=why.parent, links=why.others, keep=telling)
        span = self._stack.enter_context(opened)
        self._spans.append(span)
        for verdict in flush.verdicts[:_MOST_EVENTS]:
            span.event("alertd.verdict", _said(verdict))
        self._entered[group.key] = copy_context()
        return decided(flush, self._tracer.here())

    def within(self, group: Group, act: Callable[[], None]) -> None:
        """Do something that belongs to the flush of this group, and not to the last one."""
        entered = self._entered.get(group.key)
        if entered is None:
            act()
        else:
            entered.run(act)

    def fail(self, error: str) -> None:
        """Nothing of it was written."""
        for span in self._spans:
            span.fail(error, "StoreError")


def _about(group: Group, flush: Flush) -> Attributes:
    reasons = dict.fromkeys(str(one.reason) for one in flush.verdicts if one.reason is not None)
    return {
        "alertd.group": group.key,
        "alertd.receiver": group.route.receiver,
        "alertd.reason": "; ".join(reasons),
        "alertd.alerts": len(flush.audible) + len(flush.muted),
        "alertd.muted": len(flush.muted),
        "alertd.deliveries": sum(delivery.notification is not None for delivery in flush.deliveries),
    }


def _said(verdict: Verdict) -> Attributes:
    return {
        "alertd.integration": verdict.integration,
        "alertd.reason": str(verdict.reason or "nothing to say"),
        "alertd.firing": verdict.firing,
        "alertd.resolved": verdict.resolved,
        "alertd.muted": verdict.muted,
    }
