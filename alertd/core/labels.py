"""Label sets: immutable, sorted, hashable; an empty value is no label, as in Prometheus."""

from collections.abc import ItemsView, Iterable, Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b
from json.encoder import encode_basestring  # what `dumps` does with a text, without what it takes to get there
from typing import Any, TypeVar, overload

from alertd.core.shapes import Shape, shape

_FNV_OFFSET, _FNV_PRIME, _MASK = 0xCBF29CE484222325, 0x100000001B3, 0xFFFFFFFFFFFFFFFF
_SEPARATOR = b"\xff"

T = TypeVar("T")


class Labels(Mapping[str, str]):
    """A sorted, immutable mapping of label names to non-empty values. Hashable, so it identifies an alert.

    There are very many of them: one has its values, and shares its names with all that have the same.
    """

    __slots__ = ("_fingerprint", "_key", "_shape", "_values")

    _shape: Shape
    _values: tuple[str, ...]
    _key: str
    _fingerprint: int

    def __init__(self, labels: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        found = labels if isinstance(labels, dict) else dict(labels)
        names = sorted(found)
        values = tuple([found[name] for name in names])
        if not all(values):
            names = [name for name in names if found[name]]
            values = tuple([found[name] for name in names])
        self._shape, self._values = shape(tuple(names)), values

    def __getitem__(self, name: str) -> str:
        return self._values[self._shape[name]]

    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, /, default: str | T) -> str | T: ...
    def get(self, name: str, default: Any = None) -> Any:
        """The value of a label, or the default if it is not set."""
        place = self._shape.get(name)
        return default if place is None else self._values[place]

    def __iter__(self) -> Iterator[str]:
        return iter(self._shape.names)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return name in self._shape

    def items(self) -> ItemsView[str, str]:
        """The pairs, sorted by name."""
        return _Pairs(self)

    def pairs(self) -> Iterator[tuple[str, str]]:
        """The pairs, sorted by name, for those who go through them once."""
        return zip(self._shape.names, self._values)  # noqa: B905 - of one length, and asked for very often

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if isinstance(other, Labels):
            return self._values == other._values and self._shape.names == other._shape.names
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._values)  # to remember it would cost more than it saves: each text knows its own

    def __lt__(self, other: "Labels") -> bool:
        if self._shape is other._shape:
            return self._values < other._values
        return tuple(self.pairs()) < tuple(other.pairs())

    def __repr__(self) -> str:
        return "{" + ", ".join([f"{name}={encode_basestring(value)}" for name, value in self.pairs()]) + "}"

    @property
    def key(self) -> str:
        """A short stable digest (20 hex digits) that identifies this set in the store and in ids."""
        try:
            return self._key
        except AttributeError:
            self._key = digest(part for pair in self.pairs() for part in pair)
            return self._key

    @property
    def fingerprint(self) -> str:
        """Alertmanager's fingerprint: FNV-1a, 64 bits, over the sorted pairs, as 16 hex digits."""
        try:
            value = self._fingerprint
        except AttributeError:
            value = _FNV_OFFSET
            for name, text in self.pairs():
                factor, summand = _mixing(value & 0xFF, name, text)
                value = (value * factor + summand) & _MASK
            self._fingerprint = value  # half as large as its digits
        return f"{value:016x}"

    @property
    def apart(self) -> tuple[Shape, tuple[str, ...]]:
        """Names and values, for one who keeps very many; `joined` makes labels of them again."""
        return self._shape, self._values

    @staticmethod
    def joined(names: Shape, values: tuple[str, ...]) -> "Labels":
        """The labels that were `apart`."""
        made = Labels.__new__(Labels)
        made._shape, made._values = names, values  # noqa: SLF001 - one of us
        return made

    def without(self, *names: str) -> "Labels":
        """These labels but the named ones."""
        return Labels({name: value for name, value in self.pairs() if name not in names})

    def only(self, names: Iterable[str]) -> "Labels":
        """The named labels, as far as they are set."""
        return Labels({name: self[name] for name in names if name in self._shape})

    def merged(self, other: Mapping[str, str]) -> "Labels":
        """These labels overlaid with others; an empty value there removes the label."""
        return Labels({**dict(self.pairs()), **other})

    def under(self, overlay: "Overlay") -> "Labels":
        """As `merged`, for one who merges the same into very many."""
        shape, places = overlay.plan(self._shape.names)
        values, own = self._values, overlay.values
        return Labels.joined(shape, tuple([values[place] if place >= 0 else own[~place] for place in places]))


class Overlay:
    """Pairs that are laid over many label sets; an empty value removes the label.

    Sets of one shape become sets of one shape, so where their values come from is found out once.
    """

    def __init__(self, pairs: Mapping[str, str]) -> None:
        self._pairs = dict(pairs)
        self.values = tuple(pairs.values())
        self._plans: dict[tuple[str, ...], tuple[Shape, tuple[int, ...]]] = {}

    def plan(self, names: tuple[str, ...]) -> tuple[Shape, tuple[int, ...]]:
        """The names of the result, and where each value is: among those below, or, counted backwards, in `values`."""
        plan = self._plans.get(names)
        if plan is None:
            plan = self._plans[names] = self._planned(names)
        return plan

    def _planned(self, names: tuple[str, ...]) -> tuple[Shape, tuple[int, ...]]:
        places = {name: place for place, name in enumerate(names)}
        places |= {name: ~place for place, name in enumerate(self._pairs)}
        kept = sorted(name for name in places if self._pairs.get(name, "kept"))
        return shape(tuple(kept)), tuple(places[name] for name in kept)


class _Pairs(ItemsView[str, str]):
    """The view that `items` gives."""

    __slots__ = ()
    _mapping: Labels

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return self._mapping.pairs()


@lru_cache(maxsize=4096)  # the alerts of a rule share most of their pairs
def _mixing(low: int, name: str, text: str) -> tuple[int, int]:
    """What FNV-1a does with one pair to every state that ends in this byte: a factor and a summand, modulo 2⁶⁴.

    `(state ^ byte) * prime` is `(state + change) * prime`, and only the last byte of the state says what the change is.
    """
    parts = (name.encode("utf-8", "surrogatepass"), text.encode("utf-8", "surrogatepass"), b"")
    pair, summand = _SEPARATOR.join(parts), 0
    for byte in pair:
        mixed = low ^ byte
        summand = (summand + mixed - low) * _FNV_PRIME & _MASK
        low = mixed * _FNV_PRIME & 0xFF
    return pow(_FNV_PRIME, len(pair), _MASK + 1), summand


def digest(texts: Iterable[str]) -> str:
    """20 hex digits that tell these texts, in this order, from all others."""
    encoded = b"\xff".join([text.encode("utf-8", "surrogatepass") for text in texts])  # no UTF-8 has this byte
    return blake2b(encoded, digest_size=10).hexdigest()


def common(sets: Iterable[Mapping[str, str]]) -> Labels:
    """The pairs that all sets share (Alertmanager's CommonLabels and CommonAnnotations)."""
    iterator = iter(sets)
    shared: Mapping[str, str] = next(iterator, {})
    for labels in iterator:
        if not shared:
            break
        shared = {name: value for name, value in shared.items() if labels.get(name) == value}
    return shared if isinstance(shared, Labels) else Labels(shared)
