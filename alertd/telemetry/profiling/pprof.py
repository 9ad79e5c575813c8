"""A profile as `go tool pprof` and continuous profilers read it: profile.proto, compressed.

https://github.com/google/pprof/blob/main/proto/profile.proto
"""

import gzip
from collections.abc import Iterator, Mapping
from itertools import chain

from alertd.telemetry.profiling.profile import Frame, Profile, Sample, numbered
from alertd.telemetry.protobuf import block, integer, text, varints

_LEVEL = 6  # of compression


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
        return (text(6, one) for one in self._numbers)


def _message(profile: Profile) -> Iterator[bytes]:
    strings = _Strings()
    frames = numbered(chain.from_iterable(sample.stack for sample in profile.samples))
    functions: dict[tuple[str, str], int] = {}
    for frame in frames:
        functions.setdefault((frame.function, frame.file), len(functions) + 1)
    for kind in profile.kinds:
        yield _kind(1, kind, strings)
    for sample in profile.samples:
        yield block(2, _sample(sample, frames, strings))
    yield block(3, _mapping(strings))
    for frame, number in frames.items():
        line = integer(1, functions[frame.function, frame.file]) + integer(2, frame.line)
        yield block(4, integer(1, number + 1) + integer(2, 1) + block(4, line))
    for (function, file), number in functions.items():
        name = strings(function)
        yield block(5, integer(1, number) + integer(2, name) + integer(3, name) + integer(4, strings(file)))
    yield integer(9, int(profile.began.timestamp() * 1e9))
    yield integer(10, int(profile.seconds * 1e9))
    yield _kind(11, profile.kinds[-1], strings)
    yield integer(12, profile.period)
    yield varints(13, map(strings, profile.comments))
    yield integer(14, strings(profile.kinds[-1][0]))
    yield from strings.fields()


def _kind(field: int, kind: tuple[str, str], strings: _Strings) -> bytes:
    what, unit = kind
    return block(field, integer(1, strings(what)) + integer(2, strings(unit)))


def _sample(sample: Sample, frames: Mapping[Frame, int], strings: _Strings) -> bytes:
    labels = (block(3, integer(1, strings(name)) + integer(2, strings(value))) for name, value in sample.labels)
    locations = varints(1, (frames[frame] + 1 for frame in sample.stack))
    return locations + varints(2, sample.values) + b"".join(labels)


def _mapping(strings: _Strings) -> bytes:
    """One for everything; it says that functions, files and lines are known, so that nobody looks for symbols."""
    return integer(1, 1) + integer(5, strings("alertd")) + b"".join(integer(field, 1) for field in (7, 8, 9))
