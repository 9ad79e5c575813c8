"""What somebody may have meant by a name that nobody knows; the only place that says which names are close."""

from collections.abc import Iterable
from difflib import get_close_matches

_COMPARED = 200  # characters of a name
_LISTED = 30  # names that are told when none is close


def close(name: str, known: Iterable[str], *, most: int = 1, cutoff: float = 0.6) -> list[str]:
    """The names most like this one, the best first; `cutoff` is how like, 1 the same."""
    return get_close_matches(name[:_COMPARED], sorted(set(known)), n=most, cutoff=cutoff)


def question(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """`did you mean "…"?`, or nothing if no name is close."""
    found = close(name, known, cutoff=cutoff)
    return f'did you mean "{found[0]}"?' if found else ""


def suggest(name: str, known: Iterable[str]) -> str:
    """The name somebody may have meant, or those there are, unless they are too many to tell."""
    names = sorted(set(known))
    listed = f"there is: {', '.join(names)}" if len(names) <= _LISTED else ""
    return question(name, names) or listed


def asked(message: str, name: str, known: Iterable[str]) -> str:
    """The message, with the question at its end if a name is very close."""
    return "; ".join(filter(None, (message, question(name, known, cutoff=0.75))))
