"""Statements about many things at once, in a few sizes, so that SQLite need not read each of them anew."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from sqlite3 import Connection
from typing import Any, TypeVar

_SIZES = (64, 8, 1)

T = TypeVar("T")


def among(db: Connection, query: str, values: Sequence[Any], *first: Any) -> list[Any]:
    """Run a query about those `IN ({many})`, as often as needed; the rows that it gives. `first` come before them.

    A value may be there several times: the last one fills up what is left of a statement.
    """
    rows: list[Any] = []
    for start in range(0, len(values), _SIZES[0]):
        part = values[start : start + _SIZES[0]]
        size = min(size for size in _SIZES if size >= len(part))
        padded = [*part, *[part[-1]] * (size - len(part))]
        rows += db.execute(query.format(many=_marks(size)), (*first, *padded))
    return rows


def insert(db: Connection, query: str, rows: Iterable[Sequence[Any]]) -> int:
    """Run a query with these rows as its `VALUES {many}`; how many rows it changed."""
    changed, remaining = 0, iter(rows)
    while part := list(islice(remaining, _SIZES[0])):
        for some in _portions(part):
            many = ", ".join([f"({_marks(len(some[0]))})"] * len(some))
            changed += db.execute(query.format(many=many), tuple(chain.from_iterable(some))).rowcount
    return changed


def _portions(part: Sequence[T]) -> Iterator[Sequence[T]]:
    start = 0
    while start < len(part):
        size = next(size for size in _SIZES if size <= len(part) - start)
        yield part[start : start + size]
        start += size


def _marks(count: int) -> str:
    return ", ".join("?" * count)
