"""Profiles: what is counted is what happens, within bounds, and in formats that tools can read."""

import asyncio
import hashlib
import json
import signal
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import pytest

from alertd.clock import SystemClock
from alertd.errors import ProfileError
from alertd.telemetry.profiling import folded, pprof, speedscope
from alertd.telemetry.profiling.profile import MOST_FRAMES, MOST_STACKS, OTHERS, Frame, Profile, Sample, Tally, stack_of
from alertd.telemetry.profiling.profiler import Profiler
from tests.telemetry import keeping
from tests.telemetry.profile_proto import Read, read

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
MAIN, WORK, ODD = Frame("app.main", "app.py", 1), Frame("app.work", "app.py", 7), Frame("a b;c\n", "ä.py", 0)
PROFILE = Profile(
    "cpu",
    (("samples", "count"), ("cpu", "nanoseconds")),
    (
        Sample((WORK, MAIN), (3, 30_000_000), (("thread", "main"),)),
        Sample((MAIN,), (1, 2**62), (("thread", "main"),)),
        Sample((ODD, MAIN), (1, 5), (("thread", "other"),)),
    ),
    NOON,
    1.5,
    10_000_000,
    ("half an hour",),
)


async def here() -> bool:
    return False


async def gone() -> bool:
    return True


def test_pprof_has_everything() -> None:
    found = read(pprof.encode(PROFILE))
    assert found.kinds == [("samples", "count"), ("cpu", "nanoseconds")]
    assert found.samples == [
        ([("app.work", "app.py", 7), ("app.main", "app.py", 1)], [3, 30_000_000], {"thread": "main"}),
        ([("app.main", "app.py", 1)], [1, 2**62], {"thread": "main"}),
        ([("a b;c\n", "ä.py", 0), ("app.main", "app.py", 1)], [1, 5], {"thread": "other"}),
    ]
    assert found.comments == ["half an hour"]
    raw, strings = found.raw, found.raw["string_table"]
    assert (raw["time_nanos"], raw["duration_nanos"], raw["period"]) == (NOON.timestamp() * 1e9, 1.5e9, 10_000_000)
    assert strings[raw["default_sample_type"]] == strings[raw["period_type"]["type"]] == "cpu"
    assert [one["has_functions"] for one in raw["mapping"]] == [1]
    assert {one["mapping_id"] for one in raw["location"]} == {1}


def test_folded_stacks_begin_with_the_outermost() -> None:
    assert folded.encode(PROFILE).decode().splitlines() == [
        "main;app.main;app.work 30000000",
        f"main;app.main {2**62}",
        "other;app.main;a_b_c_ 5",
    ]


# What the specification of the format asks for, in our words.
NUMBER: dict[str, Any] = {"type": "number"}
TEXT: dict[str, Any] = {"type": "string"}
FRAME = {
    "type": "object", "required": ["name"], "additionalProperties": False,
    "properties": {"name": TEXT, "file": TEXT, "line": NUMBER, "col": NUMBER},
}  # fmt: skip
UNITS = ["none", "nanoseconds", "microseconds", "milliseconds", "seconds", "bytes"]
SAMPLED = {
    "type": "object",
    "required": ["type", "name", "unit", "startValue", "endValue", "samples", "weights"],
    "properties": {
        "type": {"const": "sampled"}, "name": TEXT, "unit": {"enum": UNITS}, "startValue": NUMBER, "endValue": NUMBER,
        "samples": {"type": "array", "items": {"type": "array", "items": {"type": "integer", "minimum": 0}}},
        "weights": {"type": "array", "items": NUMBER},
    },
}  # fmt: skip
FILE = {
    "type": "object",
    "required": ["$schema", "shared", "profiles"],
    "properties": {
        "$schema": {"const": "https://www.speedscope.app/file-format-schema.json"},
        "shared": {
            "type": "object", "required": ["frames"], "properties": {"frames": {"type": "array", "items": FRAME}}
        },
        "profiles": {"type": "array", "items": SAMPLED, "minItems": 1},
        "name": TEXT, "activeProfileIndex": NUMBER, "exporter": TEXT,
    },
}  # fmt: skip


def opened(data: bytes) -> dict[str, Any]:
    """A file of speedscope's, checked."""
    found: dict[str, Any] = json.loads(data)
    jsonschema_rs.validate(FILE, found)
    for one in found["profiles"]:
        assert len(one["samples"]) == len(one["weights"])
        assert one["endValue"] == sum(one["weights"])
        assert all(number < len(found["shared"]["frames"]) for stack in one["samples"] for number in stack)
    return found


def test_speedscope_has_a_profile_a_thread() -> None:
    found = opened(speedscope.encode(PROFILE))
    names = [one["name"] for one in found["shared"]["frames"]]
    main, other = found["profiles"]
    assert [[names[number] for number in stack] for stack in main["samples"]] == [
        ["app.main", "app.work"],
        ["app.main"],
    ]
    assert (main["name"], main["unit"], other["weights"]) == ("main", "nanoseconds", [5])


def test_what_was_not_seen_is_a_profile_too() -> None:
    nothing = Profile("cpu", PROFILE.kinds, (), NOON, 1.0)
    assert read(pprof.encode(nothing)).samples == []
    assert folded.encode(nothing) == b""
    opened(speedscope.encode(nothing))


def test_stacks_and_their_number_have_bounds() -> None:
    def deep(left: int) -> int:
        return deep(left - 1) if left else len(stack_of(threading_frame()))

    assert deep(300) == MOST_FRAMES + 1
    tally = Tally()
    for number in range(MOST_STACKS + 7):
        tally.add((Frame("f", "f.py", number),), (1, 2))
    samples = tally.samples()
    assert len(samples) == MOST_STACKS + 1
    assert samples[0] == Sample(OTHERS, (7, 14))


def threading_frame() -> Any:
    import sys

    return sys._getframe(1)


def burn(seconds: float) -> None:
    """Use the processor for so long."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        sum(range(50))


@contextmanager
def hashing() -> Iterator[None]:
    """A thread that uses the processor while the context lasts."""
    stop = threading.Event()

    def hash_on() -> None:
        while not stop.is_set():
            hashlib.pbkdf2_hmac("sha256", b"x", b"y", 20_000)

    thread = threading.Thread(target=hash_on, name="hasher")
    thread.start()
    yield
    stop.set()
    thread.join()


async def waiting_long() -> None:
    await asyncio.Event().wait()


async def busy() -> None:
    """Short bursts of work, as a daemon has them, and pauses between them."""
    while True:
        burn(0.002)
        await SystemClock().sleep_until(SystemClock().now().replace(microsecond=0))
        await asyncio.wait([asyncio.ensure_future(asyncio.Event().wait())], timeout=0.004)


@contextmanager
def loop_hears_signals() -> Iterator[None]:
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, lambda: None)
    yield
    asyncio.get_running_loop().remove_signal_handler(signal.SIGUSR2)


async def processor(**options: Any) -> Read:
    asked = {"seconds": 1.0, "hz": 200, "form": "pprof", "gone": here, **options}
    return read(await Profiler(SystemClock()).processor(**asked))


async def test_work_is_charged_where_it_is_done_and_waiting_to_nobody() -> None:
    until = time.process_time() + 0.8  # as many samples on a machine that is busy otherwise

    async def enough() -> bool:
        return time.process_time() > until

    task = asyncio.ensure_future(busy())
    with loop_hears_signals():
        found = await processor(seconds=60.0, gone=enough)
    task.cancel()
    total = sum(values[-1] for _, values, _ in found.samples)
    assert found.value("test_profiles.burn") > 0.7 * total
    assert found.value("select") < 0.15 * total
    assert {labels["thread"] for _, _, labels in found.samples if labels} >= {"MainThread"}


async def test_other_threads_are_charged_with_what_they_use() -> None:
    with loop_hears_signals(), hashing():
        found = await processor()
    total = sum(values[-1] for _, values, _ in found.samples)
    hashed = sum(values[-1] for _, values, labels in found.samples if labels.get("thread") == "hasher")
    assert hashed > 0.8 * total > 0


async def test_an_idle_process_has_an_empty_profile() -> None:
    found = await processor()
    assert sum(values[-1] for _, values, _ in found.samples) < 0.3e9
    assert "s of processor time in" in found.comments[0]


async def test_after_a_profile_no_clock_rings() -> None:
    await processor(seconds=0.1)
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
    signal.raise_signal(signal.SIGPROF)  # one that comes late ends nothing


async def test_one_at_a_time() -> None:
    profiler = Profiler(SystemClock())
    first = asyncio.ensure_future(profiler.memory(0.3, "pprof", here))
    await asyncio.wait([first], timeout=0.05)
    with pytest.raises(ProfileError, match="a heap profile is being taken"):
        await profiler.processor(1, 100, "pprof", here)
    await first
    await profiler.processor(0.05, 100, "pprof", here)


async def test_who_goes_away_ends_the_profile() -> None:
    began = SystemClock().elapsed()
    await Profiler(SystemClock()).processor(60, 100, "pprof", gone)
    await Profiler(SystemClock()).memory(60, "pprof", gone)
    assert SystemClock().elapsed() - began < 10


async def test_a_profile_that_is_cancelled_leaves_nothing_behind() -> None:
    profiler = Profiler(SystemClock())
    for taking in (profiler.processor(60, 100, "pprof", here), profiler.memory(60, "pprof", here)):
        task = asyncio.ensure_future(taking)
        await asyncio.wait([task], timeout=0.1)
        task.cancel()
        await asyncio.wait([task])
        assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
        assert not tracemalloc.is_tracing()
    await profiler.processor(0.05, 100, "pprof", here)


def test_elsewhere_than_in_the_main_thread_nothing_is_profiled() -> None:
    problems = []

    def take() -> None:
        try:
            asyncio.run(Profiler(SystemClock()).processor(0.1, 100, "pprof", here))
        except ProfileError as error:
            problems.append(str(error))

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    assert problems == ["only the main thread can be profiled, and alertd does not run there"]


async def test_what_stays_in_memory_is_found_where_it_was_allocated() -> None:
    taking = asyncio.ensure_future(Profiler(SystemClock()).memory(0.5, "pprof", here))
    await asyncio.wait([taking], timeout=0.1)
    for _ in range(10):
        keeping.keep_on()
    found = read(await taking)
    keeping.KEPT.clear()
    assert found.kinds == [("inuse_objects", "count"), ("inuse_space", "bytes")]
    assert 1_000_000 <= found.value("keeping.keep_on") < 1_100_000
    assert not tracemalloc.is_tracing()


async def test_what_somebody_else_watches_stays_watched() -> None:
    tracemalloc.start()
    try:
        await Profiler(SystemClock()).memory(0.05, "folded", here)
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()


async def test_everybody_is_seen_where_they_wait() -> None:
    task = asyncio.create_task(waiting_long(), name="patient")  # noqa: TID251
    await asyncio.wait([task], timeout=0.01)
    profiler = Profiler(SystemClock())
    with hashing():
        text = (await profiler.waiting("text")).decode()
        found = read(await profiler.waiting("pprof"))
    task.cancel()
    assert "task patient [waiting]:" in text
    assert "thread hasher:" in text
    assert "tests.telemetry.test_profiles.waiting_long\n" in text
    stacks = [[name for name, _, _ in stack] for stack, _, labels in found.samples if labels == {"kind": "task"}]
    (patient,) = [stack for stack in stacks if stack[-1].endswith("waiting_long")]
    assert patient[1] == "asyncio.locks.Event.wait"
