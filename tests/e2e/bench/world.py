"""What is monitored: two hundred services of which some are bad, and gauges that a benchmark switches."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

from tests.e2e.bench.rules import FLIP_GROUPS, SERVICES

INSTANCES = 20  # how many times the page of the services is scraped, as if from so many hosts
STORM_GROUPS = 100
_BAD = 0.01  # of the services; every rule about one of them fires
_BUCKETS = ("0.01", "0.05", "0.1", "0.25", "0.5", "1", "+Inf")
# A second: requests with code 200 and 500, the cumulative buckets, the count and the sum of the seconds.
_GOOD_RATES = (100.0, 0.1, 20, 80, 99.5, 100, 100, 100, 100, 100, 3.0)
_BAD_RATES = (100.0, 10.0, 5, 20, 40, 60, 80, 99.5, 100, 100, 30.0)
_COUNTERS = (
    *(f'http_requests_total{{service="%s",code="{code}"}}' for code in (200, 500)),
    *(f'http_request_seconds_bucket{{service="%s",le="{le}"}}' for le in _BUCKETS),
    'http_request_seconds_count{service="%s"}',
    'http_request_seconds_sum{service="%s"}',
)


@dataclass
class Change:
    """When something was switched, and when a scrape saw it for the first time."""

    at: float
    scraped: float | None = None


class Switches:
    """Gauges that are 0 until somebody switches them."""

    def __init__(self, series: Iterable[str]) -> None:
        self._values = dict.fromkeys(series, 0)
        self._unseen: list[Change] = []
        self._lock = threading.Lock()

    def switch(self, value: int, *series: str) -> Change:
        """Set some series; all of them if none is named."""
        with self._lock:
            change = Change(time.monotonic())
            self._values.update(dict.fromkeys(series or self._values, value))
            self._unseen.append(change)
            return change

    def page(self) -> bytes:
        with self._lock:
            for change in self._unseen:
                change.scraped = time.monotonic()
            self._unseen = []
            return "".join([f"{series} {value}\n" for series, value in self._values.items()]).encode()


class World:
    """The pages of the target: the services, and the two sets of switches."""

    def __init__(self, alerts: int) -> None:
        self.flips = Switches(map(flip, range(1000)))
        self.storm = Switches(
            f'storm_gauge{{id="{number:06}",grp="g{number % STORM_GROUPS:02}"}}' for number in range(alerts)
        )
        self._started, self._made_at, self._services = time.monotonic(), 0.0, b""

    def answer(self, path: str, _body: bytes) -> bytes:
        pages = {"/metrics": self._page, "/flip": self.flips.page, "/storm": self.storm.page, "/v1/traces": bytes}
        return pages[path]()

    def _page(self) -> bytes:
        now = time.monotonic()
        if now - self._made_at > 0.4:  # many instances scrape it at nearly the same time
            self._services, self._made_at = _services(now - self._started).encode(), now
        return self._services


def flip(number: int) -> str:
    return f'flip_gauge{{g="{number % FLIP_GROUPS}",id="{number}"}}'


def _services(age: float) -> str:
    return "".join(_service(number, age) for number in range(SERVICES))


def _service(number: int, age: float) -> str:
    name, bad = f"s{number:03}", number % round(1 / _BAD) == 0
    rates = _BAD_RATES if bad else _GOOD_RATES
    lines = [f'bench_gauge{{service="{name}"}} {(95 if bad else 50) + (age * 7 + number) % 3:.3f}']
    lines += [f"{series % name} {rate * age:.3f}" for series, rate in zip(_COUNTERS, rates, strict=True)]
    lines += [] if bad else [f'heartbeat{{service="{name}"}} 1']
    return "\n".join(lines) + "\n"
