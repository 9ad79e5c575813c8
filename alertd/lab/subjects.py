"""What checks look at: rules together with the place where each of their keys stands, and all there is around them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

from alertd.config import expressions, yamltext
from alertd.config.expressions import Expression
from alertd.config.rules import FileRules
from alertd.config.values import Config
from alertd.config.yamltext import Node
from alertd.core.rules import Rule, RuleGroup
from alertd.errors import ConfigError, Problem
from alertd.lab.facts import Facts
from alertd.lab.findings import Found

LIKELY_SCRAPE = timedelta(seconds=15)
_NAME, _MESSAGE = 200, 500


@dataclass(frozen=True)
class Subject:
    """One alerting rule. `interval` None: how often it will be evaluated cannot be known."""

    rule: Rule
    group: RuleGroup
    node: Node
    group_node: Node
    interval: timedelta | None

    @cached_property
    def expr(self) -> Expression | None:
        """Its expression; None if it has none, or one that cannot be read."""
        return expressions.read(self.rule.expr) if self.rule.expr else None

    @cached_property
    def texts(self) -> Mapping[tuple[str, str], str]:
        """Its templates, by where they stand."""
        labels = {("labels", name): text for name, text in self.rule.labels.items()}
        return labels | {("annotations", name): text for name, text in self.rule.annotations.items()}

    def written(self, *steps: str) -> Node | None:
        """The value at these steps, of the rule or else of its group; None if nobody wrote it."""
        for node in (self.node, self.group_node):
            for path in (steps, steps[-1:]):
                found = _exact(node, path)
                if found is not None:
                    return found
        return None

    def found(self, message: str, *steps: str, hint: str = "") -> Found:
        """Something about the value at these steps, or about the rule."""
        node = (self.written(*steps) if steps else None) or self.node
        names = self.group.name[:_NAME], self.rule.name[:_NAME]
        problem = Problem(_short(message), self.group.file, node.line, node.column, *names, hint=_short(hint))
        return Found(problem, self.group_node.line, self.node.line)


@dataclass(frozen=True)
class Source:
    """One file as text and as nodes."""

    path: str
    text: str
    documents: tuple[Node, ...]


@dataclass(frozen=True)
class World:
    """All there is to look at. `together` are the paths of rule files that are surely loaded together."""

    subjects: tuple[Subject, ...] = ()
    sources: tuple[Source, ...] = ()
    config: Config | None = None
    config_source: Source | None = None
    together: frozenset[str] = frozenset()
    recorded: frozenset[str] = frozenset()
    scrape: timedelta = LIKELY_SCRAPE
    today: date = date.min
    complete: bool = True  # False: some of the files could not be read
    facts: Facts = field(default_factory=Facts)


def read_source(path: Path, shown: str) -> Source | None:
    """The file; None if it cannot be read, about which enough is said elsewhere."""
    try:
        text = yamltext.read(path, shown)
        return Source(shown, text, tuple(yamltext.parse(text, shown)))
    except ConfigError:
        return None


def subjects_of(file: FileRules, source: Source, *, interval_known: bool) -> Iterator[Subject]:
    """The alerting rules of a sound file, each with its nodes."""
    groups = iter(file.groups)
    for group_node, nodes in _groups(source.documents):
        group = next(groups, None)
        if group is None or len(group.rules) != len(nodes):
            return
        written = group_node.child("interval")
        known = interval_known or (written is not None and written.kind != "nothing")
        for rule, node in zip(group.rules, nodes, strict=True):
            yield Subject(rule, group, node, group_node, group.interval if known else None)


def _groups(documents: Sequence[Node]) -> Iterator[tuple[Node, Sequence[Node]]]:
    """The groups that have alerting rules, and these rules."""
    for document in documents:
        for group in _items(document, "groups"):
            rules = [rule for rule in _items(group, "rules") if _has(rule, "alert")]
            if rules:
                yield group, rules


def _items(node: Node, key: str) -> Sequence[Node]:
    child = node.child(key)
    return (child.items or ()) if child is not None else ()


def _has(node: Node, key: str) -> bool:
    child = node.child(key)
    return child is not None and bool(child.text)


def _exact(node: Node, steps: Sequence[str]) -> Node | None:
    for step in steps:
        child = node.child(step)
        if child is None:
            return None
        node = child
    return node


def _short(text: str) -> str:
    return text if len(text) <= _MESSAGE else f"{text[:_MESSAGE]}…"
