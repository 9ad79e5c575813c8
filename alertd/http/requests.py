"""What of a request comes before its body, and nothing in it that could be read as something else."""

import re
from functools import lru_cache

import httpx

_START = re.compile(rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]+ [\x21-\x7e]+ HTTP/1\.1")
_LINE = re.compile(rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]+: (?:[^\x00\s]+(?:[ \t]+[^\x00\s]+)*)?")
_FRAMING = frozenset((b"host", b"content-length", b"transfer-encoding"))


def head(request: httpx.Request, size: int) -> bytes:
    """All before the body of `size` bytes. Raises httpx.LocalProtocolError, whose text shows nothing of the request."""
    start = b"%b %b HTTP/1.1" % (request.method.encode(), request.url.raw_path)
    if not _START.fullmatch(start):
        raise httpx.LocalProtocolError("the method or the URL has a character it cannot have")
    lines, framing = [start], []
    for name, value in request.headers.raw:
        line, known = _line(name, value)
        lines.append(line)
        if known:
            framing.append((known, value))
    if not _framed(framing, size):
        raise httpx.LocalProtocolError("the request does not say once for whom it is, and how long")
    return b"\r\n".join((*lines, b"", b""))


@lru_cache(maxsize=256)  # most are those of the last request
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
