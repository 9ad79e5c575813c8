"""Where an alert would go: the routes it ends at, and how it is grouped there, without telling anybody."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from alertd.config.values import Config, Integration
from alertd.core.alerts import Alert, State
from alertd.core.groups import group_key
from alertd.core.inhibition import Inhibitor
from alertd.core.intervals import Calendar
from alertd.core.labels import Labels
from alertd.core.mutes import Muting, Verdict
from alertd.core.routes import Route, group_labels, match
from alertd.core.silences import Silences
from alertd.lab.turns import next_turn


@dataclass(frozen=True)
class Stop:
    """One route an alert ends at. `together` are the others of the given alerts that its message would tell of, too.

    `muted`: what would keep it from being told there at that time. `turns_at`: when time intervals end that mute the
    route, or the next begin; None: not within a year.
    """

    route: Route
    group_key: str
    group_labels: Labels
    integrations: tuple[Integration, ...]
    together: tuple[Labels, ...]
    muted: Verdict
    turns_at: datetime | None


def stops(config: Config, alert: Labels, others: Sequence[Labels], at: datetime) -> Iterator[Stop]:
    """The ends of an alert at an instant, in the order in which the routes stand in the configuration."""
    integrations = {receiver.name: receiver.integrations for receiver in config.receivers}
    sources = Inhibitor(config.inhibit_rules, (_firing(labels, at) for labels in (alert, *others)))
    muting = Muting(Silences(), sources, Calendar(config.intervals))
    for route in match(config.route, alert):
        grouped = group_labels(route, alert)
        yield Stop(
            route,
            group_key(route, grouped),
            grouped,
            integrations.get(route.receiver, ()),
            tuple(other for other in others if _shares(config.route, route, grouped, other)),
            muting.verdict(_firing(alert, at), route, at),
            next_turn(config.intervals, route, at),
        )


def _firing(labels: Labels, at: datetime) -> Alert:
    return Alert("", labels, State.FIRING, at, fired_at=at)


def _shares(root: Route, route: Route, grouped: Labels, other: Labels) -> bool:
    return route in match(root, other) and group_labels(route, other) == grouped
