"""Tables: columns as wide as they must be, words in colours on a terminal."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from alertd.cli.terminal import plain

Look = Mapping[str, Mapping[str, Any]]  # of what may stand in a cell, in click's words


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], styles: Mapping[str, Look]) -> None:
    """Print it; on a terminal a cell looks as its column and its text say."""
    shown = [tuple(plain(cell) for cell in row) for row in rows]
    widths = [max(len(row[index]) for row in (columns, *shown)) for index in range(len(columns))]
    looks = [styles.get(column, {}) if sys.stdout.isatty() else {} for column in columns]
    for row in (columns, *shown):
        click.echo(_line([*zip(row, widths, looks, strict=True)]))


def _line(cells: list[tuple[str, int, Look]]) -> str:
    """The cells, as wide as they shall be, but nothing after the last word."""
    while len(cells) > 1 and not cells[-1][0]:
        cells = cells[:-1]
    padded = [(text, text.ljust(width), look) for text, width, look in cells[:-1]]
    text, _, look = cells[-1]
    every = [*padded, (text, text, look)]
    return "  ".join(click.style(cell, **look[text]) if text in look else cell for text, cell, look in every)
