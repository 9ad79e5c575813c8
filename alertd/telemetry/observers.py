"""Many listeners and a tracer as one observer: the engine never hears of what goes wrong while it is watched."""

import logging
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager

from alertd.events import Event
from alertd.ports import NOTHING, UNTRACED, Attributes, Listener, Place, Span, Tracer
from alertd.telemetry import facts


class Observers:
    """Hands every event to each listener. One that raises is named in the log, once for each kind of error."""

    def __init__(self, *listeners: Listener, tracer: Tracer = UNTRACED) -> None:
        self._listeners, self._tracer = listeners, tracer
        self._seen: set[tuple[type, type, type]] = set()

    def notice(self, event: Event) -> None:
        """Tell everybody."""
        for listener in self._listeners:
            try:
                listener.notice(event)
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
