"""How alerts are chosen on the command line: by matchers, and a word alone is the name of an alert."""

from collections.abc import Iterable

import click

from alertd.core import matchers
from alertd.core.matchers import Matcher


def chosen(_: click.Context, __: click.Parameter, given: Iterable[str]) -> tuple[Matcher, ...]:
    """The matchers of an argument."""
    return tuple(matcher for text in given for matcher in parsed(text))


def parsed(text: str) -> tuple[Matcher, ...]:
    """`name="value"` and the like. Raises BadParameter."""
    if not is_matcher(text):
        return (Matcher("alertname", "=", text),)
    try:
        return matchers.parse(text)
    except ValueError as problem:
        raise click.BadParameter(str(problem)) from None


def is_matcher(text: str) -> bool:
    """Whether it looks like one."""
    return bool(set(text) & set("=!~{}"))
