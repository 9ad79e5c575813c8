"""The same under the names that dashboards and rules for Alertmanager, Prometheus and vmalert look for."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from alertd.core.alerts import Alert
from alertd.events import GroupEvaluated, RuleEvaluated
from alertd.telemetry.levels import family

_REASONS = {
    "timeout": "contextDeadlineExceeded",
    "client_error": "clientError",
    "server_error": "serverError",
    "rate_limited": "rateLimited",
    "auth_error": "authError",
}

Key = tuple[str, str]  # file, group


@dataclass(slots=True)
class _Group:
    """What is known of one since the start or the last reload."""

    interval: float = 0
    rules: int = 0
    evaluations: int = 0
    failures: int = 0
    iterations: int = 0
    missed: int = 0
    seconds: float = 0
    at: float = 0
    samples: int = 0
    fresh: int = 0  # samples of the evaluation that is being told of


class Groups:
    """Counts by group, which is too much for a page that everybody reads."""

    def __init__(self) -> None:
        self._groups: dict[Key, _Group] = defaultdict(_Group)

    def rule(self, event: RuleEvaluated) -> None:
        group = self._groups[event.rule.file, event.rule.group]
        group.evaluations += 1
        group.failures += bool(event.error)
        group.fresh += event.samples

    def group(self, event: GroupEvaluated) -> None:
        group = self._groups[event.group.file, event.group.name]
        group.interval, group.rules = event.group.interval.total_seconds(), len(event.group.rules)
        group.iterations += 1 + event.missed
        group.missed += event.missed
        group.seconds, group.at = event.seconds, event.at.timestamp()
        group.samples, group.fresh = group.fresh, 0

    def forget(self) -> None:
        """Other groups are evaluated from now on."""
        self._groups.clear()

    def items(self) -> Iterable[tuple[Key, _Group]]:
        return sorted(self._groups.items())


class Alertmanager(Collector):
    """What alertd counts already, under other names; `counted` are its metrics by name."""

    def __init__(self, counted: Any) -> None:
        self._counted = counted

    def collect(self) -> Iterator[Metric]:
        for name in ("config_last_reload_successful", "config_last_reload_success_timestamp_seconds"):
            yield family(f"alertmanager_{name}", [((), _only(self._counted[f"alertd_{name}"]))])
        yield self._renamed("notifications_total")
        yield self._renamed("notifications_failed_total")

    def _renamed(self, name: str) -> Metric:
        sums: Counter[tuple[str, ...]] = Counter()
        for sample in _samples(self._counted[f"alertd_{name}"]):
            labels = sample.labels
            kind = labels["integration"].partition("[")[0]
            reason = [_REASONS.get(labels["reason"], "other")] if "reason" in labels else []
            sums[kind, labels["receiver"], *reason] += sample.value
        return family(f"alertmanager_{name}", sorted(sums.items()))


class Prometheus(Collector):
    """Evaluation by group."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups

    def collect(self) -> Iterator[Metric]:
        known = [(f"{file};{name}", group) for (file, name), group in self._groups.items()]
        for name, field in (
            ("evaluations_total", "evaluations"),
            ("evaluation_failures_total", "failures"),
            ("group_iterations_total", "iterations"),
            ("group_iterations_missed_total", "missed"),
            ("group_interval_seconds", "interval"),
            ("group_last_duration_seconds", "seconds"),
            ("group_last_evaluation_timestamp_seconds", "at"),
            ("group_last_evaluation_samples", "samples"),
            ("group_rules", "rules"),
        ):
            yield family(f"prometheus_rule_{name}", [((key,), getattr(group, field)) for key, group in known])


class Vmalert(Collector):
    """Evaluation by group, and alerts by rule; `alerts` gives those there are, `counted` the metrics by name."""

    def __init__(self, groups: Groups, alerts: Callable[[], Iterable[tuple[Key, Alert]]], counted: Any) -> None:
        self._groups, self._alerts, self._counted = groups, alerts, counted

    def collect(self) -> Iterator[Metric]:
        for name, field in (("iteration_total", "iterations"), ("iteration_missed_total", "missed")):
            values = [((group, file), getattr(one, field)) for (file, group), one in self._groups.items()]
            yield family(f"vmalert_{name}", values)
        counts = Counter((alert.state, alert.name, group, file) for (file, group), alert in self._alerts())
        for state in ("firing", "pending"):
            found = [(labels, count) for (kind, *labels), count in sorted(counts.items()) if kind == state]
            yield family(f"vmalert_alerts_{state}", [(tuple(labels), count) for labels, count in found])
        for theirs, ours in (
            ("execution_total", "rule_evaluations_total"),
            ("execution_errors_total", "rule_evaluation_failures_total"),
            ("config_last_reload_successful", "config_last_reload_successful"),
        ):
            yield family(f"vmalert_{theirs}", [((), _only(self._counted[f"alertd_{ours}"]))])


def _samples(metric: Any) -> Iterator[Any]:
    for one in metric.collect():
        yield from one.samples


def _only(metric: Any) -> float:
    return float(next(_samples(metric)).value)
