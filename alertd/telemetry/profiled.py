"""What a piece of work costs: a span that says how long it took, what it used the processor for, what it allocated."""

import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

from alertd.ports import NOTHING, Attributes, Clock, Span, Tracer


@contextmanager
def profiled(tracer: Tracer, clock: Clock, name: str, attributes: Attributes = NOTHING) -> Iterator[Span]:
    """A span with `alertd.wall_seconds`, `alertd.cpu_seconds` (of the process, all threads) and what stays allocated.

    That is `alertd.allocated_bytes` while tracemalloc is on, else `alertd.allocated_blocks`, those of Python's own
    allocator; below zero if more was freed. What others do meanwhile is counted, too. Not for what happens often.
    """
    with tracer.span(name, attributes) as span:
        wall, cpu, memory = clock.elapsed(), clock.worked(), _memory()
        try:
            yield span
        finally:
            after = _memory()
            span.note(
                {
                    "alertd.wall_seconds": clock.elapsed() - wall,
                    "alertd.cpu_seconds": clock.worked() - cpu,
                    **{name: after[name] - before for name, before in memory.items() if name in after},
                }
            )


def _memory() -> dict[str, int]:
    if tracemalloc.is_tracing():
        return {"alertd.allocated_bytes": tracemalloc.get_traced_memory()[0]}
    return {"alertd.allocated_blocks": sys.getallocatedblocks()}
