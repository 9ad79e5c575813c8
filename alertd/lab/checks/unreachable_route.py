"""A route that no alert can reach: one before it takes them all, or its matchers contradict each other."""

from collections.abc import Iterator

from alertd.lab.definition import Check
from alertd.lab.findings import Found, Severity
from alertd.lab.routetree import Placed, contradiction, found, routes, surely
from alertd.lab.subjects import World


def _find(world: World) -> Iterator[Found]:
    for placed in routes(world):
        reason = _reason(placed)
        if reason and world.config_source:
            yield found(world.config_source, placed.node, f"no alert can reach this route: {reason[0]}", reason[1])


def _reason(placed: Placed) -> tuple[str, str] | None:
    clash = contradiction(placed.path)
    if clash is not None and (set(clash) & set(placed.route.matchers)):
        return f"{clash[0]} and {clash[1]} exclude each other", ""
    for earlier in placed.before:
        if not earlier.route.continue_ and all(surely(one, placed.path) for one in earlier.route.matchers):
            return (
                f"the one in line {earlier.node.line} takes all of them",
                'move it up, or give that one "continue: true"',
            )
    return None


CHECK = Check("unreachable-route", Severity.ERROR, "no alert can reach a route", _find)
