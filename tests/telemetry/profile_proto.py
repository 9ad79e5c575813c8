"""Reads a profile as pprof does: protobuf by the numbers in profile.proto, strictly, with every reference looked up."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

# https://github.com/google/pprof/blob/main/proto/profile.proto: message -> field -> (name, type); * is repeated.
MESSAGES: dict[str, dict[int, tuple[str, str]]] = {
    "Profile": {
        1: ("sample_type", "*ValueType"), 2: ("sample", "*Sample"), 3: ("mapping", "*Mapping"),
        4: ("location", "*Location"), 5: ("function", "*Function"), 6: ("string_table", "*string"),
        7: ("drop_frames", "int"), 8: ("keep_frames", "int"), 9: ("time_nanos", "int"), 10: ("duration_nanos", "int"),
        11: ("period_type", "ValueType"), 12: ("period", "int"), 13: ("comment", "*int"),
        14: ("default_sample_type", "int"),
    },
    "ValueType": {1: ("type", "int"), 2: ("unit", "int")},
    "Sample": {1: ("location_id", "*int"), 2: ("value", "*int"), 3: ("label", "*Label")},
    "Label": {1: ("key", "int"), 2: ("str", "int"), 3: ("num", "int"), 4: ("num_unit", "int")},
    "Mapping": {
        1: ("id", "int"), 2: ("memory_start", "int"), 3: ("memory_limit", "int"), 4: ("file_offset", "int"),
        5: ("filename", "int"), 6: ("build_id", "int"), 7: ("has_functions", "int"), 8: ("has_filenames", "int"),
        9: ("has_line_numbers", "int"), 10: ("has_inline_frames", "int"),
    },
    "Location": {
        1: ("id", "int"), 2: ("mapping_id", "int"), 3: ("address", "int"), 4: ("line", "*Line"), 5: ("is_folded", "int")
    },
    "Line": {1: ("function_id", "int"), 2: ("line", "int")},
    "Function": {
        1: ("id", "int"), 2: ("name", "int"), 3: ("system_name", "int"), 4: ("filename", "int"),
        5: ("start_line", "int"),
    },
}  # fmt: skip


@dataclass
class Read:
    """A profile with names in place of numbers; stacks are innermost first."""

    kinds: list[tuple[str, str]]
    samples: list[tuple[list[tuple[str, str, int]], list[int], dict[str, str]]]
    comments: list[str]
    raw: dict[str, Any] = field(repr=False)

    def value(self, function: str, kind: int = -1) -> int:
        """What was counted where this is the innermost function."""
        return sum(values[kind] for stack, values, _ in self.samples if stack and stack[0][0].endswith(function))


def read(data: bytes) -> Read:
    """The whole profile. Raises AssertionError for whatever the format forbids."""
    raw = message("Profile", gzip.decompress(data))
    strings = raw["string_table"]
    assert strings[0] == ""
    assert len(strings) == len(set(strings))
    functions = {one["id"]: one for one in raw["function"]}
    locations = {one["id"]: one for one in raw["location"]}
    assert 0 not in functions
    assert 0 not in locations
    assert len(functions) == len(raw["function"])
    assert len(locations) == len(raw["location"])

    def place(number: int) -> tuple[str, str, int]:
        (line,) = locations[number]["line"]
        function = functions[line["function_id"]]
        return strings[function["name"]], strings[function["filename"]], line["line"]

    samples = []
    for one in raw["sample"]:
        assert len(one["value"]) == len(raw["sample_type"])
        labels = {strings[label["key"]]: strings[label["str"]] for label in one["label"]}
        samples.append(([place(number) for number in one["location_id"]], one["value"], labels))
    kinds = [(strings[one["type"]], strings[one["unit"]]) for one in raw["sample_type"]]
    return Read(kinds, samples, [strings[number] for number in raw["comment"]], raw)


def message(kind: str, data: bytes) -> dict[str, Any]:
    """A message with all its fields."""
    shape = MESSAGES[kind]
    found: dict[str, Any] = {name: [] if of.startswith("*") else 0 for name, of in shape.values()}
    for number, value in fields(data):
        name, of = shape[number]
        for one in values(of.removeprefix("*"), value):
            if of.startswith("*"):
                found[name].append(one)
            else:
                found[name] = one
    return found


def values(kind: str, value: int | bytes) -> Iterator[Any]:
    if kind == "string":
        assert isinstance(value, bytes)
        yield value.decode()
    elif kind != "int":
        assert isinstance(value, bytes)
        yield message(kind, value)
    elif isinstance(value, int):
        yield value
    else:
        at = 0
        while at < len(value):
            one, at = varint(value, at)
            yield one


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
            yield tag >> 3, value
        else:
            assert tag & 7 == 2, "a wire type that profile.proto has no use for"
            size, at = varint(data, at)
            assert at + size <= len(data)
            yield tag >> 3, data[at : at + size]
            at += size


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return (value - (1 << 64) if value >= 1 << 63 else value), at
