"""What a worker process is denied, for the most part by itself, before it runs a line that it has not brought along."""

import contextlib
import ctypes
import os
import resource
import signal
import sys

from alertd.conditions.limits import Limits

_PDEATHSIG, _DUMPABLE, _NO_NEW_PRIVS, _CHILD_SUBREAPER = 1, 4, 38, 36  # linux/prctl.h


def keep_private() -> None:
    """Called by the daemon: its environment and memory are from now on no other process' of the same user to read."""
    _prctl(_DUMPABLE, 0)


def confine(limits: Limits, parent: int, channel: int) -> None:
    """Limits, no new privileges, and an end with the daemon; a child of this process cannot speak for it."""
    _prctl(_NO_NEW_PRIVS, 1)
    _prctl(_CHILD_SUBREAPER, 1)  # whoever detaches itself stays in the family, where it is found
    _die_with_parent()
    if os.getppid() != parent:  # it has died before it could be asked to take us along
        sys.exit(1)
    os.register_at_fork(after_in_child=lambda: _disown(channel))
    for what, most in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_FSIZE, limits.file_size),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, limits.processes),
    ):
        with contextlib.suppress(OSError, ValueError):  # stricter ones are in force already
            resource.setrlimit(what, (most, most))


def allow_cpu(seconds: float) -> None:
    """So much processor time from now on; whoever needs more gets SIGXCPU."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 2
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def reap() -> None:
    """Forget children that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _disown(channel: int) -> None:
    with contextlib.suppress(OSError):
        os.close(channel)
    _die_with_parent()


def _die_with_parent() -> None:
    _prctl(_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    with contextlib.suppress(OSError, AttributeError):  # not Linux: the daemon's own means remain
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
