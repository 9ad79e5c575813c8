"""Answers are read while they come, and never grow beyond a bound: not by their length, nor by what they unpack to."""

import zlib
from io import BytesIO
from typing import Any

import httpx

from alertd.http.faults import HttpError

_PACKED = frozenset(("gzip", "x-gzip", "deflate"))
_EITHER = zlib.MAX_WBITS | 32  # gzip or zlib, as its first bytes say


async def read(answer: httpx.Response, most: int) -> bytes:
    """The whole body, unpacked, at most `most` bytes of it. Raises HttpError."""
    unpack = _unpacker(answer.headers.get("content-encoding", ""))
    body, received = BytesIO(), 0  # which hands out what it holds without copying it
    assert isinstance(answer.stream, httpx.AsyncByteStream)
    async for chunk in answer.stream:
        received += len(chunk)
        body.write(_unpacked(unpack, chunk, most - body.tell() + 1) if unpack else chunk)
        if body.tell() > most:
            raise HttpError("too_large", f"the answer is larger than {most} bytes, and was not read to its end")
        if unpack and unpack.eof:
            break
    if unpack and received and not unpack.eof:
        raise HttpError("unreachable", "the answer ends in the middle of what is packed in it")
    return body.getvalue()


def _unpacker(encoding: str) -> Any:
    wanted = encoding.strip().lower()
    if wanted in ("", "identity"):
        return None
    if wanted not in _PACKED:
        raise HttpError("unreachable", "the answer is packed in a way that nobody asked for")
    return zlib.decompressobj(_EITHER)


def _unpacked(unpack: Any, chunk: bytes, most: int) -> bytes:
    try:
        part: bytes = unpack.decompress(chunk, most)
    except zlib.error:
        raise HttpError("unreachable", "the answer cannot be unpacked: it is damaged") from None
    return part
