"""Tables: columns as wide as they must be, lines in colours on a terminal."""

import sys
from collections.abc import Mapping, Sequence

import click

from alertd.cli.terminal import plain


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], colours: Mapping[str, str]) -> None:
    """Print it. The first cell of a row says its colour."""
    shown = [tuple(plain(cell) for cell in row) for row in rows]
    widths = [max(len(row[index]) for row in (columns, *shown)) for index in range(len(columns))]
    colourful = sys.stdout.isatty()
    for row in (columns, *shown):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        click.echo(click.style(line, fg=colours.get(row[0])) if colourful and row[0] in colours else line)
