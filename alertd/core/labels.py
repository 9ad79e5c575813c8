"""Label sets: immutable, sorted, hashable; an empty value is no label, as in Prometheus."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from hashlib import blake2b

_FNV_OFFSET, _FNV_PRIME, _MASK = 0xCBF29CE484222325, 0x100000001B3, 0xFFFFFFFFFFFFFFFF
_SEPARATOR = 0xFF


class Labels(Mapping[str, str]):
    """A sorted, immutable mapping of label names to non-empty values. Hashable, so it identifies an alert."""

    _map: dict[str, str]

    def __init__(self, labels: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        self._map = {name: value for name, value in sorted(dict(labels).items()) if value}

    def __getitem__(self, name: str) -> str:
        return self._map[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._map)

    def __len__(self) -> int:
        return len(self._map)

    def __contains__(self, name: object) -> bool:
        return name in self._map

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Labels):
            return self._map == other._map
        return NotImplemented

    def __hash__(self) -> int:
        return self._hash

    def __lt__(self, other: "Labels") -> bool:
        return tuple(self._map.items()) < tuple(other._map.items())

    def __repr__(self) -> str:
        pairs = (f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in self._map.items())
        return "{" + ", ".join(pairs) + "}"

    @cached_property
    def _hash(self) -> int:
        return hash(tuple(self._map.items()))

    @cached_property
    def key(self) -> str:
        """A short stable digest (20 hex digits) that identifies this set in the store and in ids."""
        return digest(part for pair in self._map.items() for part in pair)

    @cached_property
    def fingerprint(self) -> str:
        """Alertmanager's fingerprint: FNV-1a, 64 bits, over the sorted pairs, as 16 hex digits."""
        value = _FNV_OFFSET
        for pair in self._map.items():
            for part in pair:
                for byte in part.encode("utf-8", "surrogatepass"):
                    value = ((value ^ byte) * _FNV_PRIME) & _MASK
                value = ((value ^ _SEPARATOR) * _FNV_PRIME) & _MASK
        return f"{value:016x}"

    def without(self, *names: str) -> "Labels":
        """These labels but the named ones."""
        return Labels({name: value for name, value in self._map.items() if name not in names})

    def only(self, names: Iterable[str]) -> "Labels":
        """The named labels, as far as they are set."""
        return Labels({name: self._map[name] for name in names if name in self._map})

    def merged(self, other: Mapping[str, str]) -> "Labels":
        """These labels overlaid with others; an empty value there removes the label."""
        return Labels({**self._map, **other})


def digest(texts: Iterable[str]) -> str:
    """20 hex digits that tell these texts, in this order, from all others."""
    encoded = b"\xff".join([text.encode("utf-8", "surrogatepass") for text in texts])  # no UTF-8 has this byte
    return blake2b(encoded, digest_size=10).hexdigest()


def common(sets: Iterable[Mapping[str, str]]) -> Labels:
    """The pairs that all sets share (Alertmanager's CommonLabels and CommonAnnotations)."""
    iterator = iter(sets)
    shared = dict(next(iterator, {}))
    for labels in iterator:
        if not shared:
            break
        shared = {name: value for name, value in shared.items() if labels.get(name) == value}
    return Labels(shared)
