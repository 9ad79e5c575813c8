"""A route for an alert name that no rule has; alerts may come from elsewhere, so it is only said."""

import re
from collections.abc import Callable, Iterator

from alertd.core.matchers import Matcher
from alertd.lab.definition import Check
from alertd.lab.findings import Found, Severity
from alertd.lab.routetree import found, routes
from alertd.lab.subjects import World

_LIST = re.compile(r"(?:\^\(\?:)?[\w ]+(?:\|[\w ]+)*(?:\)\$)?")


def _find(world: World) -> Iterator[Found]:
    if not world.complete or not world.subjects:
        return
    names = {subject.rule.name for subject in world.subjects}
    for placed in routes(world):
        for matcher in placed.route.matchers:
            if world.config_source and _names_alerts(matcher) and not any(map(_matching(matcher), names)):
                message = f"no rule has a name that matches {matcher}"
                yield found(world.config_source, placed.node, message, "or do such alerts come from elsewhere?")


def _names_alerts(matcher: Matcher) -> bool:
    """Whether it lists names, and not a kind of names that may be yet to come."""
    if matcher.name != "alertname":
        return False
    return matcher.op == "=" or (matcher.op == "=~" and _LIST.fullmatch(matcher.value) is not None)


def _matching(matcher: Matcher) -> Callable[[str], bool]:
    return lambda name: matcher.matches({"alertname": name})


CHECK = Check("unused-route", Severity.INFO, "a route waits for an alert that no rule makes", _find)
