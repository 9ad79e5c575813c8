"""What a reload changed: rules added, removed and changed, and how many live alerts each of them concerns."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from alertd.core.alerts import Alert
from alertd.core.rules import Rule, RuleGroup

_PLACE = frozenset(("line", "source_url", "twin"))  # where a rule stands, not what it says
_OF_GROUP = ("interval", "query_offset", "limit")


@dataclass(frozen=True, slots=True)
class Change:
    """One rule before and after; None where there is none. `what` are the keys that changed.

    `pending` and `firing` count its alerts at that time: they end if the rule does, else they go on.
    """

    before: Rule | None
    after: Rule | None
    what: tuple[str, ...] = ()
    pending: int = 0
    firing: int = 0

    @property
    def sign(self) -> str:
        """`+`, `-` or `~`, as in a diff."""
        if self.before is None:
            return "+"
        return "-" if self.after is None else "~"

    def __str__(self) -> str:
        rule = self.after or self.before
        assert rule is not None
        what = f": {', '.join(self.what)}" if self.what else ""
        return f'{self.sign} {rule.file}, group "{rule.group}": {rule.name}{what}{self._alerts()}'

    def _alerts(self) -> str:
        counts = [f"{count} {state}" for count, state in ((self.firing, "firing"), (self.pending, "pending")) if count]
        if not counts or self.before is None:
            return ""
        ends = self.after is None or not self.after.enabled
        return f" ({' and '.join(counts)} {'end' if ends else 'go on'})"


def compare(
    before: Iterable[RuleGroup], after: Iterable[RuleGroup], alive: Callable[[str], Iterable[Alert]]
) -> tuple[Change, ...]:
    """The changes between two sets of groups, in the order of the files; `alive` gives the alerts of a rule by key."""
    old, new = _by_key(before), _by_key(after)
    changes = [_change(old.get(key), new.get(key), alive(key)) for key in {**old, **new}]
    return tuple(sorted((change for change in changes if change), key=_place))


def _by_key(groups: Iterable[RuleGroup]) -> Mapping[str, tuple[RuleGroup, Rule]]:
    return {rule.key: (group, rule) for group in groups for rule in group.rules}


def _change(
    before: tuple[RuleGroup, Rule] | None, after: tuple[RuleGroup, Rule] | None, alerts: Iterable[Alert]
) -> Change | None:
    what = _differences(before, after) if before and after else ()
    if before and after and not what:
        return None
    states = [alert.firing for alert in alerts]
    firing = sum(states)
    return Change(before and before[1], after and after[1], what, len(states) - firing, firing)


def _differences(before: tuple[RuleGroup, Rule], after: tuple[RuleGroup, Rule]) -> tuple[str, ...]:
    old_group, old = before
    new_group, new = after
    keys = [field.name for field in fields(Rule) if field.name not in _PLACE]
    of_rule = [key for key in keys if getattr(old, key) != getattr(new, key)]
    return (*map(_spoken, of_rule), *(key for key in _OF_GROUP if getattr(old_group, key) != getattr(new_group, key)))


def _spoken(key: str) -> str:
    return {"for_": "for", "script": "python"}.get(key, key)


def _place(change: Change) -> tuple[Any, ...]:
    rule = change.after or change.before
    assert rule is not None
    return rule.file, rule.group, rule.line, rule.name, change.sign
