"""Annotations: an immutable mapping of names to texts, in the order in which the rule has them.

There are very many of them: one has its texts, and shares its names with all that have the same. A text may be empty,
which tells them from labels.
"""

from collections.abc import Iterator, KeysView, Mapping

from alertd.core.shapes import Shape, shape


class Annotations(Mapping[str, str]):
    """Much smaller than a dictionary."""

    __slots__ = ("_shape", "_texts")

    _shape: Shape
    _texts: tuple[str, ...]

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._shape, self._texts = shape(tuple(texts)), tuple(texts.values())

    def __getitem__(self, name: str) -> str:
        return self._texts[self._shape[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._shape.names)

    def __len__(self) -> int:
        return len(self._texts)

    def keys(self) -> KeysView[str]:
        """The names; those who make a dictionary of it ask for them."""
        return self._shape.keys()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Annotations) and self._shape.names == other._shape.names:
            return self._texts == other._texts
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]  # as a dictionary has none

    def __repr__(self) -> str:
        return repr(dict(self.pairs()))

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Names and texts, for those who go through them once."""
        return zip(self._shape.names, self._texts)  # noqa: B905 - of one length, and asked for very often
