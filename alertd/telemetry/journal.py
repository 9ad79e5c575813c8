"""Where lines of the log go: to one stream, as far as levels let them, without secrets, and not again and again."""

import logging
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from logging import WARNING
from types import TracebackType
from typing import Literal, TextIO

from alertd.config.loggers import LOGGERS, QUIET
from alertd.config.secrets import environment
from alertd.config.values import Config
from alertd.ports import Clock
from alertd.telemetry import facts
from alertd.telemetry.facts import Fact
from alertd.telemetry.formats import ConsoleFormat, JsonFormat
from alertd.telemetry.redaction import Redaction
from alertd.telemetry.repetition import Repetition

_OFTEN = timedelta(seconds=10)


class Journal(logging.StreamHandler[TextIO]):
    """The only handler of the root logger. `follow` tells it of the configuration in force."""

    def __init__(
        self, form: Literal["json", "console"], stream: TextIO | None = None, here: Callable[[], str] = str
    ) -> None:
        super().__init__(stream or sys.stderr)
        self._form, self.here = form, here
        self.redaction = Redaction()
        self._repetition = Repetition(super().emit)
        self._own: set[str] = set()
        self.identify({})

    def identify(self, identity: Mapping[str, str]) -> None:
        """Write these fields on every JSON line, which say what writes it."""
        colours = self._form == "console" and self.stream.isatty() and not environment().get("NO_COLOR")
        json = self._form == "json"
        self.setFormatter(
            JsonFormat(identity, self.redaction, self.here) if json else ConsoleFormat(self.redaction, colours=colours)
        )

    def let_pass(self, least: str, of: Mapping[str, str]) -> None:
        """Let pass what is at least this; `of` has loggers with levels of their own."""
        logging.getLogger().setLevel(least.upper())
        for name in (self._own | set(LOGGERS)) - set(of):
            logging.getLogger(name).setLevel(WARNING if name in QUIET else logging.NOTSET)
        for name, own in of.items():
            logging.getLogger(name).setLevel(own.upper())
        self._own = set(of)

    def follow(self, config: Config) -> None:
        """Write as this configuration says, and nothing that is secret in it."""
        self.redaction.follow(config.confidential)
        self.identify(config.log.identity)
        self.let_pass(config.log.level, config.log.levels)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, unless it was written not long ago."""
        try:
            self.redaction.look(record.created)
            if self._repetition.allows(record):
                super().emit(record)
        except Exception:  # of a message whose arguments do not fit, say
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        """Say that a line could not be written, and not what it held, as the standard library would."""
        with suppress(OSError, ValueError):
            error = sys.exc_info()[0]
            self.stream.write(f"a line of {record.name} cannot be logged: {error.__name__ if error else ''}\n")

    async def run(self, clock: Clock) -> None:
        """Say how often lines came again, for ever."""
        while True:
            await clock.sleep_until(clock.now() + _OFTEN)
            self.acquire()
            try:
                self._repetition.summarise(clock.now().timestamp())
            finally:
                self.release()

    def close(self) -> None:
        """Write what is still to be said."""
        self._repetition.finish()
        super().close()


def set_up(
    form: Literal["json", "console"],
    level: str = "info",
    stream: TextIO | None = None,
    here: Callable[[], str] = str,
) -> Journal:
    """Send all logging to this stream (standard error), and nowhere else; `here`: see JsonFormat."""
    journal = Journal(form, stream, here)
    logging.basicConfig(handlers=[journal], force=True)
    logging.captureWarnings(True)  # noqa: FBT003 - the standard library's signature
    journal.let_pass(level, {})
    return journal


def tell(fact: Fact, **fields: object) -> None:
    """Write the line of a fact that no event tells."""
    logging.getLogger(fact.logger).log(fact.level, fact.message, extra={"event": fact.event, "fields": fields})


def catch_crashes() -> None:
    """Let exceptions that end the process, or a thread, be lines of the log too: Python shows them as they are."""
    sys.excepthook = _crash
    threading.excepthook = lambda given: _crash(given.exc_type, given.exc_value, given.exc_traceback)


def _crash(kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None) -> None:
    fact = facts.CRASHED
    extra = {"event": fact.event}
    exception = (kind, error or kind(), traceback)
    logging.getLogger(fact.logger).log(fact.level, fact.message, exc_info=exception, extra=extra)
