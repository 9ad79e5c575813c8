"""A template prints a label that the expression has aggregated away: the text has a hole in its place."""

from collections.abc import Iterator

from alertd.lab.definition import Check, each_rule
from alertd.lab.findings import Found, Severity
from alertd.lab.reach import Names, labels_of
from alertd.lab.subjects import Subject, World
from alertd.lab.templates import uses

_ALWAYS = frozenset(("__name__",))


def _find(subject: Subject, _: World) -> Iterator[Found]:
    if subject.expr is None:
        return
    left = labels_of(subject.expr)
    for (section, key), text in subject.texts.items():
        used = uses(text)
        for name in sorted(used.printed - used.tested - _ALWAYS):
            if name not in left:
                message = f"{section}.{key} prints the label {name}, which no series of the expression has"
                yield subject.found(message, section, key, hint=_advice(name, left, subject))


def _advice(name: str, left: Names, subject: Subject) -> str:
    if name == "alertname" or "{{" not in subject.rule.labels.get(name, "{{"):
        return "templates see the labels of the series, not those of the rule: write the value itself"
    if left.but:
        return "it was aggregated away"
    return f"it has {', '.join(sorted(left.names))}" if left.names else "it has no labels at all"


CHECK = Check("lost-label", Severity.WARNING, "a template prints a label that is not there", each_rule(_find))
