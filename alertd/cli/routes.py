"""`alertd routes`: the routing tree as a picture, and where an alert would go."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from alertd.cli.client import output_option
from alertd.cli.grammars import matchers_option
from alertd.cli.paths import FILE
from alertd.cli.problems import fail
from alertd.cli.terminal import plain
from alertd.cli.times import instant
from alertd.clock import SystemClock
from alertd.config import load
from alertd.config.values import Config, Overrides
from alertd.core import durations
from alertd.core.labels import Labels
from alertd.core.matchers import Grammar
from alertd.core.routes import REPEAT_INTERVAL, Route
from alertd.errors import ConfigError
from alertd.lab.stops import Stop, stops

_config_option = click.option(
    "--config",
    type=FILE,
    required=True,
    help="The configuration; an alertmanager.yml will do.",
)


@click.group()
def command() -> None:
    """The routing tree, and where alerts go."""


@command.command()
@_config_option
@matchers_option
@output_option
def show(config: Path, grammar: Grammar, output: str) -> None:
    """Draw the routing tree."""
    route = _loaded(config, grammar).route
    if output == "json":
        click.echo(json.dumps(_tree(route), indent=2, ensure_ascii=False))
        return
    for line in _drawn(route, route, "", ""):
        click.echo(plain(line))


def _labels(_: click.Context, __: click.Parameter, pairs: Iterable[str]) -> Labels:
    return _parsed(pairs)


def _alerts(_: click.Context, __: click.Parameter, alerts: Iterable[str]) -> tuple[Labels, ...]:
    return tuple(_parsed(text.split()) for text in alerts)


def _parsed(pairs: Iterable[str]) -> Labels:
    """`name=value` words; quotes around a value may stay."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not name or not sign:
            raise click.BadParameter(f"{pair!r} is no label: write name=value")
        quoted = len(value) > 1 and value[0] == value[-1] == '"'
        found[name] = value[1:-1] if quoted else value
    return Labels(found)


@command.command(short_help="Say where an alert would go.")
@click.argument("labels", nargs=-1, required=True, callback=_labels, metavar="NAME=VALUE…")
@_config_option
@click.option(
    "--with", "others", multiple=True, callback=_alerts, metavar="LABELS", help="Another alert that fires; repeatable."
)
@click.option("--at", callback=instant, metavar="TIME", help="When, for time intervals; without it, now.")
@click.option("--expect", metavar="RECEIVERS", help="Exit with 1 unless these are told: names, separated by commas.")
@matchers_option
@output_option
def test(
    labels: Labels,
    config: Path,
    others: tuple[Labels, ...],
    at: datetime | None,
    expect: str | None,
    grammar: Grammar,
    output: str,
) -> None:
    """Say where an alert with these labels would go, what would mute it, and what would share its message."""
    now = at or SystemClock().now()
    found = list(stops(_loaded(config, grammar), labels, others, now))
    if output == "json":
        click.echo(json.dumps([_document(stop) for stop in found], indent=2, ensure_ascii=False))
    else:
        _print(found)
    if expect is not None:
        _compare([stop.route.receiver for stop in found], expect.split(","))


def _compare(told: Sequence[str], expected: Sequence[str]) -> None:
    if list(told) != [name.strip() for name in expected]:
        click.echo(f"expected {', '.join(expected)}, but it goes to {', '.join(told)}", err=True)
        sys.exit(1)


def _loaded(path: Path, grammar: Grammar) -> Config:
    try:
        return load(path, Overrides(matchers=grammar))
    except ConfigError as error:
        fail(error)


def _drawn(route: Route, parent: Route, lead: str, below: str) -> Iterator[str]:
    """One line a node, in the order in which they are tried."""
    matchers = ", ".join(map(str, route.matchers)) or "everything"
    more = ", ".join(_changes(route, parent))
    yield f"{lead}{matchers} → {route.receiver}{'; continue' if route.continue_ else ''}{f' ({more})' if more else ''}"
    for child in route.routes:
        last = child is route.routes[-1]
        yield from _drawn(child, route, f"{below}{'└─ ' if last else '├─ '}", f"{below}{'   ' if last else '│  '}")


def _changes(route: Route, parent: Route) -> Iterator[str]:
    """What a node does otherwise than the one above it; of the root, everything."""
    root = route is parent
    if root or route.group_by != parent.group_by:
        yield _grouping(route)
    for name in ("group_wait", "group_interval", "repeat_interval"):
        value = getattr(route, name)
        if value is not None and (root or value != getattr(parent, name)):
            yield f"{name} {durations.format(value)}"
    for name in ("mute_time_intervals", "active_time_intervals"):
        if getattr(route, name):
            yield f"{name} {', '.join(getattr(route, name))}"


def _grouping(route: Route) -> str:
    if route.group_by is None:
        return "by all labels"
    return f"by {', '.join(route.group_by)}" if route.group_by else "one group"


def _print(found: Iterable[Stop]) -> None:
    for stop in found:
        click.echo(click.style(plain(stop.route.receiver), bold=True))
        for name, text in _rows(stop):
            click.echo(f"  {name:8} {plain(text)}")


def _rows(stop: Stop) -> Iterator[tuple[str, str]]:
    route = stop.route
    repeat = durations.format(route.repeat_interval or REPEAT_INTERVAL)
    own = "" if route.repeat_interval else ", or after the cooldown of its rule"
    yield "route", route.key
    yield "group", f"{stop.group_labels!r}, {_grouping(route)}"
    for other in stop.together:
        yield "", f"with {other!r}"
    if stop.muted:
        yield "muted", str(stop.muted)
    if route.mute_time_intervals or route.active_time_intervals:
        yield "times", _turn(stop)
    yield "first", f"{durations.format(route.group_wait)} after it fires"
    yield "news", f"every {durations.format(route.group_interval)}"
    yield "repeated", f"every {repeat}{own}"
    yield "through", ", ".join(one.id.rpartition("/")[2] for one in stop.integrations) or "nothing: it tells nobody"


def _turn(stop: Stop) -> str:
    """When its time intervals end to mute the route, or begin."""
    mute, at = _is_mute(stop), stop.turns_at
    if at is None:
        return "mute it for more than a year" if mute else "do not mute it within a year"
    return f"mute it {'until' if mute else 'from'} {at:%Y-%m-%d %H:%M}Z"


def _is_mute(stop: Stop) -> bool:
    return bool(stop.muted.muted_by or stop.muted.outside)


def _tree(route: Route) -> Mapping[str, Any]:
    return {**_settings(route), "routes": [_tree(child) for child in route.routes]}


def _document(stop: Stop) -> Mapping[str, Any]:
    return {
        **_settings(stop.route),
        "groupKey": stop.group_key,
        "groupLabels": dict(stop.group_labels),
        "integrations": [one.id for one in stop.integrations],
        "together": [dict(other) for other in stop.together],
        "muted": str(stop.muted) if stop.muted else None,
        "mutedUntil" if _is_mute(stop) else "mutedFrom": stop.turns_at.isoformat() if stop.turns_at else None,
    }


def _settings(route: Route) -> Mapping[str, Any]:
    return {
        "receiver": route.receiver,
        "key": route.key,
        "matchers": list(map(str, route.matchers)),
        "continue": route.continue_,
        "group_by": ["..."] if route.group_by is None else list(route.group_by),
        "group_wait": durations.format(route.group_wait),
        "group_interval": durations.format(route.group_interval),
        "repeat_interval": durations.format(route.repeat_interval) if route.repeat_interval else None,
        "mute_time_intervals": list(route.mute_time_intervals),
        "active_time_intervals": list(route.active_time_intervals),
        "labels": dict(route.labels),
    }
