"""What becomes of a command whose output goes nowhere: the other end of the pipe is gone, or the disk is full."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_BROKEN_PIPE = 128 + 13  # what a shell says of programs that SIGPIPE has ended


@contextmanager
def written_out() -> Iterator[None]:
    """Write everything out; end quietly if nobody reads it any more, and with 1 and a sentence if there is no room."""
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:  # it is None where it was closed before
                sys.stdout.flush()
    except OSError as problem:
        if problem.filename is not None or problem.errno not in (errno.EPIPE, *_FULL):
            raise
        _forget()
        if problem.errno == errno.EPIPE:
            sys.exit(_BROKEN_PIPE)
        sys.exit(f"the output cannot be written: {problem.strerror}")


def _forget() -> None:
    """What is still to be written goes nowhere, so that Python's own end does not fail at it again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
