"""`alertd check`: says of configuration and rule files what is wrong with them, and where."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from alertd.errors import Problem
from alertd.lab.check import Report, check


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="A configuration; the rule files it names are checked.")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(config: Path | None, files: tuple[Path, ...], output: str) -> None:
    """Check a configuration, rule FILES, or both; a directory stands for the YAML files in it.

    Exit codes: 0 all is well, 1 there are problems, 2 wrong usage.
    """
    if config is None and not files:
        raise click.UsageError("say what to check: --config FILE, rule files, or both")
    report = check(config, files)
    if output == "json":
        click.echo(json.dumps(asdict(report), indent=2, ensure_ascii=False))
    else:
        _print(report)
    sys.exit(1 if report.problems else 0)


def _print(report: Report) -> None:
    for note in report.notes:
        click.echo(_line(note, click.style("note: ", fg="yellow")))
    for problem in report.problems:
        click.echo(_line(problem, ""))
    count = len(report.problems)
    verdict = click.style(_plural(count, "problem"), fg="red") if count else click.style("no problems", fg="green")
    checked = ", ".join((_plural(report.files, "file"), _plural(report.groups, "group"),
                         _plural(report.rules, "alerting rule"),
                         f"{_plural(report.recordings, 'recording rule')} skipped"))  # fmt: skip
    click.echo(f"{checked}: {verdict}")


def _line(problem: Problem, prefix: str) -> str:
    """One line, whatever the file holds: text from outside cannot steer the terminal."""
    return prefix + "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in str(problem))


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
