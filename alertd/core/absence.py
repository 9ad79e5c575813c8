"""The answer when there is no such alert: which rules could have made it, how close they came, what was in the way."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from alertd.core.labels import Labels
from alertd.core.matchers import Matcher
from alertd.core.rules import Rule
from alertd.core.story import clock, several
from alertd.spelling import close

_MOST = 10
_TEMPLATE = "{{"


@dataclass(frozen=True, slots=True)
class Near:
    """What a rule compared when it was asked again: the sample that came closest.

    `labels` None: there was none. `held`: the comparison is true of it. `partial`: the rule has another condition.
    """

    expr: str
    against: str
    value: float = 0.0
    labels: Labels | None = None
    held: bool = False
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule that could have made the alert. `near` is empty if it could not be asked, and `unasked` says why.

    `said`: what there is to say of a rule that compares nothing.

    `error` is what is wrong with its last evaluation, which was for `evaluated_at`.
    """

    rule: Rule
    near: tuple[Near, ...] = ()
    unasked: str = ""
    error: str = ""
    evaluated_at: datetime | None = None
    said: str = ""


def could_make(rule: Rule, matchers: Sequence[Matcher]) -> bool:
    """Whether the labels that a rule sets itself leave room for these; a template may become anything."""
    fixed = {**rule.labels, "alertname": rule.name}
    known = [one for one in matchers if one.name in fixed and _TEMPLATE not in fixed[one.name]]
    return all(one.matches(fixed) for one in known)


def account(candidates: Sequence[Candidate], since: datetime, at: datetime, now: datetime) -> tuple[str, ...]:
    """The sentences about rules that made no such alert in this time."""
    if not candidates:
        return ("no rule could produce such an alert: none makes such labels",)
    during = f"between {clock(since, now)} and {clock(at, now)}"
    lines = [f"no rule produced such an alert {during}, as far as is remembered"]
    for one in candidates[:_MOST]:
        lines += _about(one, at, now)
    if len(candidates) > _MOST:
        lines.append(f"{len(candidates) - _MOST} more rules could produce such labels")
    return tuple(lines)


def unknown(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Nobody knows this name."""
    found = close(name, known, most=3)
    hint = f"; did you mean {several(found, 'or')}?" if found else ""
    return (f"there is no rule {name!r}, and no alert of that name is remembered{hint}",)


def _about(one: Candidate, at: datetime, now: datetime) -> Iterator[str]:
    name = f"the rule {one.rule.name} ({one.rule.file}, group {one.rule.group})"
    if not one.rule.enabled:
        yield f"{name} is not enabled"
        return
    if one.evaluated_at is None:
        yield f"{name} has not been evaluated since alertd started"
    if one.error:
        yield f"{name} could not be judged lately: {one.error}"
    if one.unasked:
        yield f"{name} cannot be asked how close it came: {one.unasked}"
    if one.said:
        yield f"{name} {one.said}"
    for near in one.near:
        yield f"{name} {_near(near, clock(at, now))}"


def _near(near: Near, when: str) -> str:
    also = "; another condition must hold besides" if near.partial else ""
    if near.labels is None:
        return f"found no series for {near.expr} at {when}{also}"
    what = "was true at" if near.held else "came closest at"
    return f"{what} {when}: the value is {near.value:.6g} against {near.against}, for {near.labels!r}{also}"
