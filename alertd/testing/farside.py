"""The other side of a notifier, which does as a test says, and an HTTP server on loopback that is one."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

RETRY_AFTER = timedelta(seconds=90)


class Behaviour(StrEnum):
    """What the other side makes of the messages that come next."""

    ACCEPT = "accept"
    REFUSE = "refuse"  # for good: trying again cannot help
    FAIL = "fail"  # for now
    LATER = "later"  # for now, and it says to come back after RETRY_AFTER
    HANG = "hang"  # take the message and never answer
    HANG_UP = "hang up"  # end the connection instead of answering


_GOODBYE = 1.0  # seconds for what is still to be written
_STATUS = {Behaviour.ACCEPT: 200, Behaviour.REFUSE: 404, Behaviour.FAIL: 503, Behaviour.LATER: 429}


@dataclass(frozen=True)
class Received:
    """One accepted message. `id`: its delivery id; `text`: what it says; `html`: what of it is shown as HTML."""

    id: str
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)
    html: str = ""


class FarSide(Protocol):
    """A real counterpart of a notifier. `received` holds what it accepted, in order."""

    @property
    def received(self) -> Sequence[Received]: ...

    def behave(self, how: Behaviour) -> None:
        """Do this from now on. It begins with ACCEPT."""


@dataclass(frozen=True)
class HttpRequest:
    """What a client sent. Header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


def _read_plainly(request: HttpRequest) -> Received:
    return Received(request.headers.get("webhook-id", ""), request.body.decode("utf-8", "replace"), request.headers)


def _say_ok(_: HttpRequest) -> bytes:
    return b"ok"


@dataclass
class HttpSink:
    """An HTTP server as the far side. `read` says what a request means, by default the id is in `webhook-id`.

    A request that carries no message, for which `read` says None, is answered and not kept. `answer` says what an
    accepted request is answered with. Its refusals repeat the request, as those of many servers do: an error message
    must not pass that on.
    """

    read: Callable[[HttpRequest], Received | None] = _read_plainly
    answer: Callable[[HttpRequest], bytes] = _say_ok
    url: str = ""
    received: list[Received] = field(default_factory=list)
    _how: Behaviour = Behaviour.ACCEPT

    def behave(self, how: Behaviour) -> None:
        self._how = how

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        while request := await _request(reader):
            if self._how is Behaviour.HANG_UP:
                return
            if self._how is Behaviour.HANG:
                await asyncio.Event().wait()
            if self._how is Behaviour.ACCEPT and (read := self.read(request)) is not None:
                self.received.append(read)
            writer.write(_answer(request, self._how, self.answer))
            await writer.drain()


def _answer(request: HttpRequest, how: Behaviour, accepted: Callable[[HttpRequest], bytes]) -> bytes:
    status = _STATUS[how]
    told = f"{request.headers.get('authorization')}: cannot {request.method} {request.path} {dict(request.headers)}"
    said = told.encode() if how is not Behaviour.ACCEPT else accepted(request)
    later = f"Retry-After: {RETRY_AFTER.seconds}\r\n" if how is Behaviour.LATER else ""
    return f"HTTP/1.1 {status} X\r\n{later}Content-Length: {len(said)}\r\n\r\n".encode() + said


async def _request(reader: asyncio.StreamReader) -> HttpRequest | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return HttpRequest(method, path, headers, await reader.readexactly(int(headers.get("content-length", 0))))


@asynccontextmanager
async def http_sink(
    read: Callable[[HttpRequest], Received | None] = _read_plainly,
    answer: Callable[[HttpRequest], bytes] = _say_ok,
) -> AsyncIterator[HttpSink]:
    """An HTTP server on loopback for as long as the context lasts."""
    sink = HttpSink(read, answer)
    connections: set[asyncio.Future[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.ensure_future(_until_closed(sink, reader, writer))
        connections.add(connection)
        connection.add_done_callback(connections.discard)
        connection.add_done_callback(lambda _: writer.close())  # also if it was cancelled before it began

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    sink.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield sink
    finally:
        server.close()
        for connection in list(connections):
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _until_closed(sink: HttpSink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await sink.serve(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(_GOODBYE):
                await writer.wait_closed()
