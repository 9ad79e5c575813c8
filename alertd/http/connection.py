"""A connection to a server on which one request goes at a time, and nothing is read that nobody takes.

idle ─ ask ─▶ sending ─▶ waiting ─▶ reading ─ release ─▶ idle, for a while, or closed
"""

import asyncio
import select
import ssl

import httpx

from alertd.http.answers import Answers, Headers

IDLE = 5.0  # seconds after which an unused connection closes
_PIECE = 64 * 1024  # bytes of a body that are handed over at once
_MOST = 256 * 1024  # bytes of an answer that may wait to be taken


class Connection(asyncio.Protocol):
    """Whoever asks reads the answer, and releases the connection; one that did not get to the end is closed."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._answers = Answers()
        self._transport: asyncio.Transport | None = None
        self._news: asyncio.Future[None] | None = None
        self._cause: Exception | None = None
        self._busy = self._full = self._paused = False
        self._until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._poll = select.poll()

    @property
    def open(self) -> bool:
        """Whether both sides are there."""
        return self._transport is not None

    async def secure(self, context: ssl.SSLContext, host: str, patience: float) -> None:
        """Begin TLS with a server that must prove to be `host`. Raises OSError, and leaves closing to the caller."""
        assert self._transport
        tls = await self._loop.start_tls(
            self._transport, self, context, server_hostname=host, ssl_handshake_timeout=patience
        )
        if tls is None or tls.is_closing():
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
            sent = await self._send(head, body)
            while not self._answers.begun:
                await self._more()
        except BaseException:
            self.abort()
            raise
        if not sent:
            self._answers.keeps = False
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
        unsent = self._transport.get_write_buffer_size() if self._transport else 0
        if not (self._answers.complete and self._answers.keeps) or unsent or self._paused:
            self.abort()
            return
        self._answers.take()
        self._until = self._loop.time() + IDLE
        if not self._timer:
            self._timer = self._loop.call_at(self._until, self._tire)

    def abort(self) -> None:
        """Close at once: no goodbye, which nobody waits for, and which may not come."""
        self._answers.cut_off("Server disconnected by us")
        if self._transport:
            self._transport.abort()

    def retire(self) -> None:
        """Close, unless somebody reads: who releases it then leaves it to close by itself."""
        if not self._busy:
            self.abort()

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        if not self._busy:
            self.abort()
            return
        self._answers.feed(data)
        if self._answers.size > _MOST and not self._paused and self._transport:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._answers.end()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc:
            self._answers.cut_off("the connection broke")
        self._answers.end()
        self._answers.close()
        self._cause, self._transport = exc, None
        if self._timer:
            self._timer.cancel()
        self._wake()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._wake()

    # Waiting

    async def _send(self, head: bytes, body: bytes) -> bool:
        """Whether all of it went out: nobody needs the rest once the server has refused."""
        self._write(head + body[:_PIECE])
        rest = memoryview(body)
        for place in range(_PIECE, len(body), _PIECE):
            while self._full and not self._over():
                await self._more()
            if self._over():
                return False
            self._write(rest[place : place + _PIECE])
        return True

    def _over(self) -> bool:
        answers = self._answers
        return answers.complete or answers.status >= 400 or answers.reason != "" or not self.open

    def _write(self, data: bytes | memoryview) -> None:
        if self._transport:
            self._transport.write(data)

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
