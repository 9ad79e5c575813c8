"""`alertd why`: the story of an alert, from the running daemon: who was told, who was not, and why."""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import click

from alertd.cli.client import Daemon, daemon_options, output_option
from alertd.cli.terminal import plain
from alertd.cli.times import duration, instant
from alertd.core import durations, matchers

_FINGERPRINT = re.compile(r"[0-9a-fA-F]{16}")
_SELECTED = re.compile(r"([^{}=~!\s]*)\{(.*)\}", re.DOTALL)
_STYLES: Mapping[str, Mapping[str, Any]] = {
    "state": {"bold": True},
    "told": {"fg": "green"},
    "held": {"fg": "yellow"},
    "trouble": {"fg": "red"},
    "now": {"fg": "cyan"},
}


@click.command()
@click.argument("which", nargs=-1, metavar="NAME|LABEL=VALUE…|FINGERPRINT")
@click.option("--rule", metavar="NAME", help="Ask for a rule in place of an alert.")
@click.option("--at", callback=instant, metavar="TIME", help="As of then, like 2026-01-31T12:00; default: now.")
@click.option("--since", default="1d", show_default=True, callback=duration, metavar="DURATION", help="How far back.")
@daemon_options
@output_option
def command(
    daemon: Daemon, which: tuple[str, ...], rule: str | None, at: datetime | None, since: timedelta, output: str
) -> None:
    """Say why somebody was told of an alert, or was not.

    Exit code 0: there is such an alert, and this is its story. 1: there is none, and this is why.
    """
    if not which and not rule:
        raise click.UsageError("say which alert: its name, labels like job=api, or its fingerprint; or --rule NAME")
    asked: dict[str, Any] = {"since": durations.format(since), "filter": []}
    for name, value in _asked(which):
        asked[name] = [*asked["filter"], value] if name == "filter" else value
    more = {"rule": rule, "at": at.isoformat() if at else None}
    story = daemon.data("/api/v1/why", {**asked, **{name: value for name, value in more.items() if value}})
    if output == "json":
        click.echo(json.dumps(story, indent=2, ensure_ascii=False))
    else:
        for line in lines(story, colourful=sys.stdout.isatty()):
            click.echo(line)
    sys.exit(0 if story["found"] else 1)


def _asked(which: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The words as parameters of the API."""
    for word in which:
        selected = _SELECTED.fullmatch(word)
        if _FINGERPRINT.fullmatch(word):
            yield "fingerprint", word
        elif selected:
            if selected[1]:
                yield "alert", selected[1]
            yield "filter", _checked(selected[2])
        elif "=" in word or "!~" in word:
            yield "filter", _checked(word)
        else:
            yield "alert", word


def _checked(text: str) -> str:
    try:
        matchers.parse(text)
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="LABEL=VALUE") from None
    return text


def lines(story: Mapping[str, Any], *, colourful: bool) -> Iterator[str]:
    """The story as it is printed."""
    titles = [f"{plain(_named(one['labels']))}  {one['fingerprint']}" for one in story["alerts"]]
    chapters = [*zip(titles, (one["story"] for one in story["alerts"]), strict=True)]
    chapters += [(plain(one["title"]), one["story"]) for one in story["rules"]]
    for number, (title, sentences) in enumerate(chapters):
        if number:
            yield ""
        yield click.style(title, bold=True) if colourful else title
        yield from _timeline(sentences, colourful=colourful)
    if story["more"]:
        yield f"and {story['more']} more alerts: name more labels"
    yield from map(plain, story["answer"])


def _named(labels: Mapping[str, str]) -> str:
    rest = ", ".join(f'{name}="{value}"' for name, value in labels.items() if name != "alertname")
    return labels.get("alertname", "") + (f"{{{rest}}}" if rest else "")


def _timeline(sentences: Sequence[Mapping[str, str]], *, colourful: bool) -> Iterator[str]:
    day = ""
    for one in sentences:
        date, _, time = one["at"].partition("T")
        if date != day:
            day = date
            yield f"  {date} (UTC)"
        when = "now" if one["kind"] == "now" else time.partition(".")[0].rstrip("Z")
        text = plain(one["text"])
        yield f"  {when:8}  {click.style(text, **_STYLES.get(one['kind'], {})) if colourful else text}"
