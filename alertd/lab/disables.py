"""Comments that disable checks: `# alertd: disable=CHECK[,CHECK] reason="…" until=YYYY-MM-DD`.

One that stands alone is about what follows it, one at the end of a line about what stands in that line: the innermost
rule or group there, or the whole file.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from alertd.config.yamltext import Node
from alertd.lab.findings import Found
from alertd.lab.subjects import Source
from alertd.spelling import close

_COMMENT = re.compile(r"(?:^|\s)#\s*alertd:\s*(?P<verb>\w+)(?P<rest>.*)", re.ASCII)
_CHECKS = re.compile(r"\s*=\s*(?P<names>[\w-]+(?:\s*,\s*[\w-]+)*)\s*(?P<rest>.*)", re.ASCII)
_OPTION = re.compile(r"""\s*(?P<key>\w+)\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s"']+))""")
_LONGEST = 2000  # characters of a comment


@dataclass(frozen=True)
class Scope:
    """What a comment is about: a rule or a group by its line, a `line`, or with zeros everywhere the whole file."""

    group: int = 0
    rule: int = 0
    line: int = 0


def scopes_around(found: Found) -> frozenset[Scope]:
    """All that a comment may be about to be about this finding."""
    group, rule, line = found.group_line, found.rule_line, found.problem.line
    return frozenset((Scope(group, rule), Scope(group), Scope(line=line), Scope()))


@dataclass(frozen=True)
class Disable:
    """One comment. `trouble` says what is wrong with it as it stands."""

    path: str
    line: int
    column: int
    scope: Scope
    checks: tuple[str, ...] = ()
    reason: str = ""
    until: date | None = None
    trouble: str = ""

    def active(self, today: date) -> bool:
        """Whether it still disables anything."""
        return bool(self.checks) and not self.trouble and (self.until is None or today <= self.until)


def disables(source: Source, *, rules: bool) -> Iterator[Disable]:
    """The comments of a file; of one without `rules` each is about a line, or at the top about everything."""
    if "alertd:" not in source.text:
        return
    lines = source.text.splitlines()
    texts = [node.text for node in _values(source.documents) if node.text and "alertd:" in node.text]
    blocks = _Blocks(source.documents) if rules else None
    for number, line in enumerate(lines, 1):
        match = _COMMENT.search(line[:_LONGEST]) if "alertd:" in line else None
        if match is None or any(match[0].strip() in text for text in texts):
            continue
        target = number if line[: match.start()].strip() else _following(lines, number)
        scope = blocks.around(target, lines) if blocks else _line_scope(target, lines)
        disable = _parsed(match, Disable(source.path, number, line.index("#", match.start()) + 1, scope))
        if disable is not None:
            yield disable


def _values(nodes: Iterable[Node]) -> Iterator[Node]:
    """All texts but expressions: a comment in an expression is a comment."""
    left = list(nodes)
    while left:
        node = left.pop()
        if node.entries is not None:
            left += [value for key, (_, value) in node.entries.items() if key != "expr"]
        elif node.items is not None:
            left += node.items
        elif node.text is not None:
            yield node


def _following(lines: Sequence[str], number: int) -> int:
    """The next line with something in it, or this one if there is none."""
    for at in range(number, len(lines)):
        text = lines[at].strip()
        if text and not text.startswith("#") and text != "-":
            return at + 1
    return number


def _line_scope(target: int, lines: Sequence[str]) -> Scope:
    first = next((at for at, line in enumerate(lines, 1) if line.split("#")[0].strip(" -")), target)
    return Scope() if target == first else Scope(line=target)


class _Blocks:
    """Where the groups and the rules of a file begin."""

    def __init__(self, documents: Sequence[Node]) -> None:
        blocks = sorted(_blocks(documents), key=lambda block: block[:2])
        self._lines = [line for line, _, _ in blocks]
        self._blocks = blocks
        self._columns = {scope: column for _, column, scope in blocks}

    def around(self, target: int, lines: Sequence[str]) -> Scope:
        """The innermost that holds this line: one that begins in it, or one it is indented into."""
        index = bisect_right(self._lines, target) - 1
        if index < 0:
            return Scope()
        line, _, scope = self._blocks[index]
        indent = len(lines[target - 1]) - len(lines[target - 1].lstrip()) + 1
        within = (one for one in (scope, Scope(scope.group)) if indent >= self._columns[one])
        return scope if line == target else next(within, Scope())


def _blocks(documents: Sequence[Node]) -> Iterator[tuple[int, int, Scope]]:
    """Line, column and scope of every group and every rule."""
    for document in documents:
        groups = document.child("groups")
        for group in (groups.items or ()) if groups else ():
            yield group.line, group.column, Scope(group.line)
            rules = group.child("rules")
            for rule in (rules.items or ()) if rules else ():
                yield rule.line, rule.column, Scope(group.line, rule.line)


def _parsed(match: re.Match[str], blank: Disable) -> Disable | None:
    """The comment, or None if it is prose that happens to begin so."""
    verb = match["verb"]
    if verb != "disable":
        meant = close(verb.lower(), ["disable"], cutoff=0.75) and match["rest"].startswith("=")
        return replace(blank, trouble=f'"{verb}" is not known: did you mean "disable"?') if meant else None
    named = _CHECKS.fullmatch(match["rest"])
    if named is None:
        return replace(blank, trouble='it names no check: write disable=CHECK reason="…"')
    return _options(named["rest"], replace(blank, checks=tuple(re.split(r"\s*,\s*", named["names"]))))


def _options(text: str, disable: Disable) -> Disable:
    while text.strip():
        match = _OPTION.match(text)
        if match is None:
            return replace(disable, trouble=f'cannot read "{text.strip()[:50]}": write reason="…" and until=YYYY-MM-DD')
        key, value = match["key"], match["double"] or match["single"] or match["bare"] or ""
        if key == "reason":
            disable = replace(disable, reason=value.strip())
        elif key == "until":
            disable = _until(disable, value)
        else:
            disable = replace(disable, trouble=f'"{key[:50]}" is not known: there is reason and until')
        text = text[match.end() :]
    return disable


def _until(disable: Disable, value: str) -> Disable:
    try:
        return replace(disable, until=date.fromisoformat(value))
    except ValueError:
        return replace(disable, trouble=f'"{value[:50]}" is no date: write until=YYYY-MM-DD')
