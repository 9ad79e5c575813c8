"""The same under the names that dashboards and rules for Alertmanager, Prometheus and vmalert look for."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from prometheus_client.core import Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from alertd.telemetry.catalogue import ROWS
from alertd.telemetry.levels import by, family
from alertd.telemetry.readings import Key, Readings
from alertd.telemetry.tallies import Tallies, Tally, quantiles

_REASONS = {
    "timeout": "contextDeadlineExceeded",
    "client_error": "clientError",
    "server_error": "serverError",
    "rate_limited": "rateLimited",
    "auth_error": "authError",
}
_MUTES = ("silence", "inhibition", "mute_time_interval", "active_time_interval")  # that Alertmanager has, too
_RELOADS = ("config_last_reload_successful", "config_last_reload_success_timestamp_seconds")
_PROMETHEUS_QUANTILES = (0.01, 0.05, 0.5, 0.9, 0.99)
_VMALERT_QUANTILES = (0.5, 0.9, 0.97, 0.99, 1.0)
_BY_GROUP = {
    "evaluations_total": "evaluations",
    "evaluation_failures_total": "failures",
    "group_iterations_total": "iterations",
    "group_iterations_missed_total": "missed",
    "group_interval_seconds": "interval",
    "group_last_duration_seconds": "seconds",
    "group_last_evaluation_timestamp_seconds": "at",
    "group_last_evaluation_samples": "samples",
}


class Alertmanager(Collector):
    """What alertd counts already, under other names; `counted` are its metrics by name."""

    def __init__(self, readings: Readings, counted: Mapping[str, Any]) -> None:
        self._read, self._counted = readings, counted

    def collect(self) -> Iterator[Metric]:
        read = self._read
        for name in _RELOADS:
            yield family(f"alertmanager_{name}", [((), _only(self._counted[f"alertd_{name}"]))])
        for name, number in (
            ("dispatcher_aggregation_groups", read.groups),
            ("receivers", read.receivers),
            ("integrations", read.integrations),
            ("inhibition_rules", read.inhibit_rules),
            ("config_hash", read.config_hash),
        ):
            yield family(f"alertmanager_{name}", [((), number())])
        firing, suppressed = read.alerts().get("firing", 0), read.suppressed()
        yield family("alertmanager_alerts", [(("active",), firing - suppressed), (("suppressed",), suppressed)])
        yield family("alertmanager_silences", by(read.silences(), "pending", "active", "expired"))
        yield from self._notifications()
        yield from self._posted()

    def _notifications(self) -> Iterator[Metric]:
        yield self._renamed("notifications_total")
        yield self._renamed("notifications_failed_total")
        muted = _by(self._counted["alertd_notifications_suppressed_total"], "reason")
        values = [((reason,), muted.get(reason, 0)) for reason in _MUTES]
        yield family("alertmanager_notifications_suppressed_total", values)

    def _posted(self) -> Iterator[Metric]:
        posted = _by(self._counted["alertd_alerts_posted_total"], "status")
        received = [((status, "v2"), posted.get(status, 0)) for status in ("firing", "resolved")]
        yield family("alertmanager_alerts_received_total", received)
        yield family("alertmanager_alerts_invalid_total", [(("v2",), posted.get("invalid", 0))])

    def _renamed(self, name: str) -> Metric:
        sums: Counter[tuple[str, ...]] = Counter()
        for sample in _samples(self._counted[f"alertd_{name}"]):
            labels = sample.labels
            reason = [_REASONS.get(labels["reason"], "other")] if "reason" in labels else []
            sums[kind(labels["integration"]), labels["receiver"], *reason] += sample.value
        return family(f"alertmanager_{name}", sorted(sums.items()))


class Prometheus(Collector):
    """Evaluation by group."""

    def __init__(self, tallies: Tallies, counted: Mapping[str, Any]) -> None:
        self._tallies, self._counted = tallies, counted

    def collect(self) -> Iterator[Metric]:
        groups = self._tallies.groups
        known = [(";".join(group.key), group) for group in groups]
        for name, field in _BY_GROUP.items():
            yield family(f"prometheus_rule_{name}", [((key,), getattr(group, field)) for key, group in known])
        yield family("prometheus_rule_group_rules", [((key,), len(group.rules)) for key, group in known])
        yield _summary("prometheus_rule_group_duration_seconds", [((), groups)], _PROMETHEUS_QUANTILES)
        for name in _RELOADS:
            yield family(f"prometheus_{name}", [((), _only(self._counted[f"alertd_{name}"]))])


class Vmalert(Collector):
    """Evaluation by group, and alerts by rule."""

    def __init__(self, tallies: Tallies, readings: Readings, counted: Mapping[str, Any]) -> None:
        self._tallies, self._read, self._counted = tallies, readings, counted

    def collect(self) -> Iterator[Metric]:
        groups = {(group, file): tally for tally in self._tallies.groups for file, group in [tally.key]}
        for name, field in (
            ("iteration_total", "iterations"),
            ("iteration_missed_total", "missed"),
            ("iteration_interval_seconds", "interval"),
        ):
            yield family(f"vmalert_{name}", [(key, getattr(one, field)) for key, one in groups.items()])
        each = [(key, [one]) for key, one in groups.items()]
        yield _summary("vmalert_iteration_duration_seconds", each, _VMALERT_QUANTILES)
        yield from self._rules(groups)
        for name, value in (
            ("execution_total", self._tallies.evaluations),
            ("execution_errors_total", self._tallies.failures),
            ("config_last_reload_successful", _only(self._counted["alertd_config_last_reload_successful"])),
        ):
            yield family(f"vmalert_{name}", [((), value)])

    def _rules(self, groups: Mapping[Key, Tally]) -> Iterator[Metric]:
        rules = {(rule.name, *key): tally for key, tally in groups.items() for rule in tally.rules}
        counts = Counter(
            (alert.state, alert.name, group, file) for (file, group), alert in self._read.alerts_by_group()
        )
        for state in ("firing", "pending"):
            found = {key[1:]: count for key, count in counts.items() if key[0] == state}
            known = {**dict.fromkeys(rules, 0), **found}
            yield family(f"vmalert_alerts_{state}", sorted(known.items()))
        for name, field in (("errors_total", "failed"), ("last_evaluation_samples", "answered")):
            values = [(key, getattr(tally, field).get(key[0], 0)) for key, tally in rules.items()]
            yield family(f"vmalert_alerting_rules_{name}", values)


def kind(integration: str) -> str:
    """`webhook` of `webhook[0]`."""
    return integration.partition("[")[0]


def _summary(name: str, groups: Iterable[tuple[tuple[str, ...], Sequence[Tally]]], parts: tuple[float, ...]) -> Metric:
    row = ROWS[name]
    made = SummaryMetricFamily(row.name, row.help, labels=row.labels)
    for key, some in groups:
        labels = dict(zip(row.labels, key, strict=True))
        for part, seconds in quantiles((one for tally in some for one in tally.recent), parts):
            made.add_sample(name, {**labels, "quantile": f"{part:g}"}, seconds)
        made.add_metric(key, sum(one.iterations - one.missed for one in some), sum(one.total_seconds for one in some))
    return made


def _by(metric: Any, label: str) -> Mapping[str, float]:
    return {sample.labels[label]: sample.value for sample in _samples(metric)}


def _samples(metric: Any) -> Iterator[Any]:
    for one in metric.collect():
        yield from one.samples


def _only(metric: Any) -> float:
    return float(next(_samples(metric)).value)
