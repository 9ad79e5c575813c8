"""Shapes: the names that very many mappings have in common, each with its place among their values."""

_MOST = 10_000


class Shape(dict[str, int]):
    """The names of mappings of one kind, in their order."""

    __slots__ = ("names",)

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(zip(names, range(len(names)), strict=True))
        self.names = names


_shapes: dict[tuple[str, ...], Shape] = {}


def shape(names: tuple[str, ...]) -> Shape:
    """The one shape of these names; a few are remembered, because thousands of series share each."""
    found = _shapes.get(names)
    if found is None:
        if len(_shapes) >= _MOST:
            _shapes.clear()
        found = _shapes[names] = Shape(names)
    return found
