"""Many listeners and a tracer as one observer: the engine never hears of what goes wrong while it is watched."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from alertd.events import Event
from alertd.ports import NOTHING, UNTRACED, Attributes, Listener, Place, Selective, Span, Tracer
from alertd.telemetry import facts


class Observers:
    """Hands every event to each listener. One that raises is named in the log, once for each kind of error."""

    def __init__(self, *listeners: Listener, tracer: Tracer = UNTRACED) -> None:
        self._listeners, self._tracer = listeners, tracer
        self._ears: dict[type[Event], Sequence[tuple[Listener, Callable[[Any], None]]]] = {}
        self._seen: set[tuple[type, type, type]] = set()

    def notice(self, event: Event) -> None:
        """Tell everybody who wants to hear of it."""
        kind = type(event)
        ears = self._ears.get(kind)
        if ears is None:
            ears = self._ears[kind] = [ear for one in self._listeners for ear in _ears(one, kind)]
        for listener, hear in ears:
            try:
                hear(event)
            except Exception as error:  # whatever it is: watching must not disturb
                self._complain(listener, event, error)

    @property
    def follows(self) -> bool:
        """Whether the tracer does anything."""
        return self._tracer.follows

    def span(
        self,
        name: str,
        attributes: Attributes = NOTHING,
        *,
        place: Place = "internal",
        parent: str | Mapping[str, str] | None = None,
        links: Iterable[str] = (),
        keep: bool = False,
    ) -> AbstractContextManager[Span]:
        """The tracer's."""
        return self._tracer.span(name, attributes, place=place, parent=parent, links=links, keep=keep)

    def here(self) -> str:
        """The tracer's."""
        return self._tracer.here()

    def headers(self) -> Mapping[str, str]:
        """The tracer's."""
        return self._tracer.headers()

    def _complain(self, listener: Listener, event: Event, error: Exception) -> None:
        kind = (type(listener), type(event), type(error))
        if kind in self._seen:
            return
        self._seen.add(kind)
        fact, message = facts.OBSERVER_FAILED, f"{kind[0].__name__} could not take in a {kind[1].__name__}"
        logging.getLogger(fact.logger).log(fact.level, message, exc_info=error, extra={"event": fact.event})


def _ears(listener: Listener, kind: type[Event]) -> Iterator[tuple[Listener, Callable[[Any], None]]]:
    """By what this listener hears of such events, if it does."""
    if not isinstance(listener, Selective):
        yield listener, listener.notice
    elif kind in listener.actions:
        yield listener, listener.actions[kind]
