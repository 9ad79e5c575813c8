"""One worker process, from its start to its end."""

import asyncio
import os
import secrets
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Self

import msgspec

from alertd.conditions import confine, family, wire
from alertd.conditions.channel import Broken, Channel
from alertd.conditions.limits import Limits
from alertd.conditions.output import Lines, Output
from alertd.core.rules import Rule

# All that a worker knows of the daemon's environment. In UTC a naive datetime means what `at` means; one thread each
# keeps numerical libraries within the address space.
_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "HOME": "/nonexistent",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}
_LAST_WORDS = 0.5  # seconds between hanging up and ending
_SLACK = 1 << 16  # of a message beyond what it carries

Serve = Callable[[wire.Ask | wire.AskAlive], Awaitable[wire.Message]]


class Process(asyncio.SubprocessProtocol):
    """A worker for one file. Everything that it does but prints is an answer to something asked."""

    def __init__(self, path: str, limits: Limits, output: Output) -> None:
        self.calls = 0
        self._path, self._limits = path, limits
        self._lines = {fd: Lines(path, stream, output, limits) for fd, stream in ((1, "stdout"), (2, "stderr"))}
        self._channel = Channel(limits.result_bytes + _SLACK)
        self._transport: asyncio.SubprocessTransport | None = None
        self._ended = asyncio.Event()
        self._killed = False
        self._orphans: set[int] = set()
        self._files: list[tuple[str, int, int, int]] = []

    @classmethod
    async def start(cls, path: str, limits: Limits, output: Output) -> Self:
        """A process that has begun to import the file; `load` waits for it. Raises OSError."""
        confine.keep_private()
        one, loop = cls(path, limits, output), asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            bounds = msgspec.json.encode(limits).decode()
            argv = [sys.executable, "-I", "-B", "-X", "utf8", "-m", "alertd.conditions.worker"]
            argv += [path, str(theirs.fileno()), str(os.getpid()), bounds]
            await loop.subprocess_exec(
                lambda: one,
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
                pass_fds=[theirs.fileno()],
            )
            try:
                await loop.create_unix_connection(lambda: one._channel, sock=ours.dup())
            except BaseException:
                one.kill()
                raise
        return one

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._lines[fd].feed(data)

    def process_exited(self) -> None:
        assert self._transport
        family.end_group(self._transport.get_pid())
        family.bury(self._orphans)
        for lines in self._lines.values():
            lines.end()
        self._channel.close()
        self._transport.close()
        self._ended.set()

    @property
    def alive(self) -> bool:
        return not self._killed and not self._ended.is_set() and self._channel.idle

    @property
    def gone(self) -> bool:
        return self._ended.is_set()

    @property
    def stale(self) -> bool:
        """True if a file that it has imported is no longer the same."""
        return any(stamp(path) != known for path, *known in self._files)

    async def load(self) -> str:
        """Why the file cannot be imported; empty if it is. Raises Broken."""
        message = await self._receive("")
        if isinstance(message, wire.Failed):
            return message.message
        if not isinstance(message, wire.Ready):
            raise Broken("it wrote to the connection that belongs to alertd")
        self._files = message.files
        return ""

    async def inspect(self, function: str, params: str) -> list[tuple[str, str]]:
        """What is wrong with such a call. Raises Broken."""
        nonce = secrets.token_hex(8)
        self._channel.send(wire.Inspect(nonce, function, params))
        message = await self._receive(nonce)
        if isinstance(message, wire.Inspected):
            return message.problems
        return [(message.message, "")] if isinstance(message, wire.Failed) else []

    async def call(self, call: wire.Call, rule: Rule, serve: Serve) -> wire.Done | wire.Passed | wire.Failed:
        """The verdict. Raises Broken; whoever does not wait for it must kill the process."""
        self.calls += 1
        for lines in self._lines.values():
            lines.begin(rule)
        self._channel.send(call)
        while True:
            message = await self._receive(call.nonce)
            if isinstance(message, (wire.Done, wire.Passed, wire.Failed)):
                return message
            if not isinstance(message, (wire.Ask, wire.AskAlive)):
                raise Broken("it wrote to the connection that belongs to alertd")
            self._channel.send(await serve(message))

    def strays(self) -> list[int]:
        """Processes that it has left running."""
        return family.descendants(self._transport.get_pid()) if self._transport else []

    def kill(self) -> None:
        """End it, and all that descends from it, at once."""
        self._killed = True
        self._channel.close()
        if self._transport and self._transport.get_returncode() is None and not self._ended.is_set():
            self._orphans |= family.end(self._transport.get_pid())

    async def ended(self) -> None:
        """Wait until it is gone."""
        await self._ended.wait()

    async def _receive(self, nonce: str) -> wire.FromWorker:
        try:
            return await self._channel.receive(nonce)
        except Broken as broken:
            raise Broken(broken.reason or await self._epitaph()) from None

    async def _epitaph(self) -> str:
        """Why it has hung up."""
        try:
            async with asyncio.timeout(_LAST_WORDS):
                await self._ended.wait()
        except TimeoutError:
            return "it closed the connection that belongs to alertd"
        code = self._transport.get_returncode() if self._transport else None
        if code is None or code >= 0:
            return f"it ended its process (exit code {code})"
        if -code == signal.SIGXCPU:
            return "it used more processor time than it had been given"
        return f"its process was killed by {signal.Signals(-code).name}"


def stamp(path: str) -> list[int]:
    """By what a change of a file is noticed: modification, size, inode; empty if it cannot be seen."""
    try:
        status = Path(path).stat()
    except OSError:
        return []
    return [status.st_mtime_ns, status.st_size, status.st_ino]
