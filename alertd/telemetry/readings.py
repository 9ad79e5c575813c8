"""What telemetry may ask of the daemon: functions that tell how it is now, without waiting."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from alertd.core.alerts import Alert

Counts = Callable[[], Mapping[str, int]]
Number = Callable[[], float]
Key = tuple[str, str]  # file, group


def _none() -> float:
    return 0


@dataclass(frozen=True)
class Readings:
    """`outbox`: messages by status. `alerts_by_group`: every pending and firing alert of a rule, with its group;
    `alive`: those of one rule, by its key. `rule_keys`: of all rules that are evaluated.
    """

    alerts: Counts
    outbox: Counts
    rules: Number
    silences: Counts = dict
    groups: Number = _none
    cooldowns: Number = _none
    suppressed: Number = _none  # alerts that fire and are muted
    oldest: Number = _none  # seconds that the oldest message has waited
    serving: Number = _none  # requests
    called: Number = _none  # gRPC calls
    lag: Number = _none  # seconds
    tasks: Number = _none
    receivers: Number = _none
    integrations: Number = _none
    inhibit_rules: Number = _none
    config_hash: Number = _none
    unsent: Number = _none  # samples
    spans: Counts = dict  # finished ones, by what became of them
    alerts_by_group: Callable[[], Iterable[tuple[Key, Alert]]] = tuple
    alive: Callable[[str], Iterable[Alert]] = lambda _: ()
    rule_keys: Callable[[], Iterable[str]] = tuple
