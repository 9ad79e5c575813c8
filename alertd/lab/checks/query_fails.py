"""An expression that this Prometheus cannot answer: the rule would be in error with every evaluation."""

from collections.abc import Iterator

from alertd.lab.definition import Check, each_rule
from alertd.lab.findings import Found, Severity
from alertd.lab.subjects import Subject, World


def _find(subject: Subject, world: World) -> Iterator[Found]:
    answer = world.facts.answers.get(subject.rule.expr)
    if answer is not None and answer.error:
        yield subject.found(f"Prometheus cannot answer it: {answer.error}", "expr")


CHECK = Check("query-fails", Severity.ERROR, "Prometheus refuses the expression", each_rule(_find), online=True)
