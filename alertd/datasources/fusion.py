"""Many expressions as one query, and its answer taken apart again; no I/O.

`label_replace((E), "__alertd_rule__", "0", "", "")` marks every series of an expression; joined by `or`, in a balanced
tree, they go over the wire together. What cannot be marked is asked alone.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from alertd.config import promql
from alertd.core.samples import NO_SAMPLES, Answer, Sample

MARK = "__alertd_rule__"
CANARY = ("vector(1)", "vector(2) > 1 # and a comment")
_CANARY_VALUES = (1.0, 2.0)
_LONGEST = 16_000  # bytes of a query; VictoriaMetrics takes 16 KiB if it is not told otherwise
_ADDED = 60  # bytes that marking adds to an expression
_ORDERED = re.compile(r"\b(?:sort|topk|bottomk)", re.IGNORECASE)


@lru_cache(maxsize=65536)
def fusible(expr: str) -> bool:
    """Whether this is a vector for certain, of no certain order; what only the server can read is asked alone."""
    return MARK not in expr and not _ORDERED.search(expr) and promql.gives_vector(expr)


def batches(exprs: Sequence[str], most: int) -> Iterator[Sequence[str]]:
    """As few as can be, of about the same size, none longer than a query may be."""
    count = -(-len(exprs) // most)
    for number in range(count):
        batch = exprs[number * len(exprs) // count : (number + 1) * len(exprs) // count]
        yield from _short_enough(batch)


def _short_enough(batch: Sequence[str]) -> Iterator[Sequence[str]]:
    if len(batch) > 1 and sum(_ADDED + len(expr.encode()) for expr in batch) > _LONGEST:
        half = len(batch) // 2
        yield from _short_enough(batch[:half])
        yield from _short_enough(batch[half:])
    else:
        yield batch


def fuse(exprs: Sequence[str]) -> str:
    """The query. A line break before each bracket ends a comment."""
    return _joined([f'label_replace((\n{expr}\n), "{MARK}", "{number}", "", "")' for number, expr in enumerate(exprs)])


def _joined(terms: Sequence[str]) -> str:
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    return f"({_joined(terms[:half])} or {_joined(terms[half:])})"


def take_apart(answer: Answer, count: int) -> list[Answer]:
    """What each of the expressions gave, in their order. Raises ValueError if the answer does not say."""
    parts: list[list[Sample]] = [[] for _ in range(count)]
    for sample in answer.samples:
        number = int(sample.labels.get(MARK, ""))
        parts[number].append(Sample(sample.labels.without(MARK), sample.value, sample.histogram))
    return [Answer(tuple(part)) if part else NO_SAMPLES for part in parts]


def is_understood(answer: Answer) -> bool:
    """Whether the canary came back as it was sent."""
    try:
        parts = take_apart(answer, len(CANARY))
    except (ValueError, IndexError):
        return False
    found = [[(dict(one.labels), one.value) for one in part.samples] for part in parts]
    return found == [[({}, value)] for value in _CANARY_VALUES]
