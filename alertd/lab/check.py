"""What `alertd check` finds out: whether configuration and rule files are sound, as values for somebody to print."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

from alertd.config.load import Reading, read
from alertd.config.rules import FileRules, RuleDefaults, load_file
from alertd.config.values import Config, Overrides
from alertd.errors import Problem
from alertd.lab.facts import Facts
from alertd.lab.findings import Finding
from alertd.lab.lint import Choice, lint
from alertd.lab.subjects import LIKELY_SCRAPE, Source, Subject, World, read_source, subjects_of

_RULE_FILES = ("*.yml", "*.yaml")

Ask = Callable[[World], Facts]


@dataclass(frozen=True)
class Options:
    """How thoroughly to look. `ask` asks a Prometheus; None: nobody is asked. `today` is when comments expire."""

    choice: Choice = field(default_factory=Choice)
    today: date = date.min
    scrape: timedelta = LIKELY_SCRAPE
    ask: Ask | None = None


@dataclass(frozen=True)
class Report:
    """What was checked, and what was found."""

    files: int
    groups: int
    rules: int
    recordings: int
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]
    findings: tuple[Finding, ...] = ()
    facts: Facts = field(default_factory=Facts)


@dataclass(frozen=True)
class _Read:
    """One rule file as it was read, and where it lies."""

    file: FileRules
    path: Path
    named: bool  # by the configuration


_DEFAULT = Options()


def check(config: Path | None, files: Sequence[Path], options: Options = _DEFAULT) -> Report:
    """A configuration with the rule files it names, or rule files by themselves, or both; a directory is searched."""
    reading = read(config, Overrides()) if config else None
    every = tuple(_files(reading, config.parent if config else Path(), files))
    problems = (*(reading.problems if reading else ()), *(problem for one in every for problem in one.file.problems))
    world = _world(reading, config, every, options)
    world = replace(world, complete=not problems)
    facts = options.ask(world) if options.ask else Facts()
    findings = lint(replace(world, facts=facts), replace(options.choice, online=facts.asked))
    return Report(
        files=len(every) + (config is not None),
        groups=sum(one.file.group_count for one in every),
        rules=sum(len(group.rules) for one in every for group in one.file.groups),
        recordings=sum(len(one.file.skipped) for one in every),
        problems=(*problems, *facts.troubles),
        notes=(
            *(reading.notes if reading else ()),
            *(note for one in every if not one.named for note in one.file.notes),
        ),
        findings=findings,
        facts=facts,
    )


def _files(reading: Reading | None, base: Path, more: Sequence[Path]) -> Iterator[_Read]:
    known = _defaults(reading.config if reading else None)
    seen = set()
    for file in reading.rules.files if reading else ():
        seen.add((base / file.path).resolve())
        yield _Read(file, base / file.path, named=True)
    for path in _expanded(more):
        if path.resolve() not in seen:
            yield _Read(load_file(path, known, str(path)), path, named=False)


def _world(reading: Reading | None, config: Path | None, every: Sequence[_Read], options: Options) -> World:
    """What the checks look at: the sound files, and the configuration if it is sound."""
    subjects: list[Subject] = []
    sources: list[Source] = []
    for one in every:
        source = None if one.file.problems else read_source(one.path, one.file.path)
        if source is not None:
            sources.append(source)
            subjects += subjects_of(one.file, source, interval_known=config is not None)
    return World(
        subjects=tuple(subjects),
        sources=tuple(sources),
        config=reading.config if reading else None,
        config_source=read_source(config, str(config)) if config and reading and reading.config else None,
        together=frozenset(one.file.path for one in every if one.named),
        recorded=frozenset(rule.name for one in every for rule in one.file.skipped),
        scrape=options.scrape,
        today=options.today,
    )


def _defaults(config: Config | None) -> RuleDefaults:
    """With a configuration, rules may name only what it has, and get what it says."""
    if config is None:
        return RuleDefaults()
    return RuleDefaults(
        interval=config.evaluation.interval,
        cooldown=config.evaluation.cooldown,
        datasources=frozenset(source.name for source in config.datasources),
        receivers=frozenset(receiver.name for receiver in config.receivers),
    )


def _expanded(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(file for pattern in _RULE_FILES for file in path.rglob(pattern))
        else:
            yield path
