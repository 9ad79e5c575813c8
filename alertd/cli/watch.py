"""`alertd watch`: what changes in the running daemon, line by line, as it happens."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from alertd.cli.calling import DEFAULT_ADDRESS, Call, call_options, word
from alertd.cli.choosing import chosen
from alertd.cli.client import credential_options, output_option
from alertd.cli.terminal import plain
from alertd.core.matchers import Matcher

_COLOURS = {"firing": "red", "pending": "yellow", "resolved": "green"}
_MUTERS = {"silencedBy": "silence", "inhibitedBy": "inhibited by", "mutedBy": "time interval"}


@click.command()
@click.argument("wanted", nargs=-1, callback=chosen, metavar="[MATCHER…]")
@call_options
@credential_options
@output_option
@click.option("--changes", is_flag=True, help="Only what changes; without it, first how everything is.")
@click.option("--after", metavar="CURSOR", default="", help="Go on after the change with this cursor.")
def command(
    wanted: Sequence[Matcher],
    grpc: str | None,
    token_file: Path | None,
    ca_file: Path | None,
    output: str,
    after: str,
    traceparent: str,
    *,
    tls: bool,
    changes: bool,
) -> None:
    """Follow alerts until Ctrl-C: those that are pending or fire, and then every change."""
    call = Call(grpc or DEFAULT_ADDRESS, token_file, ca_file, tls, traceparent)
    show = _as_json if output == "json" else _as_text
    try:
        with call.answered() as client:
            for change in client.watch([str(one) for one in wanted], after, snapshot=not changes):
                show(change)
    except KeyboardInterrupt:
        sys.exit(0)


def _as_json(change: Mapping[str, Any]) -> None:
    click.echo(json.dumps(change, ensure_ascii=False))


def _as_text(change: Mapping[str, Any]) -> None:
    if "ready" in change:
        return
    if "muting" in change:
        by = _muters(change["muting"]["muters"])
        _line(change, "muted" if by else "audible", change["muting"]["labels"], by)
        return
    alert = change["present"] if "present" in change else change["transition"]["alert"]
    _line(change, word(alert["state"]), alert["labels"], alert["because"] or _muters(alert["muters"]))


def _line(change: Mapping[str, Any], state: str, labels: Mapping[str, str], note: str) -> None:
    rest = [f"{name}={value}" for name, value in sorted(labels.items()) if name not in ("alertname", "severity")]
    at = str(change["at"]).partition(".")[0].rstrip("Z") + "Z"
    cells = at, f"{state:8}", f"{labels.get('severity', '-'):8}", labels.get("alertname", ""), *rest
    line = plain("  ".join(cells) + (f"  ({note})" if note else ""))
    click.echo(click.style(line, fg=_COLOURS[state]) if sys.stdout.isatty() and state in _COLOURS else line)


def _muters(muters: Mapping[str, Sequence[str]]) -> str:
    return ", ".join(f"{how} {one}" for name, how in _MUTERS.items() for one in muters[name])
