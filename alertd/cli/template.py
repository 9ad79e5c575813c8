"""`alertd template render`: what a text becomes, with the templates of a configuration."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import click

from alertd.cli.paths import FILE
from alertd.cli.problems import fail
from alertd.config import load, templates
from alertd.config.problems import Place
from alertd.config.values import Overrides
from alertd.config.yamltext import Node
from alertd.errors import ConfigError, TemplateError
from alertd.templating.notifications import Alert, NotificationData, TemplateSet, compile_templates

_EXAMPLE = {
    "receiver": "example",
    "status": "firing",
    "alerts": [
        {"status": "firing", "labels": {"instance": "db-1"}, "annotations": {"summary": "The disk of db-1 is full"}},
        {"status": "resolved", "labels": {"instance": "db-2"}, "annotations": {"summary": "The disk of db-2 is full"}},
    ],
    "groupLabels": {"alertname": "DiskFull"},
    "commonLabels": {"alertname": "DiskFull", "severity": "critical"},
    "externalURL": "http://localhost:9093",
}


@click.group()
def command() -> None:
    """Try the templates of notifications."""


@command.command()
@click.option("--config", type=FILE, help="The configuration whose template files are used.")
@click.option("--template.glob", "globs", multiple=True, help="More template files; may be given several times.")
@click.option("--template.text", "text", required=True, help="What to render, like '{{ template \"__subject\" . }}'.")
@click.option(
    "--template.type", "kind", type=click.Choice(["text", "html"]), default="text", show_default=True,
    help="Whether values are escaped as in a page.",
)  # fmt: skip
@click.option(
    "--template.data", "data", type=click.File(), help="A notification as webhooks get it, JSON; - for stdin."
)
def render(config: Path | None, globs: tuple[str, ...], text: str, kind: str, data: IO[str] | None) -> None:
    """Print what a text becomes; without data, of an example."""
    from alertd.clock import SystemClock

    now = SystemClock().now()
    notification = _notification(_read(data) if data else _EXAMPLE, now)
    try:
        compiled = _templates(config, globs)
        made = compiled.html(text, notification) if kind == "html" else compiled.text(text, notification)
    except (ConfigError, TemplateError) as error:
        fail(error)
    click.echo(made)


def _templates(config: Path | None, globs: tuple[str, ...]) -> TemplateSet:
    """Those of the configuration, and then those of the globs. Raises ConfigError."""
    before = load(config, Overrides()).templates.files if config else ()
    place = Place("command line", Node(0, 0, entries={}))
    more = templates.read(globs, Path(), place)
    if place.found or place.notes:
        raise ConfigError([*place.found, *place.notes])
    return compile_templates([*before, *more.files])


def _read(data: IO[str]) -> Mapping[str, Any]:
    try:
        found = json.load(data)
    except ValueError as problem:
        raise click.BadParameter(f"not JSON: {problem}", param_hint="--template.data") from None
    if not isinstance(found, dict):
        raise click.BadParameter("not an object", param_hint="--template.data")
    if not isinstance(found.get("alerts"), list):
        raise click.BadParameter("not a notification: it has no list of alerts", param_hint="--template.data")
    return found


def _notification(document: Mapping[str, Any], now: datetime) -> NotificationData:
    """A notification from the JSON of a webhook; what it lacks is empty, times are now."""
    try:
        common = document.get("commonLabels") or {}
        return NotificationData(
            receiver=str(document.get("receiver", "")),
            status=str(document.get("status", "firing")),
            alerts=[_alert(one, common, now) for one in document.get("alerts") or ()],
            now=now,
            group_labels=document.get("groupLabels") or {},
            common_labels=common,
            common_annotations=document.get("commonAnnotations") or {},
            external_url=str(document.get("externalURL", "")),
            reason=str(document.get("notificationReason", "")),
            route_labels=document.get("routeLabels") or {},
        )
    except (ValueError, TypeError, AttributeError) as problem:
        raise click.BadParameter(f"not a notification: {problem}", param_hint="--template.data") from None


def _alert(one: Mapping[str, Any], common: Mapping[str, str], now: datetime) -> Alert:
    status = str(one.get("status", "firing"))
    ended = _time(one["endsAt"]) if one.get("endsAt") else None if status == "firing" else now
    return Alert(
        status,
        {**common, **(one.get("labels") or {})},
        one.get("annotations") or {},
        _time(one["startsAt"]) if one.get("startsAt") else now - timedelta(hours=1),
        ended,
        str(one.get("generatorURL", "")),
        str(one.get("fingerprint", "")),
    )


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
