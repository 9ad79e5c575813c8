"""Rules and their groups, as the files define them once everything has been checked and merged."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from alertd.core.labels import digest
from alertd.core.when import Condition

DEFAULT_INTERVAL = timedelta(minutes=1)


class OnTrouble(StrEnum):
    """What becomes of a rule's alerts when its query fails (`on_error`) or has no data (`on_no_data`)."""

    HOLD = "hold"
    FIRE = "fire"
    RESOLVE = "resolve"


@dataclass(frozen=True)
class Script:
    """A function in a Python file that decides in place of an expression. `path` is the file, absolute."""

    path: str
    function: str
    params: Mapping[str, Any] = field(default_factory=dict)
    timeout: timedelta = timedelta(seconds=10)

    def __str__(self) -> str:
        return f"{self.path}:{self.function}"


@dataclass(frozen=True)
class Rule:
    """One alerting rule, with an `expr` or, in its place, a `script`.

    Labels and annotations are templates; group labels and `severity` are merged into `labels`.
    """

    name: str
    expr: str
    file: str = ""
    group: str = ""
    line: int = 0
    for_: timedelta = timedelta(0)
    keep_firing_for: timedelta = timedelta(0)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    cooldown: timedelta | None = None
    notify: tuple[str, ...] = ()
    on_error: OnTrouble = OnTrouble.HOLD
    on_no_data: OnTrouble = OnTrouble.HOLD
    datasource: str = ""
    enabled: bool = True
    source_url: str = ""  # where a person sees the expression drawn
    when: Condition | None = None  # which samples of `expr` are alerts; without it all of them
    script: Script | None = None
    twin: int = 0  # how many rules of the same name and labels stand before it in its group

    @cached_property
    def key(self) -> str:
        """Who this rule is across reloads and restarts: file, group, name and labels, but not the expression."""
        parts = [self.file, self.group, self.name, str(self.twin)]
        parts += [text for pair in sorted(self.labels.items()) for text in pair]
        return digest(parts)


@dataclass(frozen=True)
class RuleGroup:
    """Rules that are evaluated at the same instants. `limit` 0 means no limit."""

    name: str
    file: str = ""
    rules: tuple[Rule, ...] = ()
    interval: timedelta = DEFAULT_INTERVAL
    query_offset: timedelta = timedelta(0)
    limit: int = 0
    part: str = ""

    @cached_property
    def key(self) -> str:
        """Who this group is across reloads: its file and name."""
        return f"{self.file};{self.name}"

    @property
    def id(self) -> tuple[str, str]:
        """Which part of which group this is."""
        return self.key, self.part

    @cached_property
    def parts(self) -> tuple["RuleGroup", ...]:
        """What is evaluated together: all that are asked of datasources, and each script by itself.

        A script may take long; it delays nobody but itself. All parts have the instants of the group.
        """
        scripts = [rule for rule in self.rules if rule.script]
        if not scripts:
            return (self,)
        asked = tuple(rule for rule in self.rules if not rule.script)
        alone = tuple(replace(self, rules=(rule,), part=rule.key) for rule in scripts)
        return (replace(self, rules=asked), *alone) if asked else alone
