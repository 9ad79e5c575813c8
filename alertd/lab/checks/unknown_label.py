"""A label that no series of the metric has: the matcher finds nothing, or a text has a hole."""

from collections.abc import Iterator, Set

from alertd.lab.definition import Check, each_rule
from alertd.lab.findings import Found, Severity
from alertd.lab.metrics import needs
from alertd.lab.subjects import Subject, World
from alertd.lab.templates import uses


def _find(subject: Subject, world: World) -> Iterator[Found]:
    if subject.expr is None or subject.rule.expr not in world.facts.answers:
        return
    printed = _printed(subject)
    told = set()
    for need in needs(subject.expr):
        has = world.facts.labels.get(need.name, frozenset())
        lacking = (need.labels | (need.grouped & printed)) - has if has else frozenset()
        for name in sorted(lacking):
            if (need.name, name) not in told:
                told.add((need.name, name))
                yield subject.found(f"no series of {need.name} has a label {name}", "expr", hint=_those(has))


def _printed(subject: Subject) -> frozenset[str]:
    """Labels of which the text would lack the value; a sum by others that may not be there is no mistake."""
    every = [uses(text) for text in subject.texts.values()]
    return frozenset(name for one in every for name in one.printed - one.tested)


def _those(names: Set[str]) -> str:
    shown = sorted(names - {"__name__"})
    return f"there is: {', '.join(shown[:12])}{', …' if len(shown) > 12 else ''}"


CHECK = Check("unknown-label", Severity.WARNING, "a metric has no such label", each_rule(_find), online=True)
