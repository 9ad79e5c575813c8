"""How much a condition may take. The table in docs/conditions.md says the same."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """What one worker process, and one call in it, may use."""

    memory: int = 1 << 30  # address space, in bytes
    open_files: int = 64
    file_size: int = 16 << 20
    processes: int = 0  # besides those that run already; root is not bound by it
    start: timedelta = timedelta(seconds=20)  # until the file is imported; not part of a rule's timeout
    queries: int = 100  # a call
    answer_bytes: int = 64 << 20  # all answers to one call
    samples: int = 10_000
    sample_bytes: int = 64 << 10  # labels and annotations of one sample
    result_bytes: int = 16 << 20  # everything that a call returns
    output_bytes: int = 64 << 10  # what a call prints and a log keeps
    calls: int = 1000  # after them a worker is replaced
    workers: int = 32  # kept warm; more while more are busy
    backoff: timedelta = timedelta(seconds=1)  # after the second death in a row; doubled with every further one
    longest_backoff: timedelta = timedelta(minutes=5)
