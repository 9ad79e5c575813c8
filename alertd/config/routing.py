"""The routing tree of a file becomes the core's: what is inherited is filled in, and every node gets its key."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from alertd.config.alertmanager import RouteEntry
from alertd.config.problems import Place
from alertd.core import durations
from alertd.core.matchers import Matcher
from alertd.core.routes import Route
from alertd.spelling import suggest

ROOT = "{}"
_UPWARD_ONLY = ("matchers", "match", "match_re", "continue", "mute_time_intervals", "active_time_intervals")


@dataclass(frozen=True)
class Names:
    """What a route may name; None: anything, for what there is could not be read."""

    receivers: frozenset[str]
    intervals: frozenset[str] | None


def build(entry: RouteEntry, names: Names, place: Place) -> Route:
    """The tree below the root; what is wrong with it is put down at `place`."""
    for key in _UPWARD_ONLY:
        if getattr(entry, "continue_" if key == "continue" else key):
            place.problem(f'the root route cannot have "{key}"', key, hint="it takes every alert; put it on a child")
    if entry.receiver is None:
        place.problem("the root route needs a receiver", hint='add "receiver"')
    origin = Route(key=ROOT, receiver="")
    return _node(entry, origin, ROOT, names, place)


def _node(entry: RouteEntry, parent: Route, key: str, names: Names, place: Place) -> Route:
    _check_names(entry, names, place)
    interval = parent.group_interval if entry.group_interval is None else entry.group_interval
    repeat = parent.repeat_interval if entry.repeat_interval is None else entry.repeat_interval
    if repeat is not None and repeat < interval and {"group_interval", "repeat_interval"} & entry.model_fields_set:
        shown = durations.format(repeat), durations.format(interval)
        place.note(f"repeat_interval {shown[0]} is shorter than group_interval {shown[1]}, which therefore holds")
    node = Route(
        key=key,
        receiver=parent.receiver if entry.receiver is None else entry.receiver,
        matchers=tuple(_matchers(entry)),
        continue_=entry.continue_,
        group_by=parent.group_by if entry.group_by is None else _group_by(entry.group_by),
        group_wait=parent.group_wait if entry.group_wait is None else entry.group_wait,
        group_interval=interval,
        repeat_interval=repeat,
        mute_time_intervals=tuple(entry.mute_time_intervals),
        active_time_intervals=tuple(entry.active_time_intervals),
        labels=parent.labels.merged(entry.labels),
    )
    keys = _keys(entry, key)
    below = (
        _node(child, node, next(keys), names, place.within("routes", index)) for index, child in enumerate(entry.routes)
    )
    return replace(node, routes=tuple(below))


def _keys(entry: RouteEntry, key: str) -> Iterator[str]:
    """The keys of the children: the path of matchers; `#2` is appended for the second that matches the same."""
    seen: Counter[str] = Counter()
    for child in entry.routes:
        own = f"{key}/{{{','.join(map(str, _matchers(child)))}}}"
        seen[own] += 1
        yield own if seen[own] == 1 else f"{own}#{seen[own]}"


def _matchers(entry: RouteEntry) -> list[Matcher]:
    """All of a node, in Alertmanager's order; `match_re` is spelled as Alertmanager spells it in its group keys."""
    found = [Matcher(name, "=", value) for name, value in entry.match.items()]
    found += [Matcher(name, "=~", f"^(?:{value})$") for name, value in entry.match_re.items()]
    found += entry.matchers
    return sorted(found, key=lambda matcher: (matcher.name, matcher.value, matcher.op))


def _group_by(names: list[str]) -> tuple[str, ...] | None:
    return None if names == ["..."] else tuple(names)


def _check_names(entry: RouteEntry, names: Names, place: Place) -> None:
    if entry.receiver is not None and entry.receiver not in names.receivers:
        hint = suggest(entry.receiver, names.receivers)
        place.problem(f'unknown receiver "{entry.receiver}"', "receiver", hint=hint)
    if names.intervals is None:
        return
    for key in ("mute_time_intervals", "active_time_intervals"):
        for index, name in enumerate(getattr(entry, key)):
            if name not in names.intervals:
                place.problem(f'unknown time interval "{name}"', key, index, hint=suggest(name, names.intervals))


def only(receiver: str) -> Route:
    """The tree of a configuration without one: everything goes to its one receiver."""
    return Route(key=ROOT, receiver=receiver)
