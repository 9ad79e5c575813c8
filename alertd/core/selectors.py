"""Which of many sets of matchers a label set satisfies, without trying them all.

A set is filed under the values that one of its matchers asks for: `instance="a"` under `instance=a`, `job=~"x|y"` under
both. Only sets without such a matcher are tried on everything.
"""

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from alertd.core.matchers import Matcher

_LITERALS = re.compile(r"[\w\-/:@ ,=%#~&;<>!]+(?:\|[\w\-/:@ ,=%#~&;<>!]+)*")  # a regular expression that only names
_MOST = 100  # values of one matcher that are filed

K = TypeVar("K", bound=Hashable)
Pair = tuple[str, str]
Pairs = Sequence[Pair]


class Selectors(Generic[K]):
    """Sets of matchers by key. What changes are tuples, replaced as a whole, so that any thread may look."""

    def __init__(self, sets: Iterable[tuple[K, Sequence[Matcher]]] = ()) -> None:
        self._filed: dict[Pair, tuple[tuple[int, K, Sequence[Matcher]], ...]] = {}
        self._rest: tuple[tuple[int, K, Sequence[Matcher]], ...] = ()
        self._places: dict[K, Pairs] = {}
        self._count = 0
        for key, matchers in sets:
            self.add(key, matchers)

    def __contains__(self, key: K) -> bool:
        return key in self._places

    def add(self, key: K, matchers: Sequence[Matcher]) -> None:
        """Take in a set, once a key."""
        if key in self._places:
            return
        self._count += 1
        entry = (self._count, key, matchers)
        candidates = [pairs for matcher in matchers if (pairs := _pairs(matcher))]
        places: Pairs = min(candidates, key=self._crowd, default=())
        self._places[key] = places
        for pair in places:
            self._filed[pair] = (*self._filed.get(pair, ()), entry)
        if not places:
            self._rest = (*self._rest, entry)

    def remove(self, key: K) -> None:
        """Forget a set."""
        places = self._places.pop(key, None)
        if places is None:
            return
        if not places:
            self._rest = tuple(entry for entry in self._rest if entry[1] != key)
        for pair in places:
            left = tuple(entry for entry in self._filed[pair] if entry[1] != key)
            if left:
                self._filed[pair] = left
            else:
                del self._filed[pair]

    def find(self, labels: Mapping[str, str]) -> list[K]:
        """The keys of all sets that these labels satisfy, in the order in which they came."""
        filed = self._filed
        found = [entry for entry in self._rest if satisfies(labels, entry[2])]
        if filed:
            for pair in labels.items():
                found += [entry for entry in filed.get(pair, ()) if satisfies(labels, entry[2])]
        if len(found) > 1:
            found.sort(key=lambda entry: entry[0])
        return [entry[1] for entry in found]

    def _crowd(self, pairs: Pairs) -> int:
        return sum(len(self._filed.get(pair, ())) for pair in pairs)


def satisfies(labels: Mapping[str, str], matchers: Iterable[Matcher]) -> bool:
    """Whether all matchers agree; without any, they do."""
    return all(matcher.matches(labels) for matcher in matchers)


def _pairs(matcher: Matcher) -> Pairs:
    """The pairs of which a label set must have one for this matcher to agree; none if there is no telling."""
    if matcher.op == "=" and matcher.value:
        return ((matcher.name, matcher.value),)
    if matcher.op == "=~" and _LITERALS.fullmatch(matcher.value):
        values = dict.fromkeys(matcher.value.split("|"))
        return tuple((matcher.name, value) for value in values) if len(values) <= _MOST else ()
    return ()
