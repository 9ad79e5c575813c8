"""`alertd check`: says of configuration and rule files what is wrong with them, and where."""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from alertd.cli.paths import FILE
from alertd.cli.terminal import plain
from alertd.cli.times import duration
from alertd.clock import SystemClock
from alertd.core import durations
from alertd.errors import Problem
from alertd.lab.check import Ask, Options, Report, check
from alertd.lab.facts import Facts
from alertd.lab.findings import Finding, Severity
from alertd.lab.lint import Choice, unknown
from alertd.lab.subjects import LIKELY_SCRAPE

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_SEVERITIES = [str(severity) for severity in Severity]


def _names(_: click.Context, __: click.Parameter, names: tuple[str, ...]) -> frozenset[str]:
    for name, advice in unknown(names).items():
        raise click.BadParameter(f'there is no check "{name}" ({advice})')
    return frozenset(names)


def _url(_: click.Context, __: click.Parameter, url: str | None) -> str | None:
    if url is not None and not url.startswith(("http://", "https://")):
        raise click.BadParameter("an address begins with http:// or https://")
    return url


@click.command()
@click.option(
    "--config",
    type=FILE,
    help="A configuration; the rule files it names are checked.",
)
@click.argument("files", nargs=-1, type=FILE)
@click.option("--enable", metavar="CHECK", multiple=True, callback=_names, help="Run this opt-in check; repeatable.")
@click.option("--disable", metavar="CHECK", multiple=True, callback=_names, help="Leave this one out; repeatable.")
@click.option("--fail-on", type=click.Choice(_SEVERITIES), default="error", show_default=True, help="What ends with 1.")
@click.option(
    "--scrape-interval", metavar="DURATION", default=durations.format(LIKELY_SCRAPE), show_default=True,
    callback=duration, help="How often your Prometheus scrapes.",
)  # fmt: skip
@click.option("--prometheus", metavar="URL", callback=_url, help="Ask this server about metrics, alerts and cost.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    config: Path | None,
    files: tuple[Path, ...],
    enable: frozenset[str],
    disable: frozenset[str],
    fail_on: str,
    scrape_interval: timedelta,
    prometheus: str | None,
    output: str,
) -> None:
    """Check a configuration, rule FILES, or both; a directory stands for the YAML files in it.

    Exit codes: 0 all is well, 1 there are problems, 2 wrong usage.
    """
    if config is None and not files:
        raise click.UsageError("say what to check: --config FILE, rule files, or both")
    options = Options(Choice(enable, disable), SystemClock().now().date(), scrape_interval, _asking(prometheus))
    report = check(config, files, options)
    if output == "json":
        click.echo(json.dumps(_document(report), indent=2, ensure_ascii=False))
    else:
        _print(report)
    sys.exit(1 if report.problems or _severe(report.findings, Severity(fail_on)) else 0)


def _asking(url: str | None) -> Ask | None:
    """Imported only when it is asked for: its library is slow to come."""
    ask: Ask | None = import_module("alertd.lab.online").asking(url) if url else None
    return ask


def _severe(findings: Iterable[Finding], least: Severity) -> bool:
    return any(finding.severity.rank >= least.rank for finding in findings)


def _document(report: Report) -> dict[str, Any]:
    findings = [
        {"check": one.check, "severity": one.severity, **asdict(one.problem)} for one in report.findings
    ]  # fmt: skip
    counts = {"files": report.files, "groups": report.groups, "rules": report.rules, "recordings": report.recordings}
    problems = {"problems": list(map(asdict, report.problems)), "notes": list(map(asdict, report.notes))}
    asked = {"answers": {expr: asdict(one) for expr, one in report.facts.answers.items()}} if report.facts.asked else {}
    return {**counts, **problems, "findings": findings, **asked}


def _print(report: Report) -> None:
    for note in report.notes:
        click.echo(_line(note, click.style("note: ", fg="yellow")))
    for problem in report.problems:
        click.echo(_line(problem, ""))
    for finding in report.findings:
        click.echo(_finding(finding))
    if report.facts.asked:
        click.echo(_asked(report.facts))
    checked = ", ".join((_plural(report.files, "file"), _plural(report.groups, "group"),
                         _plural(report.rules, "alerting rule"),
                         f"{_plural(report.recordings, 'recording rule')} skipped"))  # fmt: skip
    click.echo(f"{checked}: {', '.join(_verdicts(report))}")


def _asked(facts: Facts) -> str:
    answers = facts.answers.values()
    series, seconds = sum(one.series for one in answers), sum(one.seconds for one in answers)
    samples = sum(one.samples or 0 for one in answers)
    cost = f"{seconds:.2f} s" + (f" and {samples:,} samples" if samples else "")
    return f"asked Prometheus: {_plural(len(answers), 'expression')}, {series} series right now, {cost} a round"


def _verdicts(report: Report) -> Iterator[str]:
    counts = {severity: sum(one.severity is severity for one in report.findings) for severity in Severity}
    if report.problems:
        yield click.style(_plural(len(report.problems), "problem"), fg="red")
    elif not counts[Severity.ERROR]:
        yield click.style("no problems", fg="green")
    for severity, count in counts.items():
        if count:
            yield click.style(_plural(count, str(severity)), fg=_COLOURS[severity])


def _finding(finding: Finding) -> str:
    """The line of a finding, its severity coloured."""
    place, word, rest = _line(finding, "").partition(f"{finding.severity}: ")
    return place + click.style(word, fg=_COLOURS[finding.severity]) + rest


def _line(said: Problem | Finding, prefix: str) -> str:
    return prefix + plain(str(said))


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
