"""`absent()` that fires at once: a scrape that is late or a restart is enough for it."""

from collections.abc import Iterator

from alertd.config.expressions import Binary, Call, Expression
from alertd.lab.definition import Check, each_rule
from alertd.lab.findings import Found, Severity
from alertd.lab.subjects import Subject, World


def _find(subject: Subject, _: World) -> Iterator[Found]:
    if subject.expr is not None and not subject.rule.for_ and _gives_absence(subject.expr):
        message = 'absent() without "for" fires while Prometheus restarts, or when one scrape fails'
        yield subject.found(message, "expr", hint='add "for", of a few scrapes at least')


def _gives_absence(node: Expression) -> bool:
    """Whether what `absent` says is an alert by itself, and not a condition for others."""
    if isinstance(node, Binary) and node.op == "or":
        return _gives_absence(node.left) or _gives_absence(node.right)
    if isinstance(node, Binary) and (node.compares or node.op in ("and", "unless")):
        return _gives_absence(node.left)
    return isinstance(node, Call) and node.function == "absent"


CHECK = Check("absent-for", Severity.WARNING, "absent() has no patience", each_rule(_find))
