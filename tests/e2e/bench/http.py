"""A small HTTP/1.1 server in a thread, quick enough not to be what is measured."""

import asyncio
import threading
from collections.abc import Callable

Handler = Callable[[str, bytes], bytes]  # the path and the body of a request to the body of its answer


class Served:
    """Answers every request with 200 and what the handler says, until it is closed."""

    def __init__(self, handler: Handler) -> None:
        self._handler, self._loop = handler, asyncio.new_event_loop()
        listening = self._loop.create_server(lambda: _Connection(handler), "127.0.0.1", 0, backlog=4096)
        self._server = self._loop.run_until_complete(listening)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._server.close()
        self._loop.close()


class _Connection(asyncio.Protocol):
    """Requests with a Content-Length, one after the other; more than that none of the clients here sends."""

    def __init__(self, handler: Handler) -> None:
        self._handler, self._received = handler, bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while request := self._next():
            body = self._handler(*request)
            head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {len(body)}\r\n\r\n"
            self._transport.write(head.encode() + body)

    def _next(self) -> tuple[str, bytes] | None:
        """The path and the body of the next whole request."""
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return None
        first, *headers = bytes(self._received[:end]).decode("latin-1").split("\r\n")
        named = dict(header.lower().split(":", 1) for header in headers)
        whole = end + 4 + int(named.get("content-length", "0"))
        if len(self._received) < whole:
            return None
        body = bytes(self._received[end + 4 : whole])
        del self._received[:whole]
        return first.split(" ")[1], body
