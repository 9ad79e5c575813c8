"""What `alertd check` finds out: whether configuration and rule files are sound, as values for somebody to print."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from alertd.config.load import read
from alertd.config.rules import FileRules, RuleDefaults, load_file
from alertd.config.values import Config, Overrides
from alertd.errors import Problem

_RULE_FILES = ("*.yml", "*.yaml")


@dataclass(frozen=True)
class Report:
    """What was checked, and what was found."""

    files: int
    groups: int
    rules: int
    recordings: int
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]


def check(config: Path | None, files: Sequence[Path]) -> Report:
    """A configuration with the rule files it names, or rule files by themselves, or both; a directory is searched."""
    reading = read(config, Overrides()) if config else None
    named = reading.rules.files if reading else ()
    known = _defaults(reading.config if reading else None)
    base = config.parent if config else Path()
    seen = {(base / file.path).resolve() for file in named}
    more = tuple(load_file(path, known, str(path)) for path in _expanded(files) if path.resolve() not in seen)
    every = (*named, *more)
    return Report(
        files=len(every) + (config is not None),
        groups=sum(file.group_count for file in every),
        rules=sum(len(group.rules) for file in every for group in file.groups),
        recordings=sum(len(file.skipped) for file in every),
        problems=(*(reading.problems if reading else ()), *_all_problems(every)),
        notes=(*(reading.notes if reading else ()), *(note for file in more for note in file.notes)),
    )


def _all_problems(files: Sequence[FileRules]) -> Iterator[Problem]:
    for file in files:
        yield from file.problems


def _defaults(config: Config | None) -> RuleDefaults:
    """With a configuration, rules may name only what it has."""
    if config is None:
        return RuleDefaults()
    return RuleDefaults(
        datasources=frozenset(source.name for source in config.datasources),
        receivers=frozenset(receiver.name for receiver in config.receivers),
    )


def _expanded(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(file for pattern in _RULE_FILES for file in path.rglob(pattern))
        else:
            yield path
