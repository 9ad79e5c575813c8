"""Two rules that make the same alert: receivers are told twice, or of one alert that comes and goes."""

from collections.abc import Hashable, Iterator

from alertd.lab.definition import Check
from alertd.lab.findings import Found, Severity
from alertd.lab.reach import NONE, labels_of
from alertd.lab.subjects import Subject, World


def _find(world: World) -> Iterator[Found]:
    firsts: dict[Hashable, Subject] = {}
    for subject in world.subjects:
        if not subject.rule.enabled:
            continue
        same = _first(firsts, (*_identity(subject, world), _condition(subject)), subject)
        if same is not subject:
            yield subject.found(f"the same alert as {_place(same, subject)}: same name, labels and expression", "alert")
        elif _labelless(subject):
            twin = _first(firsts, _identity(subject, world), subject)
            if twin is not subject:
                message = f"its alert has the same labels as that of {_place(twin, subject)}"
                yield subject.found(
                    message, "alert", hint="give them different names, or a label that tells them apart"
                )


def _first(firsts: dict[Hashable, Subject], key: Hashable, subject: Subject) -> Subject:
    return firsts.setdefault(key, subject)


def _identity(subject: Subject, world: World) -> tuple[Hashable, ...]:
    """What two alerts have in common if their rules' series have no labels; rules that may not meet differ."""
    rule, path = subject.rule, subject.group.file
    home = "" if path in world.together else path
    return home, rule.name, rule.datasource, tuple(sorted(rule.labels.items()))


def _condition(subject: Subject) -> Hashable:
    rule, when = subject.rule, subject.node.child("when")
    script = repr(rule.script) if rule.script else ""
    return " ".join(rule.expr.split()), when.text if when else "", script


def _labelless(subject: Subject) -> bool:
    """Whether its series have no labels at all, and its templates therefore say the same."""
    return subject.expr is not None and labels_of(subject.expr) == NONE


def _place(other: Subject, subject: Subject) -> str:
    where = "" if other.group.file == subject.group.file else f" of {other.group.file}"
    return f"the rule in line {other.node.line}{where}"


CHECK = Check("duplicate-alert", Severity.WARNING, "two rules make the same alert", _find)
