"""Whether alertd does its work: every group is evaluated in time, messages go out, and the state is written."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from alertd.core.delivery import Sent
from alertd.core.rules import RuleGroup
from alertd.events import DeliveryTried, Event, GroupEvaluated, Kind, Trouble
from alertd.ports import Clock, Selective

_LENIENCE = timedelta(minutes=1)  # beyond two intervals of a group
_PATIENCE = timedelta(minutes=5)  # with messages that wait
_MOST_NAMED = 3

Part = tuple[str, str]


class Vitals(Selective):
    """A Listener that remembers when each sign of life was last seen."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._evaluated: dict[Part, datetime] = {}
        self._accepts: dict[str, bool] = {}  # by integration: what became of its newest attempt
        self._tried_at = self._empty_at = clock.now()
        self._unwritten_at: datetime | None = None
        self.actions: Mapping[type[Event], Callable[[Any], None]] = {
            GroupEvaluated: self._group_evaluated,
            DeliveryTried: self._delivery_tried,
            Trouble: self._trouble,
        }

    def ailments(self, groups: Iterable[RuleGroup], pending: int) -> tuple[str, ...]:
        """What is wrong now, one sentence each; `pending` messages wait. A group is given time from when it is new."""
        return (*self._late(groups), *self._stuck(pending), *self._unwritten())

    def _group_evaluated(self, event: GroupEvaluated) -> None:
        self._evaluated[event.group.id] = self._clock.now()

    def _delivery_tried(self, event: DeliveryTried) -> None:
        self._accepts[event.delivery.integration] = isinstance(event.outcome, Sent)
        self._tried_at = self._clock.now()

    def _trouble(self, event: Trouble) -> None:
        if event.kind is Kind.STATE:
            self._unwritten_at = self._clock.now()

    def _late(self, groups: Iterable[RuleGroup]) -> Iterator[str]:
        now = self._clock.now()
        parts = [part for group in groups for part in group.parts]
        self._evaluated = {part.id: min(self._evaluated.get(part.id, now), now) for part in parts}
        late = [one.name for one in parts if now - self._evaluated[one.id] > 2 * one.interval + _LENIENCE]
        if late:
            more = f" and {len(late) - _MOST_NAMED} more" if len(late) > _MOST_NAMED else ""
            yield f"not evaluated in time: {', '.join(late[:_MOST_NAMED])}{more}"

    def _stuck(self, pending: int) -> Iterator[str]:
        """Waiting is no ailment while others accept: they can be told of the one that does not."""
        now = self._clock.now()
        if not pending:
            self._empty_at, self._accepts = now, {}
        elif now - self._empty_at > _PATIENCE and not any(self._accepts.values()):
            yield f"{pending} messages wait, and nobody accepts any"
        elif now - max(self._empty_at, self._tried_at) > _PATIENCE:
            yield f"{pending} messages wait, and none is tried"

    def _unwritten(self) -> Iterator[str]:
        if self._unwritten_at and self._clock.now() - self._unwritten_at < _LENIENCE:
            yield "the state could not be written"
