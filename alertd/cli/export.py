"""`alertd export`: rule files for Prometheus, configurations for Alertmanager, without what is alertd's own."""

from collections.abc import Callable
from pathlib import Path

import click

from alertd.cli.paths import FILE
from alertd.cli.problems import fail
from alertd.cli.terminal import plain
from alertd.errors import ConfigError, Problem
from alertd.lab import export

_file = click.argument("file", type=FILE)
_output = click.option("--output", type=FILE, help="Where to write; without it, standard output.")


@click.group()
def command() -> None:
    """The way back to Prometheus and Alertmanager."""


@command.command(short_help="Write a rule file for Prometheus.")
@_file
@_output
def rules(file: Path, output: Path | None) -> None:
    """Write a rule file as Prometheus takes it; what is left out is said on standard error."""
    _write(export.rules, file, output)


@command.command(short_help="Write a configuration for Alertmanager.")
@_file
@_output
def config(file: Path, output: Path | None) -> None:
    """Write a configuration as Alertmanager takes it; what is left out is said on standard error."""
    _write(export.config, file, output)


def _write(make: Callable[[Path], export.Export], file: Path, output: Path | None) -> None:
    try:
        made = make(file)
    except ConfigError as error:
        fail(error)
    for note in made.notes:
        click.echo(plain(str(note)), err=True)
    if output is None:
        click.echo(made.text, nl=False)
        return
    try:
        output.write_text(made.text, encoding="utf-8")
    except OSError as problem:
        fail(ConfigError([Problem(f"cannot be written: {problem.strerror}", str(output))]))
