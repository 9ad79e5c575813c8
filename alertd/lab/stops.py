"""Where an alert would go: the routes it ends at, and how it is grouped there, without telling anybody."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alertd.config.values import Config, Integration
from alertd.core.groups import group_key
from alertd.core.labels import Labels
from alertd.core.routes import Route, group_labels, match


@dataclass(frozen=True)
class Stop:
    """One route an alert ends at. `together` are the others of the given alerts that its message would tell of, too."""

    route: Route
    group_key: str
    group_labels: Labels
    integrations: tuple[Integration, ...]
    together: tuple[Labels, ...]


def stops(config: Config, alert: Labels, others: Sequence[Labels] = ()) -> Iterator[Stop]:
    """The ends of an alert, in the order in which the routes stand in the configuration."""
    integrations = {receiver.name: receiver.integrations for receiver in config.receivers}
    for route in match(config.route, alert):
        grouped = group_labels(route, alert)
        yield Stop(
            route,
            group_key(route, grouped),
            grouped,
            integrations.get(route.receiver, ()),
            tuple(other for other in others if _shares(config.route, route, grouped, other)),
        )


def _shares(root: Route, route: Route, grouped: Labels, other: Labels) -> bool:
    return route in match(root, other) and group_labels(route, other) == grouped
