"""A profile as `go tool pprof` and continuous profilers read it: profile.proto, compressed.

https://github.com/google/pprof/blob/main/proto/profile.proto
"""

import gzip
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from alertd.telemetry.profiling.profile import Frame, Profile, Sample, numbered

_LEVEL = 6  # of compression
_SIXTY_FOUR_BITS = (1 << 64) - 1


def encode(profile: Profile) -> bytes:
    """The bytes of a profile; every function, file and line is in it, so that nothing is looked up elsewhere."""
    return gzip.compress(b"".join(_message(profile)), _LEVEL, mtime=0)


class _Strings:
    """The string table: texts by number; 0 is the empty one."""

    def __init__(self) -> None:
        self._numbers = {"": 0}

    def __call__(self, text: str) -> int:
        return self._numbers.setdefault(text, len(self._numbers))

    def fields(self) -> Iterator[bytes]:
        return (_text(6, text) for text in self._numbers)


def _message(profile: Profile) -> Iterator[bytes]:
    strings = _Strings()
    frames = numbered(chain.from_iterable(sample.stack for sample in profile.samples))
    functions: dict[tuple[str, str], int] = {}
    for frame in frames:
        functions.setdefault((frame.function, frame.file), len(functions) + 1)
    for kind in profile.kinds:
        yield _kind(1, kind, strings)
    for sample in profile.samples:
        yield _block(2, _sample(sample, frames, strings))
    yield _block(3, _mapping(strings))
    for frame, number in frames.items():
        line = _number(1, functions[frame.function, frame.file]) + _number(2, frame.line)
        yield _block(4, _number(1, number + 1) + _number(2, 1) + _block(4, line))
    for (function, file), number in functions.items():
        name = strings(function)
        yield _block(5, _number(1, number) + _number(2, name) + _number(3, name) + _number(4, strings(file)))
    yield _number(9, int(profile.began.timestamp() * 1e9))
    yield _number(10, int(profile.seconds * 1e9))
    yield _kind(11, profile.kinds[-1], strings)
    yield _number(12, profile.period)
    yield _packed(13, map(strings, profile.comments))
    yield _number(14, strings(profile.kinds[-1][0]))
    yield from strings.fields()


def _kind(field: int, kind: tuple[str, str], strings: _Strings) -> bytes:
    what, unit = kind
    return _block(field, _number(1, strings(what)) + _number(2, strings(unit)))


def _sample(sample: Sample, frames: Mapping[Frame, int], strings: _Strings) -> bytes:
    labels = (_block(3, _number(1, strings(name)) + _number(2, strings(value))) for name, value in sample.labels)
    locations = _packed(1, (frames[frame] + 1 for frame in sample.stack))
    return locations + _packed(2, sample.values) + b"".join(labels)


def _mapping(strings: _Strings) -> bytes:
    """One for everything; it says that functions, files and lines are known, so that nobody looks for symbols."""
    return _number(1, 1) + _number(5, strings("alertd")) + b"".join(_number(field, 1) for field in (7, 8, 9))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _text(field: int, text: str) -> bytes:
    return _block(field, text.encode("utf-8", "replace"))


def _packed(field: int, values: Iterable[int]) -> bytes:
    return _block(field, b"".join(map(_varint, values)))


def _block(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    value &= _SIXTY_FOUR_BITS
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
