"""A thread that watches Prometheus: at which instants it evaluated each group, and what it made of them."""

import threading
import time
from datetime import UTC, datetime
from typing import Any

from tests.e2e.differential.rules import INTERVAL
from tests.e2e.differential.theirs import Group, Prometheus

_BEHIND = 60  # seconds after which an instant would be overlooked
Shown = dict[str, Any]


class Watch:
    """What was seen. An instant that was seen too late is there without what Prometheus made of it."""

    def __init__(self, prometheus: Prometheus) -> None:
        self._prometheus = prometheus
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._seen: dict[Group, dict[float, Shown | None]] = {}
        self.failure: Exception | None = None

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def after(self, group: Group, at: float) -> list[tuple[float, Shown | None]]:
        """The later instants of a group that are settled, in order."""
        seen = sorted(dict(self._seen.get(group, {})).items())
        settled = [one for index, one in enumerate(seen) if one[1] or index < len(seen) - 1]
        return [one for one in settled if one[0] > at]

    def _run(self) -> None:
        try:
            while not self._ended.wait(0.4):
                self._look()
        except Exception as failure:  # the test that watches says so
            self.failure = failure

    def _look(self) -> None:
        groups = self._prometheus.groups()
        ended = time.time()
        for group, instants in self._prometheus.instants(_BEHIND).items():
            seen = self._seen.setdefault(group, {})
            for at in instants:
                seen.setdefault(at, None)
            if seen[instants[-1]] is None and _of(groups[group], instants[-1], ended):
                seen[instants[-1]] = groups[group]


def _of(group: Shown, at: float, ended: float) -> bool:
    """Whether this is certainly what the evaluation at this instant left, no more and no less."""
    evaluated = [group["lastEvaluation"], *(rule["lastEvaluation"] for rule in group["rules"])]
    return ended < at + INTERVAL and all(datetime.fromisoformat(one).timestamp() >= at for one in evaluated)


def moment(at: float) -> datetime:
    """An instant as a datetime, exact to the millisecond."""
    seconds, milliseconds = divmod(round(at * 1000), 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=milliseconds * 1000)
