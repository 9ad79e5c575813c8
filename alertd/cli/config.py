"""`alertd config`: whether configurations can be used, and what is in them, as `amtool check-config` says it."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from alertd.cli.client import Daemon, daemon_options, output_option
from alertd.cli.grammars import matchers_option
from alertd.cli.paths import FILE
from alertd.cli.terminal import plain
from alertd.config.load import Reading, read
from alertd.config.values import Config, Overrides
from alertd.core.matchers import Grammar
from alertd.core.routes import Route


@click.group()
def command() -> None:
    """Configuration files."""


@command.command(short_help="Say whether configurations can be used.")
@click.argument("files", nargs=-1, required=True, type=FILE)
@matchers_option
@output_option
def check(files: Sequence[Path], grammar: Grammar, output: str) -> None:
    """Say of configurations whether they can be used, and what is in them; an alertmanager.yml is one too."""
    found = {str(path): read(path, Overrides(matchers=grammar)) for path in files}
    if output == "json":
        click.echo(json.dumps({path: _document(one) for path, one in found.items()}, indent=2, ensure_ascii=False))
    else:
        for path, one in found.items():
            _print(path, one)
    sys.exit(any(_problems(one) for one in found.values()))


@command.command()
@daemon_options
@output_option
def show(daemon: Daemon, output: str) -> None:
    """Print the configuration of the running daemon, without its secrets."""
    shown = daemon.get("/api/v2/status")["config"]
    if output == "json":
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
    else:
        click.echo(shown["original"], nl=False)


def _print(path: str, reading: Reading) -> None:
    problems = _problems(reading)
    verdict = click.style("cannot be used", fg="red") if problems else click.style("fine", fg="green")
    click.echo(f"{plain(path)}: {verdict}")
    for text in problems:
        click.echo(f"  {plain(text)}")
    for note in reading.notes:
        click.echo(f"  note: {plain(str(note))}")
    if reading.config is None:
        return
    files = _files(reading.config)
    for what, count in _contents(reading.config).items():
        click.echo(f"  {count} {what}{': ' if count and what in files else ''}{plain(', '.join(files.get(what, ())))}")


def _problems(reading: Reading) -> list[str]:
    return [str(problem) for problem in (*reading.problems, *reading.rules.problems)]


def _contents(config: Config) -> Mapping[str, int]:
    return {
        "receivers": len(config.receivers),
        "routes": _count(config.route),
        "inhibit rules": len(config.inhibit_rules),
        "time intervals": len(config.intervals),
        **{what: len(found) for what, found in _files(config).items()},
        "alert rules": sum(len(group.rules) for group in config.rules.groups),
        "datasources": len(config.datasources),
    }


def _files(config: Config) -> Mapping[str, Sequence[str]]:
    """What is found of the files it names."""
    return {
        "template files": [str(path) for path in config.templates.matched()],
        "rule files": [file.path for file in config.rules.files],
    }


def _count(route: Route) -> int:
    return 1 + sum(map(_count, route.routes))


def _document(reading: Reading) -> Mapping[str, Any]:
    contents = _contents(reading.config) if reading.config else {}
    named = {name.replace(" ", "_"): count for name, count in contents.items()}
    return {"problems": _problems(reading), "notes": list(map(str, reading.notes)), **named}
