"""`alertd silence`: make, list, end and import silences of the running daemon, or of an Alertmanager."""

import getpass
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import IO, Any
from urllib.parse import quote, urlencode

import click

from alertd.cli.choosing import chosen, is_matcher, parsed
from alertd.cli.client import Daemon, daemon_options, output_option
from alertd.cli.tables import Look, table
from alertd.cli.times import instant, maybe_duration, positive
from alertd.clock import SystemClock
from alertd.core import durations
from alertd.core.matchers import Matcher

_PATH = "/api/v2/silences"
_COLUMNS = ("STATE", "ID", "ENDS", "BY", "MATCHERS", "COMMENT")
_STYLES: Mapping[str, Look] = {"STATE": {"active": {"fg": "yellow"}, "pending": {"fg": "blue"}}}
_LIVE = ("active", "pending")
_ALL = (*_LIVE, "expired")
_OWN = ("id", "status", "updatedAt")  # what the daemon says of a silence, and nobody else
_NO_ID = {422: "not the id of a silence (`alertd silence list` shows them; write alertname=… for those of an alert)"}
_MANY = 50  # of which one wants to see how far it is


@click.group()
def command() -> None:
    """Silences: alerts that nobody is to hear of for a while."""


def _reason(_: click.Context, __: click.Parameter, text: str) -> str:
    if not text.strip():
        raise click.BadParameter("say why")
    return text


def _caller() -> str:
    """Who calls, if this machine knows the name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        raise click.UsageError("nobody knows your name here: say who silences, with --author NAME") from None


@command.command()
@click.argument("wanted", nargs=-1, required=True, callback=chosen, metavar="MATCHER…")
@click.option("--comment", "-c", required=True, callback=_reason, help="Why.")
@click.option("--author", "-a", default=_caller, help="Who; without it, you.")
@click.option("--duration", "-d", default="1h", show_default=True, callback=positive, help="For how long.")
@click.option("--start", callback=instant, metavar="TIME", help="When it begins; without it, now.")
@click.option("--end", callback=instant, metavar="TIME", help="When it ends, in place of a duration.")
@daemon_options
def add(
    wanted: Sequence[Matcher],
    comment: str,
    author: str,
    duration: timedelta,
    start: datetime | None,
    end: datetime | None,
    daemon: Daemon,
) -> None:
    """Silence the alerts that match, and print the id of the silence."""
    begins = start or SystemClock().now()
    times = {"startsAt": begins.isoformat(), "endsAt": (end or begins + duration).isoformat()}
    pages = [_page(matcher) for matcher in wanted]
    made = daemon.post(_PATH, {"matchers": pages, **times, "createdBy": author, "comment": comment})
    click.echo(made["silenceID"])
    if start is None and not _matched(daemon, wanted):
        click.echo("no alert that fires matches at the moment", err=True)


def _matched(daemon: Daemon, wanted: Iterable[Matcher]) -> bool:
    """Whether it is about an alert, or nobody knows."""
    query = urlencode({"filter": [str(matcher) for matcher in wanted]}, doseq=True)
    found, refusal = daemon.attempt("GET", f"/api/v2/alerts?{query}")
    return bool(found or refusal)


@command.command("list")
@click.argument("wanted", nargs=-1, callback=chosen, metavar="[MATCHER…]")
@click.option("--expired", is_flag=True, help="Those that have ended, in place of the others.")
@click.option("--author", "-a", help="Only those of this author.")
@click.option("--within", metavar="DURATION", callback=maybe_duration, help="Only those that end, or ended, so near.")
@click.option("--quiet", "-q", is_flag=True, help="Ids only.")
@daemon_options
@output_option
def list_(
    wanted: Sequence[Matcher],
    *,
    expired: bool,
    author: str | None,
    within: timedelta | None,
    quiet: bool,
    daemon: Daemon,
    output: str,
) -> None:
    """List silences; matchers choose those that are about such labels."""
    states = ("expired",) if expired else _LIVE
    found = [one for one in _found(daemon, wanted, states) if author in (None, one["createdBy"]) and _near(one, within)]
    if output == "json":
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    elif quiet:
        for one in found:
            click.echo(one["id"])
    elif found:
        table(_COLUMNS, [_row(one) for one in found], _STYLES)
    else:
        click.echo(f"no silences are {' or '.join(states)}")


def _found(daemon: Daemon, wanted: Iterable[Matcher], states: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    """The silences in these states that are about such labels."""
    return [one for one in daemon.get(_PATH, _query(wanted, states)) if one["status"]["state"] in states]


def _near(silence: Mapping[str, Any], within: timedelta | None) -> bool:
    """Whether its end is not farther away, before or after now."""
    ends = datetime.fromisoformat(silence["endsAt"])
    return within is None or abs(ends - SystemClock().now()) <= within


@command.command()
@click.argument("which", nargs=-1, required=True, metavar="ID|MATCHER…")
@daemon_options
def expire(which: Sequence[str], daemon: Daemon) -> None:
    """End silences now.

    Those with these ids, and those that `silence list` shows for these matchers.
    """
    ids = [text for text in which if not is_matcher(text)]
    wanted = [matcher for text in which if is_matcher(text) for matcher in parsed(text)]
    if wanted:
        ids += [one["id"] for one in _found(daemon, wanted, _LIVE) if one["id"] not in ids]
    if not ids:
        click.echo("there are no such silences", err=True)
    refused = [one for one in ids if not _expired(daemon, one)]
    sys.exit(bool(refused) or not ids)


def _expired(daemon: Daemon, silence: str) -> bool:
    """End it, and say so."""
    _, refusal = daemon.attempt("DELETE", f"/api/v2/silence/{quote(silence, safe='')}", meaning=_NO_ID)
    click.echo(f"{silence}: {refusal}" if refusal else silence, err=bool(refusal))
    return not refusal


@command.command("import")
@click.argument("file", type=click.File(), default="-")
@daemon_options
def import_(file: IO[str], daemon: Daemon) -> None:
    """Make the silences of a list.

    It is as `silence list -o json` and amtool print it; they get ids of their own. Those that have ended are left
    out. One that is refused does not hold up the others; then the exit code is 1.
    """
    given = _read(file)
    refused = 0
    for number, one in enumerate(given, 1):
        refused += not _imported(daemon, one, number)
        if len(given) > _MANY and sys.stderr.isatty():
            click.echo(f"\r{number} of {len(given)}", err=True, nl=number == len(given))
    sys.exit(bool(refused))


def _imported(daemon: Daemon, silence: Mapping[str, Any], number: int) -> bool:
    """Make it, and print its id; `number` says which of the list it is."""
    made, refusal = daemon.attempt("POST", _PATH, {name: silence[name] for name in silence if name not in _OWN})
    click.echo(f"silence {number} of the list: {refusal}" if refusal else made["silenceID"], err=bool(refusal))
    return not refusal


def _read(file: IO[str]) -> Sequence[Mapping[str, Any]]:
    try:
        given = json.load(file)
    except ValueError as problem:
        raise click.UsageError(f"{file.name} is not JSON: {problem}") from None
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise click.UsageError(f"{file.name} is no list of silences")
    return [one for one in given if one.get("status", {}).get("state") != "expired"]


def _query(wanted: Iterable[Matcher], states: Iterable[str]) -> Mapping[str, Any]:
    shown = {state: str(state in states).lower() for state in _ALL}
    return {"filter": [str(matcher) for matcher in wanted], **shown}


def _page(matcher: Matcher) -> Mapping[str, Any]:
    flags = {"isRegex": "~" in matcher.op, "isEqual": matcher.op in ("=", "=~")}
    return {"name": matcher.name, "value": matcher.value, **flags}


def _row(silence: Mapping[str, Any]) -> Sequence[str]:
    texts = [_text(one) for one in silence["matchers"]]
    ends = _ends(datetime.fromisoformat(silence["endsAt"]), silence["status"]["state"])
    return silence["status"]["state"], silence["id"], ends, silence["createdBy"], " ".join(texts), silence["comment"]


def _text(page: Mapping[str, Any]) -> str:
    op = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}
    return str(Matcher(page["name"], op[page["isRegex"], page.get("isEqual", True)], page["value"]))


def _ends(at: datetime, state: str) -> str:
    left = timedelta(seconds=int((at - SystemClock().now()).total_seconds()))
    shown = at.strftime("%Y-%m-%d %H:%M:%SZ")
    return shown if state == "expired" else f"{shown} (in {durations.format(left)})"
