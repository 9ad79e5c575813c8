"""`alertd state`: the state as a text, to keep, to look into, or to take to another machine."""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TextIO

import click

from alertd.cli.paths import FILE
from alertd.cli.problems import fail
from alertd.config import load
from alertd.config.values import Overrides
from alertd.errors import AlertdError, StoreError
from alertd.store import transfer
from alertd.store.sqlite import located

_storage = click.option("--storage", metavar="URL", help="The database, sqlite:///….")
_config = click.option(
    "--config",
    type=FILE,
    help="The configuration that names it, if --storage does not.",
)


@click.group()
def command() -> None:
    """Copy the state out of a database, and into one: alerts, silences, what was told and what waits to be."""


@command.command("export", short_help="Write the state as text.")
@_storage
@_config
@click.argument("file", type=click.File("w", encoding="utf-8", atomic=True), default="-")
def export_(storage: str | None, config: Path | None, file: TextIO) -> None:
    """Write the state to FILE, or to standard output, one JSON object a line. The daemon may be running."""
    counts: Counter[str] = Counter()
    try:
        for number, line in enumerate(transfer.export(_path(storage, config))):
            file.write(f"{line}\n")
            counts.update([line.split('"', 4)[3]] if number else [])
    except AlertdError as error:
        fail(error)
    _say("exported", counts)


@command.command("import")
@_storage
@_config
@click.option("--replace", is_flag=True, help="Keep the state that is there aside, and put this one in its place.")
@click.argument("file", type=click.File("r", encoding="utf-8"))
def import_(storage: str | None, config: Path | None, file: TextIO, *, replace: bool) -> None:
    """Make a database of FILE (- for standard input). The daemon must not be running."""
    try:
        _say("imported", transfer.load(_lines(file), _path(storage, config), replace=replace))
    except AlertdError as error:
        fail(error)


def _path(storage: str | None, config: Path | None) -> Path:
    if storage is None and config is None:
        raise click.UsageError("say which database: --storage sqlite:///FILE, or --config FILE")
    url = storage or load(config, Overrides()).storage_url
    if url.rstrip(":/") == "memory":
        raise StoreError("storage.url is memory: there is nothing to be copied")
    try:
        return located(url)
    except StoreError as error:
        if storage is None:
            raise
        raise click.BadParameter(str(error).removeprefix("storage.url "), param_hint="--storage") from None


def _lines(file: TextIO) -> Iterable[str]:
    try:
        yield from file
    except UnicodeDecodeError as error:
        raise StoreError(f"this is no exported state: {error}") from error


def _say(what: str, counts: Mapping[str, int]) -> None:
    told = ", ".join(f"{count} {table}" for table, count in sorted(counts.items())) or "nothing: the state is empty"
    click.echo(f"{what} {told}", file=sys.stderr)
