"""A label that holds the value: each evaluation makes another alert of it."""

from collections.abc import Iterator

from alertd.config.expressions import Binary, is_scalar
from alertd.lab.definition import Check, each_rule
from alertd.lab.findings import Found, Severity
from alertd.lab.subjects import Subject, World
from alertd.lab.templates import uses


def _find(subject: Subject, _: World) -> Iterator[Found]:
    if _pinned(subject):
        return
    for name, text in subject.rule.labels.items():
        if uses(text).value:
            message = f"labels.{name} holds the value, so each new value is another alert"
            if subject.rule.for_:
                message += ', and "for" starts anew'
            yield subject.found(message, "labels", name, hint="put it into an annotation")


def _pinned(subject: Subject) -> bool:
    """Whether the value is the same whenever the alert fires."""
    expr = subject.expr
    return isinstance(expr, Binary) and expr.compares and expr.op == "==" and is_scalar(expr.right)


CHECK = Check("value-in-labels", Severity.WARNING, "a label changes with every evaluation", each_rule(_find))
