"""What every thread and every asyncio task is doing, or waiting for, at this moment."""

import asyncio
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import CodeType
from typing import Any

from alertd.telemetry.profiling.profile import MOST_FRAMES, Frame, Profile, Stack, Tally, stack_of

_KINDS = (("goroutine", "count"),)
_MOST_TOLD = 2_000  # in the text


@dataclass(frozen=True, slots=True)
class Standing:
    """A thread or a task, and where it is."""

    kind: str  # thread, task
    name: str
    state: str
    stack: Stack


def everybody() -> Sequence[Standing]:
    """All threads and tasks; to be called on the event loop."""
    return (*_threads(), *_tasks())


def profile(standing: Sequence[Standing], began: datetime) -> Profile:
    """How many are where. Go calls them goroutines, and so do its tools."""
    tally = Tally()
    for one in standing:
        tally.add(one.stack, (1,), (("kind", one.kind),))
    return Profile("goroutine", _KINDS, tally.samples(), began, 0.0)


def text(standing: Sequence[Standing]) -> bytes:
    """One after the other, innermost calls first."""
    told = [_paragraph(one) for one in standing[:_MOST_TOLD]]
    more = len(standing) - len(told)
    return "\n".join([*told, *([f"… and {more} more\n"] if more else [])]).encode("utf-8", "replace")


def _threads() -> Iterator[Standing]:
    frames = sys._current_frames()  # noqa: SLF001 - the only way to see what runs
    for thread in threading.enumerate():
        if thread.ident in frames:
            yield Standing("thread", thread.name, "daemon" if thread.daemon else "", stack_of(frames[thread.ident]))


def _tasks() -> Iterator[Standing]:
    current = asyncio.current_task()
    for task in asyncio.all_tasks():
        state = "running" if task is current else "waiting"
        yield Standing("task", task.get_name(), state, tuple(reversed([*_awaited(task.get_coro())])))


def _awaited(one: Any) -> Iterator[Frame]:
    """What a task is suspended in, outermost first: a coroutine awaits another one, and so on."""
    for _ in range(MOST_FRAMES):
        for prefix in ("cr", "gi", "ag"):
            code = getattr(one, f"{prefix}_code", None)
            if isinstance(code, CodeType):
                frame = getattr(one, f"{prefix}_frame", None)
                yield _frame(code, frame)
                one = getattr(one, f"{prefix}_await", None) or getattr(one, f"{prefix}_yieldfrom", None)
                break
        else:
            if one is not None:
                yield Frame(f"({type(one).__name__})", "", 0)
            return


def _frame(code: CodeType, frame: Any) -> Frame:
    module = frame.f_globals.get("__name__", "?") if frame else "?"
    return Frame(f"{module}.{code.co_qualname}", code.co_filename, (frame.f_lineno if frame else 0) or 0)


def _paragraph(one: Standing) -> str:
    lines = [f"{one.kind} {one.name}{f' [{one.state}]' if one.state else ''}:"]
    lines += [f"{frame.function}\n\t{frame.file}:{frame.line}" for frame in one.stack]
    return "\n".join(lines) + "\n"
