"""Runs the checks, and lets comments in the files disable them; a comment that does not do so is itself a finding."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from alertd.errors import Problem
from alertd.lab.checks import CHECKS
from alertd.lab.definition import Check
from alertd.lab.disables import Disable, Scope, disables, scopes_around
from alertd.lab.findings import Finding, Found, Severity
from alertd.lab.subjects import Source, World
from alertd.spelling import suggest

_LONGEST = 100  # characters of a name
COMMENTS = "disable"  # the name of what is found about the comments themselves
NAMES = (*(check.name for check in CHECKS), COMMENTS)


@dataclass(frozen=True)
class Choice:
    """Which checks run. `online`: there is a Prometheus to ask."""

    enabled: frozenset[str] = frozenset()
    disabled: frozenset[str] = frozenset()
    online: bool = False

    def runs(self, check: Check) -> bool:
        wanted = not check.optional or check.name in self.enabled
        return wanted and check.name not in self.disabled and (self.online or not check.online)


class _Comments:
    """The comments, and which of their checks have had something to disable."""

    def __init__(self, world: World) -> None:
        self.known = tuple(_comments(world))
        self.today = world.today
        self.used: set[tuple[Disable, str]] = set()
        self._places: dict[tuple[str, str, Scope], list[Disable]] = {}
        for one in self.known:
            for check in one.checks if one.active(self.today) else ():
                self._places.setdefault((one.path, check, one.scope), []).append(one)

    def allow(self, check: str, found: Found) -> bool:
        """Whether a finding stays."""
        places = [(found.problem.path, check, scope) for scope in scopes_around(found)]
        disabling = [one for place in places for one in self._places.get(place, ())]
        self.used |= {(one, check) for one in disabling}
        return not disabling


def lint(world: World, choice: Choice) -> tuple[Finding, ...]:
    """Everything that the chosen checks find, sorted by file and line."""
    comments = _Comments(world)
    running = [check for check in CHECKS if choice.runs(check)]
    found = list(_found(running, world, comments))
    if COMMENTS not in choice.disabled:
        found += _about(comments, frozenset(check.name for check in running))
    order = {source.path: index for index, source in enumerate(_sources(world))}
    return tuple(sorted(found, key=lambda finding: _position(finding, order)))


def _found(running: Sequence[Check], world: World, comments: _Comments) -> Iterator[Finding]:
    """What a group or a default says is found with each of its rules, and told once."""
    told = set()
    for check in running:
        for one in check.find(world):
            place = check.name, one.problem.path, one.problem.line, one.problem.column, one.problem.message
            if comments.allow(check.name, one) and place not in told:
                told.add(place)
                yield Finding(check.name, check.severity, one.problem)


def unknown(names: Iterable[str]) -> Mapping[str, str]:
    """Names of checks that do not exist, each with advice."""
    return {name: suggest(name.lower(), NAMES) for name in names if name not in NAMES}


def _sources(world: World) -> Iterator[Source]:
    if world.config_source:
        yield world.config_source
    yield from world.sources


def _comments(world: World) -> Iterator[Disable]:
    for source in world.sources:
        yield from disables(source, rules=True)
    if world.config_source:
        yield from disables(world.config_source, rules=False)


def _about(comments: _Comments, running: Collection[str]) -> Iterator[Finding]:
    for comment in comments.known:
        for message, hint in _troubles(comment, comments, running):
            place = Problem(message, comment.path, comment.line, comment.column, hint=hint)
            yield Finding(COMMENTS, Severity.WARNING, place)


def _troubles(comment: Disable, comments: _Comments, running: Collection[str]) -> Iterator[tuple[str, str]]:
    if comment.trouble:
        yield f"this comment disables nothing: {comment.trouble}", ""
        return
    for name, advice in unknown(comment.checks).items():
        yield f'there is no check "{name[:_LONGEST]}"', advice
    if not comment.reason:
        yield "it does not say why", 'add reason="…"'
    if not comment.active(comments.today):
        yield f"it has expired: it was good until {comment.until}", "mend the rule, or give it a new date"
        return
    for name in comment.checks:
        if name in running and (comment, name) not in comments.used:
            yield f'"{name}" finds nothing here', "remove it"


def _position(finding: Finding, order: Mapping[str, int]) -> tuple[int, int, int, str]:
    problem = finding.problem
    return order.get(problem.path, len(order)), problem.line, problem.column, finding.check
