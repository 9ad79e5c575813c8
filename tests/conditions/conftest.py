"""A bench: files of conditions, a PythonConditions that runs them, and what it needs."""

import asyncio
import os
import signal
import textwrap
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alertd.clock import SystemClock
from alertd.conditions.gate import Gate
from alertd.conditions.limits import Limits
from alertd.conditions.output import Printed
from alertd.conditions.pinning import Endpoint, Form
from alertd.conditions.python import PythonConditions
from alertd.core.alerts import Alert
from alertd.core.rules import Rule, Script
from alertd.core.samples import Answer, Skipped
from alertd.errors import QueryError

AT = datetime(2026, 1, 14, 12, tzinfo=UTC)
EMPTY = b'{"status": "success", "data": {"resultType": "vector", "result": []}}'


@dataclass
class FakeGate:
    """A datasource that remembers what it was asked and answers `answer`."""

    answer: bytes | QueryError = EMPTY
    ranges: bytes = EMPTY  # what it answers to query_range
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    async def ask(self, path: str, how: Endpoint, form: Form, timeout: float, most: int) -> bytes:
        self.asked.append((path, dict(form)))
        if isinstance(self.answer, QueryError):
            raise self.answer
        return self.ranges if path.endswith("_range") else self.answer

    async def aclose(self) -> None: ...


class ShiftedClock(SystemClock):
    """The machine's clock, on which a test can let time pass."""

    ahead = 0.0

    def elapsed(self) -> float:
        return super().elapsed() + self.ahead


@dataclass
class Bench:
    """Writes files, calls functions, and ends everything afterwards."""

    folder: Path
    gate: FakeGate = field(default_factory=FakeGate)
    clock: ShiftedClock = field(default_factory=ShiftedClock)
    printed: list[Printed] = field(default_factory=list)
    alive: list[Alert] = field(default_factory=list)
    made: list[PythonConditions] = field(default_factory=list)

    def write(self, text: str, name: str = "condition.py") -> Path:
        path = self.folder / name
        path.write_text(textwrap.dedent(text))
        return path

    def conditions(self, gate: Gate | None = None, **limits: Any) -> PythonConditions:
        one = PythonConditions(
            gates={"": gate or self.gate},
            clock=self.clock,
            output=self.printed.append,
            alive=lambda: self.alive,
            limits=Limits(**limits),
        )
        self.made.append(one)
        return one

    def rule(self, function: str = "check", name: str = "condition.py", timeout: float = 5, **params: Any) -> Rule:
        script = Script(str(self.folder / name), function, params, timedelta(seconds=timeout))
        return Rule(name="Test", expr="", file="rules.yml", group="group", line=7, script=script)

    async def run(self, text: str, timeout: float = 5, **params: Any) -> Answer | Skipped | QueryError:
        """Write a file and call its `check`."""
        self.write(text)
        if not self.made:
            self.conditions()
        return await self.made[0].call(self.rule(timeout=timeout, **params), AT)

    def lines(self, stream: str = "stdout") -> list[str]:
        return [one.text for one in self.printed if one.stream == stream]


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    one = Bench(tmp_path)
    yield one
    for conditions in one.made:
        await conditions.aclose()


def running(pids: Iterable[int]) -> list[int]:
    """Those that run: a zombie only waits to be counted by its parent."""
    return [pid for pid in pids if _state(pid) not in ("", "Z", "X")]


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def workers() -> list[int]:
    """The worker processes of this one, and whatever runs in their sessions."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command = (path / "cmdline").read_bytes()
            parent = (path / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if b"alertd.conditions.worker" in command and parent == str(os.getpid()):
            found.append(int(path.name))
    return running(found)


async def settled(count: int) -> bool:
    """True once there are so many workers; a process that is killed needs a moment to go."""
    for _ in range(300):
        if len(workers()) == count:
            return True
        await asyncio.sleep(0.01)
    return False


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
