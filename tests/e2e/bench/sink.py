"""The receiver of webhooks: which alert was told of when, and how often."""

import json
import time
from collections import Counter


class Sink:
    """Messages are kept as they come and read later, so that receiving is quick."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._unread: list[tuple[float, bytes]] = []
        self._first: dict[tuple[str, str], float] = {}
        self._told: Counter[tuple[str, str]] = Counter()
        self.messages = 0

    def answer(self, _path: str, body: bytes) -> bytes:
        self.messages += 1
        self._unread.append((time.monotonic(), body))
        return b"ok\n"

    def arrivals(self, status: str) -> dict[str, float]:
        """When each alert that has a label `id` was told of for the first time."""
        self._read()
        return {name: when for (told, name), when in self._first.items() if told == status}

    def repeats(self, status: str) -> int:
        """How often somebody was told of an alert once more."""
        self._read()
        return sum(count - 1 for (told, _), count in self._told.items() if told == status)

    def _read(self) -> None:
        unread, self._unread = self._unread, []
        for when, body in unread:
            for alert in json.loads(body)["alerts"]:
                if "id" in alert["labels"]:
                    key = (alert["status"], alert["labels"]["id"])
                    self._told[key] += 1
                    self._first.setdefault(key, when)
