"""Waiting that ends when somebody wants all of it to stop, and progress."""

import signal
import sys
import threading
import time

_STOP = threading.Event()
_BEGAN = time.monotonic()


class StoppedError(Exception):
    """Somebody has asked for the end, as with Ctrl-C."""


def heed_signals() -> None:
    """From here on SIGINT, SIGTERM and SIGHUP interrupt only what waits, so that nothing is left half started."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: _STOP.set())


def stopped() -> bool:
    return _STOP.is_set()


def pause(seconds: float) -> None:
    if _STOP.wait(max(0.0, seconds)):
        raise StoppedError


def say(text: str) -> None:
    """Progress, beside what is printed as the result."""
    minutes, seconds = divmod(int(time.monotonic() - _BEGAN), 60)
    print(f"{minutes:02}:{seconds:02}  {text}", file=sys.stderr, flush=True)
