"""Real servers on loopback that behave as a test says: HTTP that answers anything, SMTP that refuses anything."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """What a client sent. Header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Raw = bytes
Behaviour = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


def answer(status: int = 200, body: bytes = b"ok", **headers: str) -> Behaviour:
    """Answer properly. Underscores in header names become dashes."""

    async def behave(_: Request, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()

    return behave


def raw(data: bytes) -> Behaviour:
    """Send these bytes and hang up."""

    async def behave(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        writer.close()

    return behave


async def silence(_: Request, __: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.Event().wait()


@dataclass
class HttpServer:
    """What it received, and how it behaves: the first of `script`, and once that is empty `otherwise`."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    script: list[Behaviour] = field(default_factory=list)
    otherwise: Behaviour = field(default_factory=answer)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await _read(reader):
                self.requests.append(request)
                behave = self.script.pop(0) if self.script else self.otherwise
                await behave(request, writer)
                if writer.is_closing():
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    line = await reader.readline()
    if not line:
        return None
    method, path, _ = line.decode().split(" ", 2)
    headers = {}
    while (line := await reader.readline()).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, body)


@asynccontextmanager
async def http_server(tls: ssl.SSLContext | None = None) -> AsyncIterator[HttpServer]:
    """An HTTP server for as long as the context lasts."""
    one = HttpServer()
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        connections.add(task)
        try:
            await one.serve(reader, writer)
        except asyncio.CancelledError:
            writer.close()
        finally:
            connections.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    one.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield one
    finally:
        server.close()
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


@dataclass
class SmtpServer:
    """An SMTP server that takes mails, and answers what `answers` says to a command, or to one that begins so."""

    port: int = 0
    mails: list[bytes] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    sessions: int = 0
    stalled: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sessions += 1
        to: list[str] = []
        await _say(writer, "220 test")
        while line := (await reader.readline()).decode("utf-8", "replace").strip():
            said = next((reply for command, reply in self.answers.items() if line.upper().startswith(command)), "")
            if said == "hang":
                await self._stall()
            if line.upper().startswith("RCPT") and not said:
                to.append(line.partition("<")[2].rstrip(">"))
            if line.upper() == "DATA" and not said:
                await _say(writer, "354 go on")
                await self._data(reader, writer, to)
                to = []
                continue
            await _say(writer, said or _usual(line))
            if line.upper() == "QUIT":
                return

    async def _stall(self) -> None:
        self.stalled.set()
        await asyncio.Event().wait()

    async def _data(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to: list[str]) -> None:
        mail = await reader.readuntil(b"\r\n.\r\n")
        said = self.answers.get("<DATA>", "250 taken")
        if said == "hang":
            await self._stall()
        if said.startswith("2"):
            self.mails.append(mail)
            self.recipients.append(to)
        await _say(writer, said)


def _usual(line: str) -> str:
    return (
        "250-test\r\n250 SMTPUTF8"
        if line.upper().startswith("EHLO")
        else "221 bye"
        if line.upper() == "QUIT"
        else "250 ok"
    )


async def _say(writer: asyncio.StreamWriter, text: str) -> None:
    writer.write(text.encode() + b"\r\n")
    await writer.drain()


@asynccontextmanager
async def smtp_server() -> AsyncIterator[SmtpServer]:
    """An SMTP server for as long as the context lasts."""
    one = SmtpServer()
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        connections.add(task)
        try:
            await one.serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            connections.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
