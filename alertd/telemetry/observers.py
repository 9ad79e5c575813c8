"""Many observers as one, so that the engine knows only the port and never hears of what goes wrong while watching."""

import logging
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from alertd.events import Event
from alertd.ports import Observer

_log = logging.getLogger(__name__)


class Observers:
    """Hands every event to each observer. One that raises is named in the log, once for each kind of error."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers
        self._seen: set[tuple[type, type, type]] = set()

    def notice(self, event: Event) -> None:
        """Tell everybody."""
        for observer in self._observers:
            try:
                observer.notice(event)
            except Exception as error:  # whatever it is: watching must not disturb
                self._complain(observer, event, error)

    def span(self, name: str, **attributes: str | int | float) -> AbstractContextManager[Any]:  # noqa: ARG002
        """Nothing is traced."""
        return nullcontext()

    def _complain(self, observer: Observer, event: Event, error: Exception) -> None:
        kind = (type(observer), type(event), type(error))
        if kind in self._seen:
            return
        self._seen.add(kind)
        _log.error("%s could not take in a %s", kind[0].__name__, kind[1].__name__, exc_info=error)
