"""`make run` as a newcomer sees it: the story is told whole, and nothing is left when it stops."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.rig import until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not shutil.which("prometheus"), reason="needs a real Prometheus: `make test` installs one"),
]
ROOT = Path(__file__).parents[2]


class Demo:
    """The demo as a process whose temporary files all lie in one folder."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self._folder, self._output = folder, folder.with_suffix(".txt")
        folder.mkdir()
        with self._output.open("w") as output:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "tests.e2e.demo"],
                cwd=ROOT,
                env={**os.environ, "TMPDIR": str(folder), **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def told(self) -> str:
        return self._output.read_text()

    def processes(self) -> dict[str, int]:
        """Name and id of every process that works in the folder."""
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if (entry / "cwd").readlink().is_relative_to(self._folder):
                    found[(entry / "comm").read_text().strip()] = int(entry.name)
            except OSError:
                continue
        return found

    def left(self) -> list[object]:
        """What is still there: files and processes."""
        return [*self._folder.iterdir(), *self.processes()]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "demo"
    shutil.rmtree(tmp_path / "demo", ignore_errors=True)


def test_the_story_is_told_and_everything_is_gone(folder: Path) -> None:
    demo = Demo(folder, DEMO_ONCE="1")
    assert demo.popen.wait(110) == 0, demo.told
    words = re.findall(r"^  \d\d:\d\d:\d\d  (\w+) +(?:QueueBacklog|firing|resolved)", demo.told, re.MULTILINE)
    assert words[:2] == ["PENDING", "FIRING"]
    assert sorted(words[2:4]) == ["MAIL", "WEBHOOK"]
    assert words[4] == "RESOLVED"
    assert sorted(words[5:7]) == ["MAIL", "WEBHOOK"]
    assert "250 of them wait in the queue orders" in demo.told
    assert demo.left() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_when_asked(folder: Path, number: signal.Signals) -> None:
    demo = Demo(folder)
    until("the demo to begin", lambda: "in another terminal" in demo.told)
    demo.popen.send_signal(number)
    assert demo.popen.wait(40) == 0, demo.told
    assert demo.told.endswith("all of it has stopped\n")
    assert demo.left() == []


def test_a_process_that_dies_is_named(folder: Path) -> None:
    demo = Demo(folder)
    until("the demo to begin", lambda: "in another terminal" in demo.told)
    os.kill(demo.processes()["prometheus"], signal.SIGKILL)
    assert demo.popen.wait(40) == 1, demo.told
    assert "Prometheus has ended" in demo.told
    assert demo.left() == []


def test_a_prometheus_that_is_not_there(folder: Path) -> None:
    demo = Demo(folder, PROMETHEUS_URL="http://127.0.0.1:9")
    assert demo.popen.wait(40) == 1
    assert "PROMETHEUS_URL does not answer" in demo.told
    assert demo.left() == []
