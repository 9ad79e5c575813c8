"""What a client asks for, read into the core's values."""

from collections.abc import Iterable

from alertd import regex
from alertd.core import matchers
from alertd.core.alerts import State
from alertd.core.filters import Filter
from alertd.core.matchers import Grammar, Matcher
from alertd.rpc import alerts_pb2 as pb

_LARGEST_PAGE, _PAGE = 1000, 500  # alerts
_STATES = {pb.STATE_PENDING: State.PENDING, pb.STATE_FIRING: State.FIRING, pb.STATE_RESOLVED: State.RESOLVED}


def wanted(given: pb.Filter, grammar: Grammar) -> Filter:
    """A filter; what it does not say is wanted. Raises ValueError with advice."""
    return Filter(
        matchers=_matchers(given.matchers, grammar),
        receiver=regex.compile(given.receiver) if given.receiver else None,
        receiver_matchers=_matchers(given.receiver_matchers, grammar),
        active=_flag(given, "active"),
        silenced=_flag(given, "silenced"),
        inhibited=_flag(given, "inhibited"),
        muted=_flag(given, "muted"),
        states=frozenset(map(_state, given.states)) or frozenset(_STATES.values()),
    )


def page_size(given: int) -> int:
    """How many alerts are on a page. Raises ValueError."""
    if given < 0:
        raise ValueError("page_size must not be negative")
    return min(given or _PAGE, _LARGEST_PAGE)


def _matchers(texts: Iterable[str], grammar: Grammar) -> tuple[Matcher, ...]:
    return tuple(matcher for text in texts for matcher in matchers.parse(text, grammar))


def _flag(given: pb.Filter, name: str) -> bool:
    return bool(getattr(given, name)) or not given.HasField(name)


def _state(given: pb.State) -> State:
    if given not in _STATES:
        raise ValueError("states may be STATE_PENDING, STATE_FIRING and STATE_RESOLVED")
    return _STATES[given]
