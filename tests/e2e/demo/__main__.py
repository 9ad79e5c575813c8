"""`make run`. PROMETHEUS_URL asks one that exists already; DEMO_ONCE=1 ends after the story has been told once."""

import os
import signal
import sys
import time

import httpx

from tests.e2e.demo.stage import EndedError, Stage, StoppedError
from tests.e2e.demo.teller import Teller, paint, say

_ONCE_WITHIN = 120.0  # seconds for one story, where somebody waits for its end


def main() -> int:
    """Exit code 0 if it was stopped, or has told its story once as asked; 1 if something has gone wrong."""
    stops: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: stops.append(received))
    url = os.environ.get("PROMETHEUS_URL", "")
    trouble = _unreachable(url) if url else ""
    if trouble:
        say(trouble)
        return 1
    stage = Stage(lambda: bool(stops), url)
    try:
        stage.start()
        return _tell(stage, once=os.environ.get("DEMO_ONCE", "") not in ("", "0"))
    except StoppedError:
        return 0
    except EndedError as ended:
        say()
        say(paint(f"{ended.name} has ended, or never answered. The end of its log:", "red"))
        say(ended.tail)
        return 1
    finally:
        say()
        say(paint("stopping …", "dim"))
        stage.close()
        say(paint("all of it has stopped", "dim"))


def _tell(stage: Stage, *, once: bool) -> int:
    teller = Teller(stage)
    teller.introduce()
    told, deadline = False, time.monotonic() + _ONCE_WITHIN
    while not (told and once):
        stage.wait(0.2)
        teller.look()
        if teller.over and not told:
            told = True
            say()
            say("  That was the whole story." + ("" if once else " It begins again every minute; Ctrl-C ends it."))
            say()
        if once and not told and time.monotonic() > deadline:
            missing = f"alertd has not told the whole story; so far: {', '.join(sorted(teller.chapters)) or 'nothing'}"
            complain(stage, missing)
            return 1
    return 0


def complain(stage: Stage, text: str) -> None:
    """Say what is wrong, and the end of alertd's log."""
    say(paint(text, "red"))
    say(stage.processes["alertd"].tail())


def _unreachable(url: str) -> str:
    try:
        answer = httpx.get(f"{url.rstrip('/')}/api/v1/query", params={"query": "1"}, timeout=10)
    except httpx.HTTPError as error:
        return f"PROMETHEUS_URL does not answer: {error}"
    return "" if answer.is_success else f"PROMETHEUS_URL answers {answer.status_code} to a query"


if __name__ == "__main__":
    sys.exit(main())
