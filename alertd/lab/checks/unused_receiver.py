"""A receiver that no route and no rule names: nobody is ever told there."""

from collections.abc import Iterator

from alertd.lab.definition import Check
from alertd.lab.findings import Found, Severity
from alertd.lab.routetree import found
from alertd.lab.subjects import World


def _find(world: World) -> Iterator[Found]:
    source, config = world.config_source, world.config
    if source is None or config is None or not world.complete or not source.documents:
        return
    used = {route.receiver for route in config.route.walk()}
    used |= {name for subject in world.subjects for name in subject.rule.notify}
    listed = source.documents[0].child("receivers")
    for receiver, node in zip(config.receivers, (listed.items or ()) if listed else (), strict=False):
        if receiver.name not in used:
            message = f'no route and no rule names the receiver "{receiver.name}"'
            yield found(source, node, message, "remove it, or route something to it")


CHECK = Check("unused-receiver", Severity.WARNING, "a receiver is never told anything", _find)
