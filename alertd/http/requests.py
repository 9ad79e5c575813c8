"""What of a request comes before its body, and nothing in it that could be read as something else."""

import re

import httpx

_START = re.compile(rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]+ [\x21-\x7e]+ HTTP/1\.1")
_LINE = re.compile(rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]+: (?:[^\x00\s]+(?:[ \t]+[^\x00\s]+)*)?")


def head(request: httpx.Request, size: int) -> bytes:
    """All before the body of `size` bytes. Raises httpx.LocalProtocolError, whose text shows nothing of the request."""
    pairs = request.headers.raw
    lines = [b"%b %b HTTP/1.1" % (request.method.encode(), request.url.raw_path), *(b"%b: %b" % one for one in pairs)]
    if not _START.fullmatch(lines[0]) or not all(map(_LINE.fullmatch, lines[1:])):
        raise httpx.LocalProtocolError("the request has a character it cannot have")
    if not _framed(pairs, size):
        raise httpx.LocalProtocolError("the request does not say once for whom it is, and how long")
    return b"\r\n".join((*lines, b"", b""))


def _framed(pairs: list[tuple[bytes, bytes]], size: int) -> bool:
    names = [name.lower() for name, _ in pairs]
    lengths = [value for name, (_, value) in zip(names, pairs, strict=True) if name == b"content-length"]
    sized = lengths == [b"%d" % size] or not (lengths or size)
    return sized and names.count(b"host") == 1 and b"transfer-encoding" not in names
