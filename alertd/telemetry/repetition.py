"""Says the same once: the first of equal lines is written, and a minute later how many more there were."""

import copy
import logging
import re
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

WINDOW = 60.0  # seconds
_MOST = 1000  # different lines that are remembered
_NUMBER = re.compile(r"\d+")
_SHOWN = 200  # characters by which lines of others are told apart


@dataclass
class _Repeated:
    since: float
    last: logging.LogRecord
    more: int = 0


class Repetition:
    """What is at least information is written once a minute for each event and subject. `write` gets the summaries."""

    def __init__(self, write: Callable[[logging.LogRecord], None]) -> None:
        self._write = write
        self._known: dict[Hashable, _Repeated] = {}  # in the order of `since`

    def allows(self, record: logging.LogRecord) -> bool:
        """Whether this line is news; if not, it is counted."""
        self.summarise(record.created)
        if record.levelno <= logging.DEBUG:
            return True
        key = _key(record)
        if key is None:
            return True
        known = self._known.get(key)
        if known is None:
            self._remember(key, record)
            return True
        known.more, known.last = known.more + 1, record
        return False

    def summarise(self, now: float) -> None:
        """Write how often lines came again whose minute is over."""
        for key, one in self._over(now):
            del self._known[key]
            if one.more:
                self._write(_summary(one))
                self._known[key] = _Repeated(now, one.last)

    def finish(self) -> None:
        """Write everything that is not written yet."""
        for one in self._known.values():
            if one.more:
                self._write(_summary(one))
        self._known.clear()

    def _over(self, now: float) -> Iterable[tuple[Hashable, _Repeated]]:
        over = []
        for key, one in self._known.items():
            if 0 <= now - one.since < WINDOW:
                break
            over.append((key, one))
        return over

    def _remember(self, key: Hashable, record: logging.LogRecord) -> None:
        if len(self._known) >= _MOST:
            oldest = next(iter(self._known))
            one = self._known.pop(oldest)
            if one.more:
                self._write(_summary(one))
        self._known[key] = _Repeated(record.created, record)


def _key(record: logging.LogRecord) -> Hashable | None:
    """By what a line is the same as another; None if each is news by itself."""
    event = getattr(record, "event", "")
    if event:
        subject = getattr(record, "subject", None)
        return None if subject is None else (event, subject)
    error = record.exc_info[1] if record.exc_info else None
    said = f"{record.getMessage()[:_SHOWN]}{type(error).__name__}: {str(error)[:_SHOWN]}"
    return record.name, record.levelno, _NUMBER.sub("#", said)


def _summary(one: _Repeated) -> logging.LogRecord:
    record = copy.copy(one.last)
    record.msg, record.args = f"{one.last.getMessage()} ({one.more} more in the last minute)", ()
    record.fields = {**getattr(one.last, "fields", {}), "repeated": one.more}
    record.exc_info, record.summary = None, True
    return record
