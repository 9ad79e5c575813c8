"""Rule files become core groups and rules, or a complete list of what is wrong with them."""

import glob
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from alertd.config import yamltext
from alertd.config.problems import Place, position
from alertd.config.rulechecks import check_group, check_rule, check_script, condition
from alertd.config.rulefile import ADVICE, CONFIGURATION, WHOSE, GroupEntry, RuleEntry, RuleFile
from alertd.config.sourcetext import SourceText
from alertd.config.yamltext import TAKEN, Node
from alertd.core.rules import DEFAULT_INTERVAL, Rule, RuleGroup, Script
from alertd.errors import ConfigError, Problem

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True)
class RuleDefaults:
    """What groups and rules get that do not say otherwise; which names they may use (None: any, nobody knows)."""

    interval: timedelta = DEFAULT_INTERVAL
    query_offset: timedelta = timedelta(0)
    cooldown: timedelta | None = None
    datasources: frozenset[str] | None = None
    receivers: frozenset[str] | None = None


@dataclass(frozen=True)
class Recording:
    """A recording rule: it is Prometheus' to evaluate."""

    name: str
    file: str
    group: str
    line: int


@dataclass(frozen=True)
class FileRules:
    """One rule file. With problems nothing of it may be evaluated; `groups` is there to be counted."""

    path: str
    groups: tuple[RuleGroup, ...] = ()
    skipped: tuple[Recording, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    group_count: int = 0  # groups of recording rules only are not in `groups`


@dataclass(frozen=True)
class RuleSet:
    """All rule files. After a reload `failed` holds the files whose last good version, or none, stands in `files`."""

    files: tuple[FileRules, ...] = ()
    failed: tuple[FileRules, ...] = ()
    unmatched: tuple[Problem, ...] = ()

    @cached_property
    def groups(self) -> tuple[RuleGroup, ...]:
        return tuple(group for file in self.files for group in file.groups)

    @cached_property
    def skipped(self) -> tuple[Recording, ...]:
        return tuple(rule for file in self.files for rule in file.skipped)

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(problem for file in (*self.failed, *self.files) for problem in file.problems)

    @cached_property
    def notes(self) -> tuple[Problem, ...]:
        return (*self.unmatched, *(note for file in self.files for note in file.notes))


def load_rules(patterns: Sequence[str], defaults: RuleDefaults, base: Path) -> RuleSet:
    """Every file that the patterns match, relative ones from `base`; each once, in the order of their names."""
    found: dict[Path, str] = {}
    unmatched: list[Problem] = []
    for pattern in patterns:
        files = sorted(matched([pattern], base))
        if not files:
            unmatched.append(Problem("no file matches", pattern, hint=_no_match_hint(base / pattern)))
        for path in files:
            found.setdefault(path.resolve(), _shown(path, pattern, base))
    ordered = sorted(found.items(), key=lambda item: item[1])
    return RuleSet(tuple(load_file(path, defaults, shown) for path, shown in ordered), unmatched=tuple(unmatched))


def matched(patterns: Sequence[str], base: Path) -> Iterator[Path]:
    """The files that these globs match, one after the other."""
    for pattern in patterns:
        for name in glob.glob(str(base / pattern), recursive=True):  # noqa: PTH207 - Path.glob takes no absolute ones
            path = Path(name)
            if not path.is_dir():
                yield path


def keep_good(new: RuleSet, old: RuleSet) -> RuleSet:
    """The new files, but for each one with problems its old version, if there was one."""
    before = {file.path: file for file in old.files if not file.problems}
    kept = [before.get(file.path, file) if file.problems else file for file in new.files]
    return RuleSet(
        files=tuple(file for file in kept if not file.problems),
        failed=tuple(file for file in new.files if file.problems),
        unmatched=new.unmatched,
    )


def blamed(rules: RuleSet, problems: Iterable[Problem]) -> RuleSet:
    """The files, with problems that were found after they had been read."""
    found: dict[str, list[Problem]] = {}
    for problem in problems:
        found.setdefault(problem.path, []).append(problem)
    files = [replace(file, problems=(*file.problems, *found.get(file.path, ()))) for file in rules.files]
    return replace(rules, files=tuple(files))


def load_file(path: Path, defaults: RuleDefaults, shown: str = "") -> FileRules:
    """One rule file; `shown` is its name in messages and in the keys of its groups. Never raises."""
    shown = shown or str(path)
    try:
        return parse_rules(yamltext.read(path, shown), defaults, shown, path.parent)
    except ConfigError as error:
        return FileRules(shown, problems=error.problems)


def parse_rules(text: str, defaults: RuleDefaults, shown: str = "", home: Path = Path()) -> FileRules:
    """The rules in a text. Raises ConfigError if it is not YAML; all else is among the problems.

    `home` is where the file lies: scripts are named relative to it.
    """
    reading = _Reading(defaults, shown, home, SourceText(text))
    for document in yamltext.parse(text, shown, "groups", reading.group):
        reading.document(reading.place(document))
    return FileRules(
        shown,
        tuple(reading.groups),
        tuple(reading.recordings),
        tuple(sorted(reading.problems, key=position)),
        tuple(sorted(reading.notes, key=position)),
        len(reading.names),
    )


@dataclass(slots=True)
class _Reading:
    """One file on its way from text to rules."""

    defaults: RuleDefaults
    shown: str
    home: Path
    source: SourceText
    groups: list[RuleGroup] = field(default_factory=list)
    recordings: list[Recording] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)  # of groups, with the line

    def place(self, node: Node, group: str = "") -> Place:
        """Where in the file somebody is working."""
        return Place(self.shown, node, group, advice=ADVICE, source=self.source, found=self.problems, notes=self.notes)

    def document(self, place: Place) -> None:
        """What is wrong with it, but for the groups that have been read already."""
        if not place.node.child("groups") and _is_another(place):
            return
        file = _validated(RuleFile, place)[0]
        if file is None:
            return
        for index, _ in enumerate(file.groups):
            node = place.node.find(("groups", index))
            if node.kind == "nothing":
                place.note("an empty entry in the list of groups", "groups", index, hint="remove the dash")
            elif node is not TAKEN:
                self.group(index, node)

    def group(self, index: int, node: Node) -> None:
        """One group, by its place in the list."""
        self._group(self.place(node, _name(node, "name") or f"#{index + 1}"))

    def _group(self, place: Place) -> None:
        group, bad = _validated(GroupEntry, place)
        if group is None:
            return
        name = self._name_once(group, bad, place)
        check_group(group, group.interval or self.defaults.interval, place)
        if "type" in bad:  # another query language: there is nothing more to say about its rules
            return
        rules = [rule for index, _ in enumerate(group.rules) if (rule := self._rule(group, place, index)) is not None]
        if rules:
            self.groups.append(self._core_group(name, group, _numbered(rules)))

    def _name_once(self, group: GroupEntry, bad: frozenset[str], place: Place) -> str:
        if not group.name and "name" not in bad:
            place.problem("a group needs a name", hint='add "name"')
        name = group.name or place.group
        if name in self.names:
            hint = f"the first is in line {self.names[name]}; a name may stand once in a file"
            place.problem(f'a second group named "{name}"', "name", hint=hint)
        self.names.setdefault(name, place.node.line)
        return group.name

    def _core_group(self, name: str, group: GroupEntry, rules: tuple[Rule, ...]) -> RuleGroup:
        offsets = (group.query_offset, group.eval_delay, self.defaults.query_offset)
        return RuleGroup(
            name=name,
            file=self.shown,
            rules=rules,
            interval=group.interval or self.defaults.interval,
            query_offset=next(offset for offset in offsets if offset is not None),
            limit=max(group.limit, 0),
        )

    def _rule(self, group: GroupEntry, above: Place, index: int) -> Rule | None:
        node = above.node.find(("rules", index))
        if node.kind == "nothing":
            above.note("an empty entry in the list of rules", "rules", index, hint="remove the dash")
            return None
        name = _name(node, "alert") or _name(node, "record") or f"#{index + 1}"
        place = above.within("rules", index, rule=name)
        entry, bad = _validated(RuleEntry, place)
        if entry is None:
            return None
        check_rule(entry, bad, place, self.defaults.datasources, self.defaults.receivers)
        if entry.record:
            self.recordings.append(Recording(entry.record, self.shown, group.name, node.line))
            return None
        script = self._script(entry, place) if entry.python else None
        return self._core_rule(entry, group, node.line, script)

    def _script(self, entry: RuleEntry, place: Place) -> Script:
        file, _, function = (entry.python or "").rpartition(":")
        params = place.node.child("params")
        script = Script(
            path=os.path.normpath((self.home / file).absolute()),
            function=function,
            params=params.value() if params is not None and params.entries is not None else {},
            timeout=entry.timeout or Script.timeout,
        )
        check_script(script, place)
        return script

    def _core_rule(self, entry: RuleEntry, group: GroupEntry, line: int, script: Script | None) -> Rule:
        cooldowns = (entry.cooldown, group.cooldown, self.defaults.cooldown)
        severity = {"severity": entry.severity} if entry.severity else {}
        return Rule(
            name=entry.alert,
            expr=entry.expr,
            file=self.shown,
            group=group.name,
            line=line,
            for_=entry.for_,
            keep_firing_for=entry.keep_firing_for,
            labels={**group.labels, **entry.labels, **severity},
            annotations={**_extra_annotations(entry), **entry.annotations},
            cooldown=next((cooldown for cooldown in cooldowns if cooldown is not None), None),
            notify=tuple(entry.notify),
            on_error=entry.on_error,
            on_no_data=entry.on_no_data,
            when=condition(entry.when),
            script=script,
            datasource=entry.datasource or group.datasource,
            enabled=entry.enabled,
        )


def _is_another(place: Place) -> bool:
    """Whether it is no rule file, but a test of one, which is left out, or a configuration, which is a problem."""
    if place.node.child("tests"):
        place.note("a rule test, no rule file: it is left out", "tests", hint="`promtool test rules` runs it")
        return True
    key = next((key for key in CONFIGURATION if place.node.child(key)), None)
    if key:
        place.problem_at_key("this is a configuration, no rule file", key, hint=WHOSE)
    return key is not None


def _validated(model: type[_Model], place: Place) -> tuple[_Model | None, frozenset[str]]:
    """The model without what is wrong in it, so that the rest can be checked too; and the keys that are wrong."""
    tree: Any = place.node.tree()
    try:
        return model.model_validate(tree), frozenset()
    except ValidationError as error:
        place.refuse(error, model)
        bad = frozenset(str(one["loc"][0]) for one in error.errors(include_input=False) if one["loc"])
    if not isinstance(tree, dict):
        return None, bad
    return model.model_validate({key: value for key, value in tree.items() if key not in bad}), bad


def _numbered(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules, told apart where several have the same name and labels."""
    seen: Counter[tuple[str, Any]] = Counter()
    numbered = []
    for rule in rules:
        identity = (rule.name, tuple(sorted(rule.labels.items())))
        numbered.append(replace(rule, twin=seen[identity]) if seen[identity] else rule)
        seen[identity] += 1
    return tuple(numbered)


def _extra_annotations(entry: RuleEntry) -> Mapping[str, str]:
    named = {"description": entry.description, "runbook_url": entry.runbook_url}
    return {name: text for name, text in named.items() if text}


def _name(node: Node, key: str) -> str:
    child = node.child(key)
    return (child.text or "") if child is not None else ""


def _no_match_hint(path: Path) -> str:
    return f"it is a directory: write {path.name}/*.yml" if path.is_dir() else "check the path"


def _shown(path: Path, pattern: str, base: Path) -> str:
    """The path as the state knows it: relative to the configuration, so that the directory can be moved."""
    full, home = os.path.normpath(path.absolute()), os.path.normpath(base.absolute())
    if Path(pattern).is_absolute() and not Path(full).is_relative_to(home):
        return full
    return os.path.relpath(full, home)
