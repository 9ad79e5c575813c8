"""Prometheus' remote write protocol, as much as it takes to hand it samples of a time to come."""

import struct
from collections.abc import Iterable, Iterator

from tests.e2e.differential.series import Labels

Series = tuple[Labels, list[tuple[int, float]]]
_LARGEST = 1 << 16  # of a literal in a snappy block
HEADERS = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}


def request(series: Iterable[Series]) -> bytes:
    """The body of one request."""
    return _snappy(b"".join(_field(1, _series(*one)) for one in series))


def _series(labels: Labels, samples: list[tuple[int, float]]) -> bytes:
    names = (_field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in labels)
    return b"".join([*names, *(_field(2, _sample(at, value)) for at, value in samples)])


def _sample(at: int, value: float) -> bytes:
    return b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(at * 1000)


def _field(number: int, body: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(body)) + body


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _snappy(body: bytes) -> bytes:
    """Snappy's frame around the body as it is."""
    return _varint(len(body)) + b"".join(_literals(body))


def _literals(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), _LARGEST):
        piece = body[start : start + _LARGEST]
        yield bytes([61 << 2]) + struct.pack("<H", len(piece) - 1) + piece
