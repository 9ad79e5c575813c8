"""A connection to a server on which one request goes at a time, and nothing is read that nobody takes.

idle ─ ask ─▶ sending ─▶ waiting ─▶ reading ─ release ─▶ idle, for a while, or closed
An answer may begin while the request is still being sent, which then goes on beside the reading.
"""

import asyncio
import os
import select
import ssl
from contextlib import suppress
from traceback import clear_frames

import httpx

from alertd.http.answers import Answers, Headers
from alertd.http.faults import UNANSWERED

IDLE = 5.0  # seconds after which an unused connection closes
_PIECE = 512 * 1024  # bytes of a body that are handed over at once; between two of them a server may have refused
_MOST_WAITING = 256 * 1024  # bytes of an answer that may wait to be taken
_NEVER = 86_400.0  # seconds; the deadline of the request is nearer
_NOTHING = memoryview(b"")


class Connection(asyncio.Protocol):
    """Whoever asks reads the answer, and releases the connection; one that did not get to the end is closed."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._answers = Answers()
        self._transport: asyncio.Transport | None = None
        self._socket: asyncio.Transport | None = None  # the transport under TLS, or the same
        self._rest = _NOTHING  # of the body, not handed over yet
        self._news: asyncio.Future[None] | None = None
        self._cause: Exception | None = None
        self._busy = self._full = self._paused = False
        self._until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._poll = select.poll()

    @property
    def open(self) -> bool:
        """Whether both sides are there. TLS learns of an end late: the socket's number may be another's by then."""
        return self._transport is not None and self._socket is not None and not self._socket.is_closing()

    async def secure(self, context: ssl.SSLContext, host: str) -> None:
        """Begin TLS with a server that must prove to be `host`. Raises OSError, and then it is closed."""
        assert self._transport
        try:
            tls = await self._loop.start_tls(
                self._transport, self, context, server_hostname=host, ssl_handshake_timeout=_NEVER
            )
        except BaseException as problem:
            self._fail()
            clear_frames(problem.__traceback__)  # asyncio's hold on to it, and to this
            raise
        if tls is None or tls.is_closing():
            self._fail()
            raise ConnectionResetError
        self._transport = tls

    def rested(self) -> bool:
        """Whether another request can go this way; what comes unasked, also an end, shows although nobody read it."""
        idle = not self._busy and self._loop.time() < self._until
        return idle and self.open and self._answers.keeps and not self._poll.poll(0)

    async def ask(self, head: bytes, body: bytes, *, without_body: bool = False) -> tuple[int, Headers]:
        """Send a request, and read until the body of its answer begins. Raises httpx.ReadError, RemoteProtocolError."""
        self._busy = True
        self._answers.expect(without_body=without_body)
        try:
            self._send(head, body)
            while not self._answers.begun:
                await self._more()
        except BaseException:
            self.abort()
            raise
        return self._answers.status, self._answers.headers

    async def read(self) -> bytes:
        """What has come of the body since, and nothing at its end. Raises like `ask`."""
        answers = self._answers
        try:
            while not answers.size:
                if answers.complete:
                    return b""
                await self._more()
        except BaseException:
            self.abort()
            raise
        taken = answers.take()
        if self._paused and self._transport:
            self._paused = False
            self._transport.resume_reading()
        return taken

    def release(self) -> None:
        """Nobody reads any more."""
        if not self._busy:
            return
        self._busy = False
        if not (self._answers.complete and self._answers.keeps) or self._unsent() or self._paused:
            self.abort()
            return
        self._answers.take()
        self._until = self._loop.time() + IDLE
        if not self._timer:
            self._timer = self._loop.call_at(self._until, self._tire)

    def abort(self) -> None:
        """Close at once: no goodbye, which nobody waits for, and which may not come."""
        self._answers.cut_off(f"{UNANSWERED} by us")
        self._rest = _NOTHING
        if self._transport:
            self._transport.abort()

    def retire(self) -> None:
        """Close, at once or when whoever reads releases it."""
        self._answers.keeps = False
        if not self._busy:
            self.abort()

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = self._socket = transport
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        if not self._busy:
            self.abort()
            return
        self._answers.feed(data)
        if self._answers.size > _MOST_WAITING and not self._paused and self._transport:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._answers.end()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc:
            self._hear_out()
            self._answers.cut_off("the connection broke")
        self._answers.end()
        self._answers.close()
        self._cause = exc if self._busy else None
        self._transport, self._socket, self._rest = None, None, _NOTHING
        if self._timer:
            self._timer.cancel()
        self._wake()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._loop.call_soon(self._hand_over)  # not from within: asyncio ends a transport twice that breaks at that

    # Sending

    def _send(self, head: bytes, body: bytes) -> None:
        if self._transport:
            self._transport.write(head + body[:_PIECE])
        self._rest = memoryview(body)[_PIECE:]
        self._hand_over()

    def _hand_over(self) -> None:
        """More of the request, as much as is taken now, unless nobody needs it."""
        while self._rest and self._transport and not (self._full or self._refused() or self._gone()):
            self._transport.write(self._rest[:_PIECE])
            self._rest = self._rest[_PIECE:]

    def _refused(self) -> bool:
        """Whether the server has said all, or that it wants no more; others say that it is wrong and want the rest."""
        return self._answers.complete or (self._answers.status >= 400 and self._answers.last)

    def _gone(self) -> bool:
        return self._answers.reason != "" or not self.open

    def _unsent(self) -> bool:
        waiting = {self._transport, self._socket}
        return len(self._rest) > 0 or any(one.get_write_buffer_size() for one in waiting if one)

    # Waiting

    def _hear_out(self) -> None:
        """What came before the end of a connection that breaks at sending; with TLS nobody can read it any more."""
        if not self._busy or not self._socket or self._transport is not self._socket:
            return
        door = self._socket.get_extra_info("socket").fileno()
        with suppress(OSError):
            while not self._answers.complete and (data := os.read(door, _PIECE)):
                self._answers.feed(data)

    def _fail(self) -> None:
        """Close where TLS did not begin, which then tells of no end."""
        self.abort()
        self._answers.close()

    async def _more(self) -> None:
        """Wait until something has changed, unless the answer was cut off."""
        if self._answers.reason:
            raise self._problem()
        self._news = self._loop.create_future()
        await self._news

    def _problem(self) -> httpx.TransportError:
        if not self._cause:
            return httpx.RemoteProtocolError(self._answers.reason)
        problem = httpx.ReadError(self._answers.reason)
        problem.__cause__ = self._cause
        return problem

    def _wake(self) -> None:
        if self._news and not self._news.done():
            self._news.set_result(None)

    def _tire(self) -> None:
        """Close if it was idle for long; one timer a connection does, however many requests there are."""
        self._timer = None
        if self._busy:
            return
        if self._loop.time() < self._until:
            self._timer = self._loop.call_at(self._until, self._tire)
        else:
            self.abort()
