"""A severity that alertd does not know ranks as `warning`; perhaps it is a spelling mistake."""

from collections.abc import Iterator

from alertd.core.severity import Severity as Rank
from alertd.lab.definition import Check
from alertd.lab.findings import Found, Severity
from alertd.lab.subjects import Subject, World
from alertd.spelling import suggest

_KNOWN = tuple(rank.name.lower() for rank in Rank)


def _find(world: World) -> Iterator[Found]:
    """Each word once a file, where it stands first."""
    routed = _routed(world)
    places: dict[tuple[str, str], list[Subject]] = {}
    for subject in world.subjects:
        written = subject.rule.labels.get("severity", "")
        if written and "{{" not in written and written.lower() not in _KNOWN and written not in routed:
            places.setdefault((subject.group.file, written), []).append(subject)
    for (_, written), subjects in places.items():
        of = f" of {len(subjects)} rules" if len(subjects) > 1 else ""
        hint = suggest(written.lower(), _KNOWN)
        yield subjects[0].found(f'the severity "{written}"{of} ranks as warning', "labels", "severity", hint=hint)


def _routed(world: World) -> frozenset[str]:
    """Severities that routes ask for by name: somebody means them."""
    routes = world.config.route.walk() if world.config else ()
    return frozenset(
        one.value for route in routes for one in route.matchers if one.name == "severity" and one.op == "="
    )


CHECK = Check("unknown-severity", Severity.INFO, "a severity has no rank of its own", _find)
