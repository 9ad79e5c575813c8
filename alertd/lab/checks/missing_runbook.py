"""An alert without a runbook. Opt-in: not every team writes them."""

from collections.abc import Iterator

from alertd.lab.definition import Check, each_rule
from alertd.lab.findings import Found, Severity
from alertd.lab.subjects import Subject, World

_NAMES = ("runbook_url", "runbook", "playbook_url", "playbook")


def _find(subject: Subject, _: World) -> Iterator[Found]:
    if not any(subject.rule.annotations.get(name, "").strip() for name in _NAMES):
        yield subject.found("it has no runbook", hint='add "runbook_url"')


CHECK = Check("missing-runbook", Severity.WARNING, "an alert has no runbook", each_rule(_find), optional=True)
