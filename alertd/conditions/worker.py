"""The worker process: it imports one file of conditions and calls its functions, one at a time, as the daemon asks.

Started as `python -I -m alertd.conditions.worker FILE FD PARENT LIMITS`. Standard output and error belong to the
condition; the daemon is spoken to over FD.
"""

import contextlib
import json
import linecache
import os
import sys
import threading
import traceback
from datetime import UTC
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from alertd.conditions import Alert, Skip, calling, confine, params, verdicts, wire
from alertd.conditions.limits import Limits
from alertd.conditions.prom import QueryFailed

_EXECUTION = "execution"


class Line:
    """The connection to the daemon. Only the process that opened it may use it."""

    def __init__(self, fd: int, most: int) -> None:
        self.nonce = ""
        self._fd, self._most, self._born = fd, most, os.getpid()

    def ask(self, message: wire.Message) -> wire.ToWorker:
        """Send and wait for the answer. Raises ValueError for a question of megabytes."""
        data = wire.frame(message)
        if len(data) > self._most:
            raise ValueError(f"a query of {len(data)} bytes")
        self._write(data)
        return self.receive()

    def send(self, message: wire.Message) -> None:
        """The end of a call."""
        data = wire.frame(message)
        if len(data) > self._most:
            data = wire.frame(wire.Failed(self.nonce, f"its samples take {len(data)} bytes together", _EXECUTION))
        self._write(data)

    def _write(self, data: bytes) -> None:
        if os.getpid() != self._born:
            os._exit(1)
        rest = memoryview(data)
        while rest:
            rest = rest[self._io(os.write, rest) :]

    def receive(self) -> wire.ToWorker:
        """The next message; ends this process if there is none to come."""
        (size,) = wire.LENGTH.unpack(self._read(wire.LENGTH.size))
        return wire.read_to_worker(self._read(size))

    def _read(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            parts += self._io(os.read, min(size - len(parts), 1 << 20))
        return bytes(parts)

    def _io(self, what: Any, argument: Any) -> Any:
        try:
            done = what(self._fd, argument)
        except OSError:
            done = 0
        if not done:
            os._exit(1)
        return done


class Files:
    """The file, and the modules it imports from beside it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._stamp = stamp(path)

    def load(self) -> ModuleType:
        """Run the file. Raises whatever it raises."""
        module = ModuleType(f"condition_{Path(self._path).stem}")
        module.__file__ = self._path
        sys.modules[module.__name__] = module
        sys.path.append(str(Path(self._path).parent))
        code = compile(Path(self._path).read_bytes(), self._path, "exec", dont_inherit=True)
        exec(code, vars(module))  # noqa: S102 - this is what this process is for
        return module

    def stamps(self) -> list[tuple[str, int, int, int]]:
        """What to watch for changes."""
        beside = str(Path(self._path).parent) + os.sep
        imported = {str(getattr(module, "__file__", "") or "") for module in list(sys.modules.values())}
        return [self._stamp, *map(stamp, sorted(name for name in imported if name.startswith(beside)))]


def stamp(path: str) -> tuple[str, int, int, int]:
    """By what a change is noticed."""
    status = Path(path).stat()
    return path, status.st_mtime_ns, status.st_size, status.st_ino


class Worker:
    """Answers calls for ever."""

    def __init__(self, line: Line, limits: Limits, path: str) -> None:
        self._line, self._limits, self._path = line, limits, path
        self._module = ModuleType("")

    def run(self) -> None:
        """Import the file, then do as told until the daemon hangs up."""
        self._line.send(self._load())
        while True:
            message = self._line.receive()
            self._line.nonce = message.nonce
            confine.allow_cpu(message.cpu if isinstance(message, wire.Call) else self._limits.start.total_seconds())
            answer = self._guarded(message)
            self._flush()
            confine.reap()
            self._line.send(answer)

    def _load(self) -> wire.Message:
        confine.allow_cpu(self._limits.start.total_seconds())
        try:
            files = Files(self._path)
            self._module = files.load()
            return wire.Ready("", files.stamps())
        except BaseException as error:
            return self._explained(error)
        finally:
            self._flush()

    def _guarded(self, message: wire.ToWorker) -> wire.Message:
        try:
            if isinstance(message, wire.Inspect):
                return self._inspect(message)
            assert isinstance(message, wire.Call)
            return self._call(message)
        except Skip as skipped:
            return wire.Passed(self._line.nonce, verdicts.clean(skipped), spent=_restless())
        except (params.UnusableError, verdicts.NonsenseError) as error:
            return wire.Failed(self._line.nonce, str(error), _EXECUTION, spent=_restless())
        except BaseException as error:
            return self._explained(error)

    def _inspect(self, message: wire.Inspect) -> wire.Message:
        try:
            params.bind(params.find(self._module, message.function), json.loads(message.params))
        except params.UnusableError as error:
            return wire.Inspected(message.nonce, error.problems)
        return wire.Inspected(message.nonce, [])

    def _call(self, message: wire.Call) -> wire.Message:
        function = params.find(self._module, message.function)
        at = message.at.astimezone(UTC)
        found, warnings = calling.call(function, json.loads(message.params), at, self._relay, self._alive, self._limits)
        told = [(dict(one.labels), repr(one.value), dict(one.annotations)) for one in found]
        return wire.Done(message.nonce, told, warnings[:10], spent=_restless())

    def _relay(self, path: str, form: list[tuple[str, str]]) -> bytes:
        answer = self._line.ask(wire.Ask(self._line.nonce, path, form))
        if isinstance(answer, wire.Relayed):
            return bytes(answer.body)
        assert isinstance(answer, wire.Refused)
        raise QueryFailed(answer.message, answer.failure)

    def _alive(self) -> list[Alert]:
        answer = self._line.ask(wire.AskAlive(self._line.nonce))
        assert isinstance(answer, wire.Alive)
        return [Alert(name, labels, state, float(value)) for name, labels, state, value in answer.alerts]

    def _explained(self, error: BaseException) -> wire.Failed:
        """Where and why, in a line; the whole story goes to standard error."""
        with contextlib.suppress(BaseException):
            linecache.checkcache(self._path)
            traceback.print_exception(error, limit=-20)
        message = verdicts.clean(f"{_reason(error, self._limits)}{_place(error, self._path)}")
        failure = error.failure if isinstance(error, QueryFailed) else _EXECUTION
        return wire.Failed(self._line.nonce, message, failure, spent=isinstance(error, MemoryError) or _restless())

    def _flush(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(BaseException):
                stream.flush()


def _reason(error: BaseException, limits: Limits) -> str:
    if isinstance(error, QueryFailed):
        return str(error)
    if isinstance(error, MemoryError):
        return f"MemoryError: it needs more than {limits.memory >> 20} MiB"
    if isinstance(error, SystemExit):
        return f"it called sys.exit({error.code!r})"
    written = traceback.format_exception_only(error)
    return " ".join(written[-1 if isinstance(error, SyntaxError) else 0].split())


def _place(error: BaseException, path: str) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({Path(error.filename).name}:{error.lineno})"
    lines = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return f" ({Path(path).name}:{lines[-1].lineno} in {lines[-1].name})" if lines else ""


def _restless() -> bool:
    """True if the call has left a thread behind."""
    return threading.active_count() > 1


def main() -> None:
    """Run as a process of its own."""
    path, fd, parent, limits = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    sys.argv[1:] = []
    bounds = msgspec.json.decode(limits, type=Limits)
    os.set_inheritable(fd, False)  # noqa: FBT003
    confine.confine(bounds, parent, fd)
    Worker(Line(fd, bounds.result_bytes), bounds, path).run()


if __name__ == "__main__":
    main()
