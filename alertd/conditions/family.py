"""The processes that descend from a worker: which are alive, and how to end all of them."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

_ROUNDS = 50  # whoever forks faster than that is stopped by the end of its parents


def descendants(pid: int) -> list[int]:
    """Children, their children and so on, without those that have ended. Detached ones too: a worker adopts them."""
    return list(_below(pid, _children_by_kernel if _lists_children(pid) else _children_by_search))


def end(pid: int) -> set[int]:
    """Kill a worker that still runs, and everything that descends from it; the descendants."""
    ended: set[int] = set()
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    for _ in range(_ROUNDS):
        found = descendants(pid)
        if not found:
            break
        ended.update(found)
        for one in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
    end_group(pid)
    return ended


def bury(pids: set[int]) -> None:
    """Forget killed orphans. They are ours if alertd is the first process of a container; else nothing happens."""
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def end_group(pid: int) -> None:
    """Kill what is left of the process group of a worker."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _below(pid: int, children: Callable[[int], Iterator[int]]) -> Iterator[int]:
    waiting = [pid]
    while waiting:
        for child in children(waiting.pop()):
            waiting.append(child)
            if _state(child) not in ("Z", "X", ""):
                yield child


def _lists_children(pid: int) -> bool:
    return Path(f"/proc/{pid}/task/{pid}/children").exists()


def _children_by_kernel(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):  # it has ended meanwhile
        for task in Path(f"/proc/{pid}/task").iterdir():
            yield from map(int, (task / "children").read_text().split())


def _children_by_search(pid: int) -> Iterator[int]:
    """For kernels that do not list children."""
    for path in Path("/proc").glob("[0-9]*"):
        if _status(int(path.name))[1:2] == [str(pid)]:
            yield int(path.name)


def _state(pid: int) -> str:
    return (_status(pid) or [""])[0]


def _status(pid: int) -> list[str]:
    """State, parent, and so on, of /proc/PID/stat; the name before them may hold anything."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    return []
