"""`alertd alerts`: what is pending and firing, as the running daemon sees it."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from alertd.cli.client import fetch, output_option, url_option
from alertd.cli.terminal import plain

_COLOURS = {"firing": "red", "pending": "yellow"}
_COLUMNS = ("STATE", "SEVERITY", "ALERT", "SINCE", "VALUE", "LABELS")


@click.command()
@url_option
@output_option
@click.option("--state", type=click.Choice(["pending", "firing"]), help="Only these.")
def command(url: str, output: str, state: str | None) -> None:
    """List pending and firing alerts of the running daemon."""
    alerts = [alert for alert in fetch(url, "/api/v1/alerts")["alerts"] if state in (None, alert["state"])]
    alerts.sort(
        key=lambda alert: (alert["state"], alert["labels"].get("alertname", ""), sorted(alert["labels"].items()))
    )
    if output == "json":
        click.echo(json.dumps(alerts, indent=2, ensure_ascii=False))
        return
    if not alerts:
        click.echo("no alerts are pending or firing")
        return
    _table([_row(alert) for alert in alerts])


def _row(alert: Mapping[str, Any]) -> Sequence[str]:
    labels = alert["labels"]
    rest = [f"{name}={value}" for name, value in labels.items() if name not in ("alertname", "severity")]
    since = str(alert["activeAt"]).partition(".")[0].rstrip("Z") + "Z"
    return (
        alert["state"],
        labels.get("severity", "-"),
        labels.get("alertname", ""),
        since,
        f"{float(alert['value']):g}",
        " ".join(rest),
    )


def _table(rows: Sequence[Sequence[str]]) -> None:
    shown = [tuple(plain(cell) for cell in row) for row in rows]
    widths = [max(len(row[index]) for row in (_COLUMNS, *shown)) for index in range(len(_COLUMNS))]
    colourful = sys.stdout.isatty()
    for row in (_COLUMNS, *shown):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        click.echo(click.style(line, fg=_COLOURS.get(row[0])) if colourful and row[0] in _COLOURS else line)
