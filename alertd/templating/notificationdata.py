"""What the templates of a notification work on: the tree that Alertmanager's templates know.

Source: https://prometheus.io/docs/alerting/latest/notifications/
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from alertd.templating.functions import Functions, Type
from alertd.templating.times import Time
from alertd.templating.values import Slice, StringMap, Strings, Struct, method

STRINGS = Type("[]string", (Strings,), nil=Strings())
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


class Pair(Struct):
    """A name and its value."""

    go_type = "template.Pair"
    fields: ClassVar[Mapping[str, Any]] = {"Name": lambda pair: pair.name, "Value": lambda pair: pair.value}
    __slots__ = ("name", "value")

    def __init__(self, name: str, value: str) -> None:
        self.name, self.value = name, value


class Pairs(Slice):
    """Names and values in an order."""

    __slots__ = ()
    go_type = "template.Pairs"

    def text(self) -> str:
        return ", ".join(f"{pair.name}={pair.value}" for pair in self)


class KV(StringMap):
    """Labels or annotations. Printed as a map, as Alertmanager 0.25 does; its method String is newer."""

    go_type = "template.KV"

    def sorted_pairs(self) -> Pairs:
        """By name, but the name of the alert first."""
        return Pairs(Pair(name, self[name]) for name in sorted(self, key=lambda name: (name != "alertname", name)))

    def without(self, names: Strings) -> "KV":
        return KV({name: value for name, value in self.items() if name not in names})


Pairs.methods = {
    "Names": method(lambda pairs: Strings(pair.name for pair in pairs)),
    "Values": method(lambda pairs: Strings(pair.value for pair in pairs)),
    "String": method(Pairs.text),
}
KV.methods = {
    "SortedPairs": method(KV.sorted_pairs),
    "Remove": method(KV.without, STRINGS),
    "Names": method(lambda kv: Strings(pair.name for pair in kv.sorted_pairs())),
    "Values": method(lambda kv: Strings(pair.value for pair in kv.sorted_pairs())),
    "String": method(lambda kv: kv.sorted_pairs().text()),
}


@dataclass(frozen=True)
class Alert(Struct):
    """An alert of a notification; `ends_at` is None while it fires. Times are aware."""

    go_type: ClassVar[str] = "template.Alert"
    tagged: ClassVar[bool] = True
    comparable: ClassVar[bool] = False
    fields: ClassVar[Mapping[str, Any]] = {
        "Status": lambda alert: alert.status,
        "Labels": lambda alert: KV(alert.labels),
        "Annotations": lambda alert: KV(alert.annotations),
        "StartsAt": lambda alert: Time(alert.starts_at),
        "EndsAt": lambda alert: Time(alert.ends_at or _NEVER),
        "GeneratorURL": lambda alert: alert.generator_url,
        "Fingerprint": lambda alert: alert.fingerprint,
    }

    status: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime | None = None
    generator_url: str = ""
    fingerprint: str = ""


class SomeAlerts(Slice):
    """What `.Alerts.Firing` and `.Alerts.Resolved` are."""

    __slots__ = ()
    go_type = "[]template.Alert"


class Alerts(Slice):
    """All alerts of a notification."""

    __slots__ = ()
    go_type = "template.Alerts"
    methods: ClassVar[Functions] = {
        "Firing": method(lambda alerts: SomeAlerts(alert for alert in alerts if alert.status == "firing")),
        "Resolved": method(lambda alerts: SomeAlerts(alert for alert in alerts if alert.status == "resolved")),
    }


@dataclass(frozen=True)
class NotificationData(Struct):
    """What a template sees of a notification. `now` is the instant of its rendering, aware.

    `NotificationReason` and `RouteLabels` are not printed with the rest: Alertmanager 0.25 did not have them. `Storm`
    is alertd's own: the alerts by rule and severity, a line each, if they are told together because of a storm.
    """

    go_type: ClassVar[str] = "template.Data"
    tagged: ClassVar[bool] = True
    comparable: ClassVar[bool] = False
    fields: ClassVar[Mapping[str, Any]] = {
        "Receiver": lambda data: data.receiver,
        "Status": lambda data: data.status,
        "Alerts": lambda data: Alerts(data.alerts),
        "GroupLabels": lambda data: KV(data.group_labels),
        "CommonLabels": lambda data: KV(data.common_labels),
        "CommonAnnotations": lambda data: KV(data.common_annotations),
        "ExternalURL": lambda data: data.external_url,
    }
    methods: ClassVar[Functions] = {
        "NotificationReason": method(lambda data: data.reason),
        "RouteLabels": method(lambda data: KV(data.route_labels)),
        "Storm": method(lambda data: Strings(data.storm)),
    }

    receiver: str
    status: str
    alerts: Sequence[Alert]
    now: datetime
    group_labels: Mapping[str, str] = field(default_factory=dict)
    common_labels: Mapping[str, str] = field(default_factory=dict)
    common_annotations: Mapping[str, str] = field(default_factory=dict)
    external_url: str = ""
    reason: str = ""
    route_labels: Mapping[str, str] = field(default_factory=dict)
    storm: Sequence[str] = ()
