"""Commands on a terminal: what is printed there, with its colours."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO

from alertd.config.secrets import environment


@contextmanager
def on_terminal(
    argv: Sequence[str], cwd: object = None, **more: str
) -> Iterator[tuple[subprocess.Popen[bytes], IO[str]]]:
    """A Python with these arguments whose output is a terminal, and what is to be read there."""
    ours, theirs = os.openpty()
    known: Mapping[str, str] = {name: text for name, text in environment().items() if name != "NO_COLOR"}
    process = subprocess.Popen(
        [sys.executable, *argv], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
        cwd=str(cwd or "."), env={**known, **more},
    )  # fmt: skip
    os.close(theirs)
    with open(ours, encoding="utf-8", newline="\n") as screen, process:  # noqa: PTH123 - of a file descriptor
        try:
            yield process, screen
        finally:
            process.kill()


def shown(argv: Sequence[str], cwd: object = None, **more: str) -> str:
    """Everything that it prints."""
    lines: list[str] = []
    with on_terminal(argv, cwd, **more) as (_, screen), suppress(OSError):  # a terminal ends with EIO
        lines.extend(iter(screen.readline, ""))
    return "".join(lines).replace("\r\n", "\n")
