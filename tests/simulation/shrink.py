"""Makes a story that fails as short as can be, so that a person can read why."""

from collections.abc import Callable
from dataclasses import replace

from tests.simulation.script import Script

Failure = Callable[[Script], BaseException | None]


def shortest(script: Script, failure: Failure) -> Script:
    """The story without whatever it can do without and still fail in the same way."""
    wanted = _kind(failure(script))
    size = len(script.doings)
    while size:
        begin = 0
        while begin < len(script.doings):
            shorter = script.without(begin, begin + size)
            if _kind(failure(shorter)) == wanted:
                script = shorter
            else:
                begin += size
        size //= 2
    return _rounded(script, failure, wanted)


def _rounded(script: Script, failure: Failure, wanted: str) -> Script:
    """With whole seconds, if that makes no difference."""
    rounded = replace(script, doings=[replace(doing, at=float(round(doing.at))) for doing in script.doings])
    return rounded if _kind(failure(rounded)) == wanted else script


def _kind(problem: BaseException | None) -> str:
    return "" if problem is None else f"{type(problem).__name__} {str(problem).split(':', 1)[0]}"
