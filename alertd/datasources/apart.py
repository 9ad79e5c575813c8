"""Which expressions are asked alone, and until when. Times are seconds of a clock that never jumps."""

from collections.abc import Collection, Iterable, Mapping

from alertd.core.samples import Answer
from alertd.errors import QueryError, QueryFailure

Reply = Answer | QueryError

WHILE = 600.0  # seconds
_DAY = 86400.0
_SLOW = 2.0  # seconds that one expression may take beside others
_KNOWN = 100_000  # who is no longer asked is forgotten at the latest when there are more than these


class Apart:
    """Culprits, who fail or are remarked upon; suspects, one of whom may have held up all; and what cannot be joined.

    A culprit stays as long as it gives cause, and a while longer; a suspect until it has answered in time.
    """

    def __init__(self) -> None:
        self._culprits: dict[str, float] = {}
        self._suspects: dict[str, float] = {}

    def has(self, expr: str, now: float) -> bool:
        """Whether this is to be asked alone."""
        return now < self._culprits.get(expr, 0.0) or now < self._suspects.get(expr, 0.0)

    def blame(self, exprs: Iterable[str], now: float) -> None:
        """These are at fault."""
        self._extend(exprs, now + WHILE, now)

    def exclude(self, exprs: Iterable[str], now: float) -> None:
        """These have an answer by themselves only."""
        self._extend(exprs, now + _DAY, now)

    def suspect(self, exprs: Iterable[str], now: float) -> None:
        """One of these may be at fault."""
        self._suspects = _current(self._suspects, now) | dict.fromkeys(exprs, now + _DAY)

    def heard(self, replies: Mapping[str, Reply], now: float) -> None:
        """What came of asking each alone."""
        for expr, reply in replies.items():
            if expr in self._culprits and is_at_fault(reply):
                self._culprits[expr] = max(self._culprits[expr], now + WHILE)
            if expr in self._suspects and isinstance(reply, Answer) and reply.seconds < _SLOW:
                del self._suspects[expr]

    def _extend(self, exprs: Iterable[str], until: float, now: float) -> None:
        known = _current(self._culprits, now)
        self._culprits = known | {expr: max(until, known.get(expr, 0.0)) for expr in exprs}


def is_at_fault(reply: Reply) -> bool:
    """Whether an expression that answers so would be a burden to others."""
    if isinstance(reply, QueryError):
        return not reply.blind or reply.failure is QueryFailure.TIMEOUT
    return bool(reply.warnings)


def culprits(replies: Mapping[str, Reply]) -> Collection[str] | None:
    """Who of a batch is at fault; None if it is the server, who failed most of them."""
    blind = [expr for expr, reply in replies.items() if isinstance(reply, QueryError) and reply.blind]
    if 2 * len(blind) > len(replies):
        return None
    return {*blind, *(expr for expr, reply in replies.items() if is_at_fault(reply))}


def _current(known: dict[str, float], now: float) -> dict[str, float]:
    if len(known) <= _KNOWN:
        return known
    return {expr: until for expr, until in known.items() if now < until}
