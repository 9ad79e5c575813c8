"""Which templates a template calls, directly and through others."""

from collections.abc import Callable, Iterator, Sequence

from alertd.templating.nodes import Call, If, Node, Range, Template, With


def called(nodes: Sequence[Node]) -> Iterator[str]:
    """The names after `template` and `block`, in the order of the text; some more than once."""
    for node in nodes:
        if isinstance(node, Call):
            yield node.name
        elif isinstance(node, (If, With, Range)):
            yield from called(node.body)
            yield from called(node.orelse)


def reachable(main: Template, find: Callable[[str], Template | None]) -> dict[str, Template | None]:
    """Every template that may be executed when this one is; None where `find` has none."""
    found: dict[str, Template | None] = {}
    waiting = [*called(main.body)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = template = find(name)
            waiting += called(template.body) if template else ()
    return found
