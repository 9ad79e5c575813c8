"""A child process, when it is ready, and what it costs."""

import os
import re
import time
from pathlib import Path

from tests.e2e.bench.waiting import pause
from tests.e2e.rig import Process, get

_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE = 60.0


def others() -> float:
    """Seconds of processor time that everything but this process, and what it has ended, has taken so far."""
    user, nice, system, _idle, _iowait, irq, softirq = map(int, Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + irq + softirq) / _TICKS - sum(os.times()[:4])


class EndedError(Exception):
    """A process has ended by itself, or never became ready."""


class Measured(Process):
    def __init__(self, name: str, argv: list[str], folder: Path, url: str) -> None:
        self._name, self._url = name, url
        super().__init__(name, argv, folder)
        self._proc = Path("/proc") / str(self._popen.pid)

    def await_ready(self) -> float:
        """When it answered its address with 200."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            self.check()
            if get(self._url):
                return time.monotonic()
            pause(0.01)
        raise EndedError(f"{self._name} did not become ready:\n{self.tail()}")

    def check(self) -> None:
        if not self.alive:
            raise EndedError(f"{self._name} has ended:\n{self.tail()}")

    @property
    def cpu(self) -> float:
        """Seconds of processor time since it began, user and system, children it has waited for included."""
        fields = (self._proc / "stat").read_text().rsplit(")", 1)[1].split()
        return sum(map(int, fields[11:15])) / _TICKS

    @property
    def rss(self) -> float:
        return self._memory("status", "VmRSS")

    @property
    def peak(self) -> float:
        """The most resident memory it has ever had."""
        return self._memory("status", "VmHWM")

    @property
    def pss(self) -> float:
        """Resident memory, pages that are shared with others counted in part."""
        return self._memory("smaps_rollup", "Pss")

    def _memory(self, file: str, field: str) -> float:
        """In MiB."""
        found = re.search(rf"^{field}:\s+(\d+) kB", (self._proc / file).read_text(), re.MULTILINE)
        assert found is not None
        return int(found[1]) / 1024
