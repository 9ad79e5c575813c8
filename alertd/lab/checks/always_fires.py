"""An expression that compares nothing: every series it finds is an alert, as long as it exists."""

from collections.abc import Iterator

from alertd.config.expressions import Expression, Selector, walk
from alertd.lab.definition import Check, each_rule
from alertd.lab.emptiness import may_be_empty
from alertd.lab.findings import Found, Severity
from alertd.lab.subjects import Subject, World


def _find(subject: Subject, world: World) -> Iterator[Found]:
    expr = subject.expr
    if expr is None or subject.rule.when or not _looks_at_series(expr) or may_be_empty(expr, world.recorded):
        return
    message = "nothing is compared: this fires for every series there is, whatever its value"
    yield subject.found(message, "expr", hint="compare it, as in … > 0")


def _looks_at_series(expr: Expression) -> bool:
    """False for `vector(1)` and its like, which are meant to fire always."""
    return any(isinstance(node, Selector) for node in walk(expr))


CHECK = Check("always-fires", Severity.WARNING, "the expression compares nothing", each_rule(_find))
