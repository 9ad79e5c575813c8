"""A metric that this Prometheus has never seen: the rule cannot fire."""

from collections.abc import Iterator, Set

from alertd.lab.definition import Check, each_rule
from alertd.lab.findings import Found, Severity
from alertd.lab.metrics import needs
from alertd.lab.subjects import Subject, World
from alertd.spelling import close

_COMPARED = 20_000  # names among which a similar one is looked for


def _find(subject: Subject, world: World) -> Iterator[Found]:
    known = world.facts.metrics
    if known is None or subject.expr is None or subject.rule.expr not in world.facts.answers:
        return
    missing = dict.fromkeys(need.name for need in needs(subject.expr))
    for name in missing:
        if name not in known and name not in world.recorded:
            yield subject.found(f"Prometheus has no metric {name}", "expr", hint=_similar(name, known))


def _similar(name: str, known: Set[str]) -> str:
    found = close(name, known, cutoff=0.85) if len(known) <= _COMPARED else []
    return f"did you mean {found[0]}?" if found else ""


CHECK = Check("unknown-metric", Severity.WARNING, "a metric does not exist", each_rule(_find), online=True)
