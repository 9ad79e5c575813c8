"""YAML as its author wrote it: every scalar stays source text, and every key and value knows its line and column.

Prometheus keeps `severity: 0777` and `paging: yes` as the text they are, where YAML libraries make numbers and booleans
of them; so nothing here is interpreted but null, aliases and merge keys. The file may be hostile: its size, its depth
and what its aliases expand to are capped. The only home of yaml.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from alertd.errors import ConfigError, Problem

MAX_BYTES = 32 << 20
MAX_DEPTH = 100
FREE_EXPANSION, MAX_FACTOR = 100_000, 10  # what aliases may make of a file: so many values, or so many times its own

_LOADER: Any = yaml.CSafeLoader
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEANS = {**dict.fromkeys(("true", "True", "TRUE"), True), **dict.fromkeys(("false", "False", "FALSE"), False)}
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_MERGE = "<<"
_ADVICE = {
    "found character that cannot start any token": "tabs cannot indent; a value that starts with @ ` or % needs quotes",
    "mapping values are not allowed in this context": "a value that holds `: ` needs quotes; or the indentation is off",
    "found unexpected end of stream": "a quote or bracket is not closed",
    "could not find expected ':'": "a key lacks its colon, or a text of several lines its `|` or its indentation",
    "did not find expected key": "the indentation is off, or quotes stand inside quotes",
    "did not find expected '-' indicator": "the indentation is off",
}


class _Invalid(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, message: str, mark: Any = None, hint: str = "") -> None:
        self.message, self.mark, self.hint = message, mark, hint
        super().__init__(message)


@dataclass(slots=True)
class Node:
    """A scalar (text, or None for null), a mapping or a sequence. `line` and `column` count from 1."""

    line: int
    column: int
    text: str | None = None
    plain: bool = False  # a scalar without quotes
    entries: dict[str, tuple["Node", "Node"]] | None = None  # key -> (node of the key, node of the value)
    items: list["Node"] | None = None
    weight: int = 1  # nodes below and this one, aliases expanded

    @property
    def kind(self) -> str:
        """What this is, as a message calls it."""
        if self.entries is not None:
            return "a mapping"
        return "a list" if self.items is not None else "nothing" if self.text is None else "text"

    def tree(self) -> Any:
        """Dicts, lists, text and None."""
        if self.entries is not None:
            return {key: value.tree() for key, (_, value) in self.entries.items()}
        if self.items is not None:
            return [item.tree() for item in self.items]
        return self.text

    def value(self) -> Any:
        """As `tree`, but numbers, true and false without quotes are what they look like (YAML 1.2's core schema)."""
        if self.entries is not None:
            return {key: value.value() for key, (_, value) in self.entries.items()}
        if self.items is not None:
            return [item.value() for item in self.items]
        return _scalar(self.text) if self.plain and self.text is not None else self.text

    def find(self, path: tuple[str | int, ...]) -> "Node":
        """The node at that path, or the last one on the way that exists."""
        node = self
        for step in path:
            following = node.child(step)
            if following is None:
                break
            node = following
        return node

    def find_key(self, path: tuple[str | int, ...]) -> "Node":
        """The node of the key that a path ends in; of its value if it ends in a number."""
        parent = self.find(path[:-1])
        if path and parent.entries is not None and path[-1] in parent.entries:
            return parent.entries[str(path[-1])][0]
        return self.find(path)

    def child(self, step: str | int) -> "Node | None":
        """The value under a key or an index."""
        if self.entries is not None and step in self.entries:
            return self.entries[str(step)][1]
        if self.items is not None and isinstance(step, int) and step < len(self.items):
            return self.items[step]
        return None

    def scalars(self) -> Iterator["Node"]:
        """All texts at and below this node; those behind an alias once an alias."""
        if self.entries is not None:
            for _, value in self.entries.values():
                yield from value.scalars()
        elif self.items is not None:
            for item in self.items:
                yield from item.scalars()
        elif self.text is not None:
            yield self


Take = Callable[[int, Node], None]
TAKEN = Node(0, 0, entries={})  # what stands in the place of a node that was handed over


def _scalar(text: str) -> str | int | float | bool:
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _NUMBER.fullmatch(text) is None or len(text) > 100:
        return text
    return int(text) if text.lstrip("+-").isdigit() else float(text)


@dataclass(slots=True)
class _Open:
    """A mapping or sequence whose end has not been read; `key` is waiting for its value."""

    node: Node
    anchor: str | None
    key: Node | None = None
    merges: list[Node] = field(default_factory=list)


def read(path: Path, shown: str) -> str:
    """The text of a file. Raises ConfigError, naming the file as `shown`."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as problem:
        hint = "check the path and the permissions" if not isinstance(problem, IsADirectoryError) else "name a file"
        raise ConfigError([Problem(f"cannot be read: {problem.strerror}", shown, hint=hint)]) from None
    if len(data) > MAX_BYTES:
        raise ConfigError([Problem(f"larger than {MAX_BYTES >> 20} MiB", shown, hint="split it into several files")])
    return _decode(data, shown)


def _decode(data: bytes, shown: str) -> str:
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as problem:
        before = data[: problem.start]
        line, column = before.count(b"\n") + 1, problem.start - (before.rfind(b"\n") + 1) + 1
        message = f"not valid {encoding.removesuffix('-sig').upper()}: byte 0x{data[problem.start]:02x}"
        raise ConfigError([Problem(message, shown, line, column, hint="save the file as UTF-8")]) from None


def parse(text: str, shown: str = "", under: str = "", take: Take | None = None) -> list[Node]:
    """The documents of a YAML text; none for an empty one. Raises ConfigError, naming the file as `shown`.

    A large file need not be in memory as a whole: with `take`, each mapping in the list that a document has `under`
    this key is handed over as soon as it was read, with its index, and TAKEN stands in its place.
    """
    try:
        return _Builder(text, under, take).documents()
    except _Invalid as problem:
        raise ConfigError([_at(problem.mark, problem.message, shown, problem.hint)]) from None
    except yaml.MarkedYAMLError as problem:
        what = str(problem.problem or problem.context)
        message = f"not valid YAML: {', '.join(filter(None, (problem.context, problem.problem)))}"
        mark = problem.problem_mark or problem.context_mark
        hint = _ADVICE.get(what) or _about_variables(text, mark)
        raise ConfigError([_at(mark, message, shown, hint)]) from None
    except (yaml.YAMLError, UnicodeEncodeError) as problem:
        raise ConfigError([_bad_character(text, shown, str(problem).splitlines()[0])]) from None


def write(node: Node) -> str:
    """YAML again, without comments: `true` without quotes stays without them, and texts of several lines are blocks."""
    dumper: Any = yaml.CSafeDumper
    text: str = yaml.serialize(_written(node), Dumper=dumper, allow_unicode=True, width=120)
    return text


def _written(node: Node) -> yaml.Node:
    if node.entries is not None:
        pairs = [(_scalar_node(name, plain=key.plain), _written(value)) for name, (key, value) in node.entries.items()]
        return yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=False)
    if node.items is not None:
        items = [_written(item) for item in node.items]
        return yaml.SequenceNode("tag:yaml.org,2002:seq", items, flow_style=False)
    if node.text is None:
        return yaml.ScalarNode("tag:yaml.org,2002:null", "null")
    return _scalar_node(node.text, plain=node.plain)


def _scalar_node(text: str, *, plain: bool) -> yaml.ScalarNode:
    resolver: Any = yaml.resolver.Resolver()
    tag = resolver.resolve(yaml.ScalarNode, text, (plain, not plain))
    return yaml.ScalarNode(tag, text, style="|" if "\n" in text else None)


def _at(mark: Any, message: str, shown: str, hint: str) -> Problem:
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
    return Problem(message, shown, line, column, hint=hint)


def _about_variables(text: str, mark: Any) -> str:
    """Advice if the line has a variable: within braces or brackets its own brace begins a mapping."""
    line = text.splitlines()[mark.line : mark.line + 1] if mark else ()
    return 'within {} and [] a variable needs quotes: "${NAME}"' if any("${" in one for one in line) else ""


def _bad_character(text: str, shown: str, otherwise: str) -> Problem:
    for index, character in enumerate(text):
        if not (character.isprintable() or character in "\t\n\r\x85\u2028\u2029" or character > "\x9f") or (
            "\ud800" <= character <= "\udfff"
        ):
            line, column = text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)
            return Problem(
                f"not valid YAML: control character U+{ord(character):04X}", shown, line, column, hint="remove it"
            )
    return Problem(f"not valid YAML: {otherwise}", shown)


class _Builder:
    """Parser events become nodes, with a stack in place of recursion: depth is a matter of a cap, not of a crash."""

    def __init__(self, text: str, under: str = "", take: Take | None = None) -> None:
        self._text, self._under, self._take = text, under, take
        self._roots: list[Node] = []
        self._open: list[_Open] = []
        self._read = 0
        self._anchors: dict[str, Node | None] = {}  # None while the anchored node is still open

    @cached_property
    def _steps(self) -> dict[type, Any]:
        return {
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
            yaml.MappingStartEvent: self._begin,
            yaml.SequenceStartEvent: self._begin,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.DocumentStartEvent: self._document,
        }

    def documents(self) -> list[Node]:
        steps = self._steps
        for event in yaml.parse(self._text, Loader=_LOADER):
            step = steps.get(type(event))
            if step is not None:
                step(event)
        return self._roots

    def _document(self, _: Any) -> None:
        self._anchors.clear()

    def _scalar(self, event: Any) -> None:
        mark, plain = event.start_mark, event.implicit[0] and not event.style
        if event.tag == "tag:yaml.org,2002:binary":
            raise _Invalid("binary values are not supported", mark, "write the text itself")
        null = (plain or event.tag == "tag:yaml.org,2002:null") and event.value in _NULLS
        node = Node(mark.line + 1, mark.column + 1, None if null else event.value, plain)
        if event.anchor:
            self._anchors[event.anchor] = node
        self._add(node, event)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            raise _Invalid(
                f"unknown alias *{event.anchor}", event.start_mark, "an anchor (&) must stand before its use"
            )
        node = self._anchors[event.anchor]
        if node is None:
            raise _Invalid(f"*{event.anchor} stands inside its own anchor", event.start_mark, "copy the part instead")
        self._add(node, event)

    def _begin(self, event: Any) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise _Invalid(f"nested more than {MAX_DEPTH} levels deep", event.start_mark, "flatten it")
        mark = event.start_mark
        node = Node(mark.line + 1, mark.column + 1)
        if isinstance(event, yaml.MappingStartEvent):
            node.entries = {}
        else:
            node.items = []
        if event.anchor:
            self._anchors[event.anchor] = None
        self._open.append(_Open(node, event.anchor))

    def _end(self, event: Any) -> None:
        done = self._open.pop()
        for merged in done.merges:
            self._merge(done.node, merged, event)
        if done.anchor:
            self._anchors[done.anchor] = done.node
        self._add(done.node, event)

    def _add(self, node: Node, event: Any) -> None:
        """Put a finished node where it belongs: into its parent, or among the documents."""
        self._read += 1
        if not self._open:
            self._roots.append(node)
            return
        parent = self._open[-1]
        self._grow(parent.node, node.weight, event)
        if parent.node.items is not None:
            parent.node.items.append(self._handed_over(node, len(parent.node.items)))
        elif parent.key is None:
            parent.key = self._checked_key(parent, node, event)
        else:
            key, parent.key = parent.key, None
            if key.text == _MERGE and key.plain:
                self._note_merge(parent, key, node, event)
            else:
                assert parent.node.entries is not None
                parent.node.entries[key.text or ""] = (key, node)

    def _handed_over(self, node: Node, index: int) -> Node:
        key = self._open[0].key
        if self._take is None or len(self._open) != 2 or key is None or key.text != self._under or node.entries is None:
            return node
        self._take(index, node)
        return TAKEN

    def _grow(self, parent: Node, weight: int, event: Any) -> None:
        parent.weight += weight
        most = FREE_EXPANSION + MAX_FACTOR * self._read
        if parent.weight > most:
            message = f"its aliases expand to more than {most} values"
            raise _Invalid(message, event.start_mark, "this looks like a YAML bomb")

    @staticmethod
    def _checked_key(parent: _Open, node: Node, event: Any) -> Node:
        if node.entries is not None or node.items is not None:
            raise _Invalid(f"a key must be text, not {node.kind}", event.start_mark, "a value with {{ }} needs quotes")
        entries = parent.node.entries
        assert entries is not None
        seen = entries.get(node.text or "")
        if seen is not None or (node.text == _MERGE and node.plain and parent.merges):
            where = f", first in line {seen[0].line}" if seen else ""
            raise _Invalid(
                f'the key "{(node.text or "")[:200]}" is here twice{where}', event.start_mark, "keep one of them"
            )
        return node

    @staticmethod
    def _note_merge(parent: _Open, key: Node, node: Node, event: Any) -> None:
        sources = node.items if node.items is not None else [node]
        if any(source.entries is None for source in sources):
            raise _Invalid("`<<` merges a mapping or a list of mappings", event.start_mark, f"this is {node.kind}")
        parent.merges = sources or [Node(key.line, key.column, entries={})]

    def _merge(self, into: Node, source: Node, event: Any) -> None:
        """What the mapping itself says wins over what is merged, and earlier over later."""
        assert into.entries is not None
        assert source.entries is not None
        for key, pair in source.entries.items():
            if key not in into.entries:
                self._grow(into, pair[1].weight + 1, event)
                into.entries[key] = pair
