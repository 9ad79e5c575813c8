"""What a check may find, and how bad that is."""

from dataclasses import dataclass
from enum import StrEnum

from alertd.errors import Problem


class Severity(StrEnum):
    """How bad a finding is: `error` is certainly broken, `warning` does something else than it seems to, `info`."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """The worse, the larger."""
        return (Severity.INFO, Severity.WARNING, Severity.ERROR).index(self)


@dataclass(frozen=True, slots=True)
class Found:
    """One thing a check saw. `group_line` and `rule_line` say what it belongs to; 0 if to none."""

    problem: Problem
    group_line: int = 0
    rule_line: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, by which check, and how bad that is."""

    check: str
    severity: Severity
    problem: Problem

    def __str__(self) -> str:
        problem = self.problem
        place = ":".join(str(part) for part in (problem.path, problem.line, problem.column) if part)
        named = Problem(problem.message, group=problem.group, rule=problem.rule, hint=problem.hint)
        return ": ".join(part for part in (place, str(self.severity), str(named)) if part) + f" [{self.check}]"
