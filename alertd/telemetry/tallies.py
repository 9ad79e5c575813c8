"""What is counted of evaluations, group by group: plain numbers, because there is one more for every rule."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from alertd.core.rules import Rule
from alertd.events import GroupEvaluated, RuleEvaluated, RulesEvaluated

Key = tuple[str, str]  # file, group
_REMEMBERED = 10  # durations of a group
_LATE = timedelta(seconds=1)


@dataclass(slots=True)
class Tally:
    """What is known of one group since the start or the last reload. `iterations` includes those that were missed."""

    key: Key
    parts: dict[str, tuple[Rule, ...]] = field(default_factory=dict)
    last: GroupEvaluated | None = None
    evaluations: int = 0
    failures: int = 0
    iterations: int = 0
    missed: int = 0
    total_seconds: float = 0
    samples: int = 0
    fresh: int = 0  # samples of the evaluation that is being told of
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    failed: dict[str, int] = field(default_factory=dict)  # by rule, if it ever failed
    answered: dict[str, int] = field(default_factory=dict)  # samples of the last evaluation, if it ever had any

    @property
    def interval(self) -> float:
        """In seconds."""
        return self.last.group.interval.total_seconds() if self.last else 0

    @property
    def seconds(self) -> float:
        """That the last iteration took."""
        return self.last.seconds if self.last else 0

    @property
    def at(self) -> float:
        """The instant of the last iteration, in Unix seconds."""
        return self.last.at.timestamp() if self.last else 0

    @property
    def rules(self) -> Sequence[Rule]:
        """Those of all parts that are evaluated."""
        return [rule for rules in self.parts.values() for rule in rules if rule.enabled]


class Tallies:
    """`evaluations` and the others are sums since the start; `groups` begin anew with every reload."""

    def __init__(self) -> None:
        self._groups: dict[Key, Tally] = {}
        self.evaluations = self.failures = self.samples = self.iterations = self.missed = self.late = 0
        self.failing: set[str] = set()

    def rules(self, event: RulesEvaluated) -> None:
        """All are of one group. Of one that is quiet there is nothing to say but that it is one more."""
        if not event.rules:
            return
        first, count = event.rules[0], len(event.rules)
        group = self._group((first.file, first.group))
        self.evaluations += count
        group.evaluations += count
        if event.loud or group.answered or self.failing:
            for one in event.each():
                self._rule(group, one)

    def _rule(self, group: Tally, event: RuleEvaluated) -> None:
        rule = event.rule
        self._answered(group, rule, event.samples)
        if event.error:
            self.failures += 1
            group.failures += 1
            group.failed[rule.name] = group.failed.get(rule.name, 0) + 1
            self.failing.add(rule.key)
        else:
            self.failing.discard(rule.key)

    def group(self, event: GroupEvaluated) -> None:
        """All of its rules have been told of."""
        evaluated, seconds = event.group, event.seconds
        group = self._group((evaluated.file, evaluated.name))
        group.last, group.parts[evaluated.part] = event, evaluated.rules
        group.iterations += 1
        group.total_seconds += seconds
        group.recent.append(seconds)
        group.samples, group.fresh = group.fresh, 0
        self.iterations += 1
        if event.late > _LATE:
            self.late += 1
        if event.missed:
            group.iterations += event.missed
            group.missed += event.missed
            self.missed += event.missed

    def forget(self) -> None:
        """Other groups are evaluated from now on."""
        self._groups.clear()
        self.failing.clear()

    @property
    def groups(self) -> Sequence[Tally]:
        """All of them, in order."""
        return [self._groups[key] for key in sorted(self._groups)]

    def _group(self, key: Key) -> Tally:
        return self._groups.get(key) or self._groups.setdefault(key, Tally(key))

    def _answered(self, group: Tally, rule: Rule, samples: int) -> None:
        self.samples += samples
        group.fresh += samples
        if samples or rule.name in group.answered:
            group.answered[rule.name] = samples


def quantiles(seconds: Iterable[float], parts: Sequence[float]) -> list[tuple[float, float]]:
    """Each part with the smallest of these that so many do not exceed; nothing if there are none."""
    ordered = sorted(seconds)
    return [(part, ordered[max(0, -int(-part * len(ordered) // 1) - 1)]) for part in parts] if ordered else []
