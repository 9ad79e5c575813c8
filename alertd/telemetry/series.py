"""The states of alerts as series: ALERTS and ALERTS_FOR_STATE, as a Prometheus that evaluates rules has them.

A series that is no more gets a stale marker, as in Prometheus, so that it ends at once and not after five minutes.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from alertd.core.alerts import Alert
from alertd.core.labels import Labels
from alertd.telemetry import protobuf

MOST = 2000  # samples a request
_STALE = struct.pack("<Q", 0x7FF0000000000002)  # a NaN that says so
_ONE = struct.pack("<d", 1.0)

Sample = tuple[bytes, bytes]  # the encoded labels of a series; eight bytes of a double


@dataclass(frozen=True, slots=True)
class Written:
    """The encoded labels of both series of an alert, and the state that is among them."""

    state: str
    alerts: bytes
    for_state: bytes


class Spoken:
    """Remembers which series of each rule were written last. `external` are labels for those that lack them."""

    def __init__(self, external: Mapping[str, str]) -> None:
        self._external = dict(external)
        self._rules: dict[str, Mapping[Labels, Written]] = {}

    def of(self, rule: str, alerts: Iterable[Alert]) -> Iterator[Sample]:
        """One sample for each series of these alerts, and one for each that has ended since."""
        before = self._rules.pop(rule, {})
        now: dict[Labels, Written] = {}
        for alert in alerts:
            known = before.get(alert.labels)
            one = now[alert.labels] = known if known and known.state == alert.state else self._encoded(alert)
            yield one.alerts, _ONE
            yield one.for_state, struct.pack("<d", int(alert.active_at.timestamp()))
            if known and known is not one:
                yield known.alerts, _STALE
        yield from _ends(one for labels, one in before.items() if labels not in now)
        if now:
            self._rules[rule] = now

    def knows(self, rule: str) -> bool:
        """Whether a series of this rule goes on."""
        return rule in self._rules

    def without(self, rules: Iterable[str]) -> Iterator[Sample]:
        """The ends of all series but those of these rules."""
        for rule in self._rules.keys() - set(rules):
            yield from _ends(self._rules.pop(rule).values())

    def _encoded(self, alert: Alert) -> Written:
        labels = {**self._external, **alert.labels}
        state = {**labels, "__name__": "ALERTS", "alertstate": alert.state}
        return Written(alert.state, _labels(state), _labels({**labels, "__name__": "ALERTS_FOR_STATE"}))


def request(samples: Iterable[Sample], at: datetime) -> bytes:
    """A WriteRequest: https://prometheus.io/docs/specs/prw/remote_write_spec."""
    stamp = protobuf.integer(2, round(at.timestamp() * 1000))
    value = protobuf.varint(1 << 3 | 1)
    return b"".join(protobuf.block(1, labels + protobuf.block(2, value + number + stamp)) for labels, number in samples)


def snappy(body: bytes) -> bytes:
    """Snappy's block format without compressing: one literal, https://github.com/google/snappy's format description."""
    return protobuf.varint(len(body)) + b"\xfc" + struct.pack("<I", len(body) - 1) + body


def _ends(ended: Iterable[Written]) -> Iterator[Sample]:
    for one in ended:
        yield one.alerts, _STALE
        yield one.for_state, _STALE


def _labels(labels: Mapping[str, str]) -> bytes:
    pairs = (protobuf.text(1, name) + protobuf.text(2, value) for name, value in sorted(labels.items()))
    return b"".join(protobuf.block(1, pair) for pair in pairs)
