"""The routing tree: which receivers an alert goes to, and how it is grouped there. Inheritance is already resolved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from alertd.core.alerts import Alert
from alertd.core.labels import Labels
from alertd.core.matchers import Matcher

GROUP_WAIT = timedelta(seconds=30)
GROUP_INTERVAL = timedelta(minutes=5)
REPEAT_INTERVAL = timedelta(hours=4)


@dataclass(frozen=True)
class Route:
    """One node of the tree. `group_by` None groups by all labels (`...`).

    `repeat_interval` None: nobody set one, so a rule's cooldown is its repeat, else four hours. `key` is the path of
    matchers from the root in Alertmanager's notation, made unique among siblings that match the same.
    """

    key: str
    receiver: str
    matchers: tuple[Matcher, ...] = ()
    continue_: bool = False
    group_by: tuple[str, ...] | None = ()
    group_wait: timedelta = GROUP_WAIT
    group_interval: timedelta = GROUP_INTERVAL
    repeat_interval: timedelta | None = None
    mute_time_intervals: tuple[str, ...] = ()
    active_time_intervals: tuple[str, ...] = ()
    labels: Labels = field(default_factory=Labels)
    routes: tuple["Route", ...] = ()

    def walk(self) -> Iterator["Route"]:
        """This node and all below it, parents first."""
        yield self
        for child in self.routes:
            yield from child.walk()


def match(route: Route, labels: Labels) -> Sequence[Route]:
    """The routes these labels end at, in order, depth first; empty if the route itself does not match.

    Source: Alertmanager's `dispatch.Route.Match`: a matching child without `continue` stops its siblings, and a node
    none of whose children match is itself the end.
    """
    if not all(matcher.matches(labels) for matcher in route.matchers):
        return ()
    found: list[Route] = []
    for child in route.routes:
        below = match(child, labels)
        found += below
        if below and not child.continue_:
            break
    return found or (route,)


def routes_of(root: Route, alert: Alert) -> Sequence[Route]:
    """The routes of an alert: those its rule names with `notify`, in place of the tree, or those of the tree."""
    if alert.notify:
        return tuple(direct(root, receiver) for receiver in alert.notify)
    return match(root, alert.labels)


def direct(root: Route, receiver: str) -> Route:
    """The route of a rule that names its receiver: grouped and timed as the root is."""
    return replace(
        root,
        key=f"{root.key}/notify:{receiver}",
        receiver=receiver,
        matchers=(),
        routes=(),
        mute_time_intervals=(),
        active_time_intervals=(),
    )


def group_labels(route: Route, labels: Labels) -> Labels:
    """The labels this route groups by, as far as the alert has them."""
    return labels if route.group_by is None else labels.only(route.group_by)
