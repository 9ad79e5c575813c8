"""What conditions print, line by line and never more than somebody can read."""

from collections.abc import Callable

from alertd.conditions.limits import Limits
from alertd.core.rules import Rule
from alertd.events import Printed

_LONGEST = 2000  # bytes of a line


Output = Callable[[Printed], None]


class Lines:
    """One stream of a worker, cut into lines. Whatever is beyond the limit of a call is read and forgotten."""

    def __init__(self, path: str, stream: str, output: Output, limits: Limits) -> None:
        self._path, self._stream, self._output = path, stream, output
        self._most = self._left = limits.output_bytes
        self._partial = b""
        self.rule: Rule | None = None

    def begin(self, rule: Rule | None) -> None:
        """What is written from now on is of this rule."""
        self.end()
        self.rule, self._left = rule, self._most

    def end(self) -> None:
        """Say what was written without an end of line."""
        if self._partial:
            self._say(self._partial)
        self._partial = b""

    def feed(self, data: bytes) -> None:
        """More of it."""
        if self._left <= 0:
            return
        *whole, rest = (self._partial + data[: self._left]).split(b"\n")
        self._left -= len(data)
        for line in whole:
            self._say(line)
        self._partial = rest[: _LONGEST + 1]
        if self._left <= 0:
            self.end()
            self._say(f"… more than {self._most >> 10} KiB in one call: the rest is dropped".encode())

    def _say(self, line: bytes) -> None:
        text = line[:_LONGEST].decode("utf-8", "replace") + ("…" if len(line) > _LONGEST else "")
        self._output(Printed(self._path, self.rule, self._stream, text.rstrip("\r")))
