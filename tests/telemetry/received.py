"""What a server that takes remote write reads: snappy and protocol buffers, decoded without alertd's own code."""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

STALE = "stale"


@dataclass(frozen=True)
class Point:
    """One sample; the value of a stale marker is `STALE`. `at` is in milliseconds."""

    labels: dict[str, str]
    value: Any
    at: int


def points(body: bytes) -> list[Point]:
    """The samples of a request, in order."""
    found = []
    for _, series in fields(unsnapped(body)):
        parts = list(fields(series))
        pairs = [dict(fields(part)) for number, part in parts if number == 1]
        names = [pair[1].decode() for pair in pairs]
        assert names == sorted(names)
        labels = {pair[1].decode(): pair[2].decode() for pair in pairs}
        for sample in (dict(fields(part)) for number, part in parts if number == 2):
            found.append(Point(labels, _value(sample[1]), sample[2]))
    return found


def unsnapped(body: bytes) -> bytes:
    """Literals only; copies are refused."""
    size, at = _varint(body, 0)
    out = b""
    while at < len(body):
        tag = body[at]
        assert tag & 3 == 0
        length, at = tag >> 2, at + 1
        if length >= 60:
            more = length - 59
            length, at = int.from_bytes(body[at : at + more], "little"), at + more
        out += body[at : at + length + 1]
        at += length + 1
    assert len(out) == size
    return out


def fields(body: bytes) -> Iterator[tuple[int, Any]]:
    """Number and content: bytes, of a double its eight bytes, or a number."""
    at = 0
    while at < len(body):
        key, at = _varint(body, at)
        kind, size = key & 7, 8
        if kind == 0:
            value, at = _varint(body, at)
            yield key >> 3, value
            continue
        if kind == 2:
            size, at = _varint(body, at)
        yield key >> 3, body[at : at + size]
        at += size


def _varint(body: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (body[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not body[at - 1] & 0x80:
            return value, at


def _value(raw: bytes) -> Any:
    value = struct.unpack("<d", raw)[0]
    if not math.isnan(value):
        return value
    assert raw == bytes.fromhex("020000000000f07f")
    return STALE
