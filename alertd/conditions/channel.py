"""The daemon's end of the connection to a worker: whole messages, one at a time, from somebody who is not trusted."""

import asyncio

import msgspec

from alertd.conditions import wire


class Broken(Exception):  # noqa: N818 - caught by who knows what became of the worker
    """The worker has hung up (`reason` is empty), or said what makes no sense."""

    def __init__(self, reason: str = "") -> None:
        self.reason = reason
        super().__init__(reason)


class Channel(asyncio.Protocol):
    """Messages of at most `most` bytes."""

    def __init__(self, most: int) -> None:
        self._most, self._buffer = most, bytearray()
        self._frames: list[bytes] = []
        self._broken: Broken | None = None
        self._news = asyncio.Event()
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= wire.LENGTH.size and not self._broken:
            (size,) = wire.LENGTH.unpack_from(self._buffer)
            if size > self._most or len(self._frames) > 1:
                self._break(Broken("it wrote to the connection that belongs to alertd"))
            elif len(self._buffer) < wire.LENGTH.size + size:
                break
            else:
                self._frames.append(bytes(self._buffer[wire.LENGTH.size : wire.LENGTH.size + size]))
                del self._buffer[: wire.LENGTH.size + size]
                self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        self._break(Broken())

    def send(self, message: wire.Message) -> None:
        """Send; a worker that is gone is noticed when its answer is awaited."""
        if self._transport and not self._broken:
            self._transport.write(wire.frame(message))

    async def receive(self, nonce: str) -> wire.FromWorker:
        """The next message, which must be of this call. Raises Broken."""
        while not self._frames and not self._broken:
            self._news.clear()
            await self._news.wait()
        if not self._frames:
            raise self._broken or Broken()
        try:
            message = wire.read_from_worker(self._frames.pop(0))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise Broken("it wrote to the connection that belongs to alertd") from None
        if message.nonce != nonce:
            raise Broken("it answered a question that was not asked")
        return message

    @property
    def idle(self) -> bool:
        """True if nothing has come that nobody waits for."""
        return not self._frames and not self._buffer and not self._broken

    def close(self) -> None:
        """Hang up."""
        if self._transport:
            self._transport.abort() if isinstance(self._transport, asyncio.Transport) else self._transport.close()

    def _break(self, broken: Broken) -> None:
        self._broken = self._broken or broken
        self._buffer.clear()
        self._news.set()
        if broken.reason:
            self.close()
