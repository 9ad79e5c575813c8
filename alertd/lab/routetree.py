"""The routing tree together with the places where its nodes stand, and what a path of matchers allows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alertd.config.yamltext import Node
from alertd.core.matchers import Matcher
from alertd.core.routes import Route
from alertd.errors import Problem
from alertd.lab.findings import Found
from alertd.lab.subjects import Source, World


@dataclass(frozen=True)
class Placed:
    """One route: where it stands, all matchers from the root to it, and the siblings before it."""

    route: Route
    node: Node
    path: tuple[Matcher, ...] = ()
    before: tuple["Placed", ...] = ()


def routes(world: World) -> Iterator[Placed]:
    """All routes but the root, parents first; none if the configuration has no tree or could not be read."""
    source = world.config_source
    node = source.documents[0].child("route") if source and source.documents else None
    if world.config and node is not None:
        yield from _below(Placed(world.config.route, node))


def _below(parent: Placed) -> Iterator[Placed]:
    child = parent.node.child("routes")
    nodes: Sequence[Node] = (child.items or ()) if child is not None else ()
    if len(nodes) != len(parent.route.routes):
        return
    before: tuple[Placed, ...] = ()
    for route, node in zip(parent.route.routes, nodes, strict=True):
        placed = Placed(route, node, (*parent.path, *route.matchers), before)
        yield placed
        yield from _below(placed)
        before = (*before, placed)


def surely(matcher: Matcher, given: Sequence[Matcher]) -> bool:
    """Whether labels that satisfy all of `given` satisfy this one too."""
    return matcher in given or any(
        one.op == "=" and one.name == matcher.name and matcher.matches({one.name: one.value}) for one in given
    )


def contradiction(given: Sequence[Matcher]) -> tuple[Matcher, Matcher] | None:
    """Two of these matchers that no label set satisfies together, if that can be told."""
    for one in given:
        for other in given:
            if one.op == "=" and one.name == other.name and not other.matches({one.name: one.value}):
                return one, other
    return None


def found(source: Source, node: Node, message: str, hint: str = "") -> Found:
    """Something about a place in the configuration."""
    return Found(Problem(message, source.path, node.line, node.column, hint=hint))
