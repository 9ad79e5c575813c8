"""The wire format of protocol buffers, as far as it is used here: https://protobuf.dev/programming-guides/encoding."""

import struct
from collections.abc import Iterable, Iterator

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_SIZES = {_FIXED64: 8, _FIXED32: 4}
_LONGEST = 10  # bytes of a number


def varint(value: int) -> bytes:
    """A number, seven bits a byte. It must not be negative, and less than 2**64."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def integer(field: int, value: int) -> bytes:
    """An int64, enum or bool."""
    return varint(field << 3 | _VARINT) + varint(value % (1 << 64))


def double(field: int, value: float) -> bytes:
    """A double."""
    return varint(field << 3 | _FIXED64) + struct.pack("<d", value)


def fixed64(field: int, value: int) -> bytes:
    """A fixed64."""
    return varint(field << 3 | _FIXED64) + struct.pack("<Q", value)


def block(field: int, body: bytes) -> bytes:
    """Bytes, or a message within this one."""
    return varint(field << 3 | _LENGTH) + varint(len(body)) + body


def text(field: int, value: str) -> bytes:
    """A string; what cannot be encoded becomes a question mark."""
    return block(field, value.encode("utf-8", "replace"))


def doubles(field: int, values: Iterable[float]) -> bytes:
    """Packed doubles."""
    return block(field, b"".join(struct.pack("<d", value) for value in values))


def fixed64s(field: int, values: Iterable[int]) -> bytes:
    """Packed fixed64s."""
    return block(field, b"".join(struct.pack("<Q", value) for value in values))


def varints(field: int, values: Iterable[int]) -> bytes:
    """Packed int64s."""
    return block(field, b"".join(varint(value % (1 << 64)) for value in values))


def fields(body: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message: their numbers, and numbers or bytes. Raises ValueError if it is none."""
    at = 0
    while at < len(body):
        key, at = _number(body, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _number(body, at)
            yield key >> 3, value
            continue
        if kind not in (_LENGTH, *_SIZES):
            raise ValueError(f"there is no wire type {kind}")
        size, at = _number(body, at) if kind == _LENGTH else (_SIZES[kind], at)
        if at + size > len(body):
            raise ValueError("the message ends too early")
        yield key >> 3, body[at : at + size]
        at += size


def _number(body: bytes, at: int) -> tuple[int, int]:
    """A varint, and where the next thing begins."""
    value = 0
    for place, byte in enumerate(body[at : at + _LONGEST]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError("a number does not end")
