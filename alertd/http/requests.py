"""What of a request comes before its body, and nothing in it that could be read as something else."""

import re

import httpx

_START = re.compile(rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]+ [\x21-\x7e]+ HTTP/1\.1")
_LINE = re.compile(rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]+: (?:[^\x00\s]+(?:[ \t]+[^\x00\s]+)*)?")
_FRAMING = frozenset((b"host", b"content-length", b"transfer-encoding"))


class Heads:
    """Of requests that follow each other. Only the lines of the last are kept for the next one: some are secrets."""

    def __init__(self) -> None:
        self._lines: dict[tuple[bytes, bytes], tuple[bytes, bytes]] = {}

    def head(self, request: httpx.Request, size: int) -> bytes:
        """All before the body of `size` bytes. Raises httpx.LocalProtocolError, whose text shows nothing of it."""
        start = b"%b %b HTTP/1.1" % (request.method.encode(), request.url.raw_path)
        if not _START.fullmatch(start):
            raise httpx.LocalProtocolError("the method or the URL has a character it cannot have")
        lines, framing = [start], []
        before, self._lines = self._lines, {}
        for pair in request.headers.raw:
            line, known = self._lines[pair] = before.get(pair) or _line(*pair)
            lines.append(line)
            if known:
                framing.append((known, pair[1]))
        if not _framed(framing, size):
            raise httpx.LocalProtocolError("the request does not say once for whom it is, and how long")
        return b"\r\n".join((*lines, b"", b""))


def _line(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """A header as it is sent, and its name in small letters if it is about where the request goes or ends."""
    line = b"%b: %b" % (name, value)
    if not _LINE.fullmatch(line):
        raise httpx.LocalProtocolError("a header has a character it cannot have")
    known = name.lower()
    return line, known if known in _FRAMING else b""


def _framed(framing: list[tuple[bytes, bytes]], size: int) -> bool:
    """Whether there is one host, and one length, which is right; what has no body needs none."""
    rest = [one for one in framing if one[0] != b"host"]
    sized = rest == [(b"content-length", b"%d" % size)] or not (rest or size)
    return sized and len(framing) == len(rest) + 1
