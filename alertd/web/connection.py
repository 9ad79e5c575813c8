"""One connection, and how patient alertd is with it: uvicorn's protocol with a bound on all that a client may stretch.

connected ─ header_timeout ─▶ request ─ served ─▶ idle_timeout ─ a byte ─▶ header_timeout ─▶ …
"""

import asyncio
from email.utils import formatdate
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from alertd.access.settings import Settings

_REASONS = {408: "Request Timeout", 431: "Request Header Fields Too Large", 503: "Service Unavailable"}


class Connection(HttpToolsProtocol):
    """Set `settings` in a subclass: uvicorn makes the instances."""

    settings: Settings

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._deadline: asyncio.TimerHandle | None = None
        self._stuck: asyncio.TimerHandle | None = None
        self._head = 0  # bytes of a request whose headers are not complete
        self._begun = False  # whether there is one

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        limits = self.settings.web.limits
        self.timeout_keep_alive = limits.idle_timeout.total_seconds()  # type: ignore[assignment]
        super().connection_made(transport)
        if not self._is_welcome(transport):
            transport.abort()
        elif len(self.connections) > limits.max_connections:
            self._refuse(503)
        else:
            self._expect_headers()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self.server_state.default_headers = [(b"date", _date().encode())]
        if not self._serving():
            self._head += len(data)
            self._expect_headers()
        super().data_received(data)
        if self._head > self.settings.web.limits.max_header_bytes and not self.transport.is_closing():
            self._refuse(431)

    def on_message_begin(self) -> None:
        self._begun = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head, self._begun = 0, False
        self._expect_nothing()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._begun and not self.transport.is_closing():
            self._expect_headers()

    def pause_writing(self) -> None:
        super().pause_writing()
        seconds = self.settings.web.limits.body_timeout.total_seconds()
        self._stuck = self.loop.call_later(seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stuck:
            self._stuck.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        if self._stuck:
            self._stuck.cancel()
        super().connection_lost(exc)

    def timeout_keep_alive_handler(self) -> None:
        if not self.transport.is_closing():
            self._hang_up()

    def _unsupported_upgrade_warning(self) -> None:
        """Whoever asks for a WebSocket gets an ordinary answer, and no line in the log."""

    def _serving(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _expect_headers(self) -> None:
        """From the first byte of a request its headers have a while to come; more bytes gain no more time."""
        if self._deadline is None:
            seconds = self.settings.web.limits.header_timeout.total_seconds()
            self._deadline = self.loop.call_later(seconds, self._too_slow)

    def _expect_nothing(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        if self.transport.is_closing():
            return
        if self._head:
            self._refuse(408)
        else:
            self._hang_up()

    def _refuse(self, status: int) -> None:
        reason = _REASONS[status]
        body = f"{reason}\n"
        lines = (
            f"HTTP/1.1 {status} {reason}", "Content-Type: text/plain; charset=utf-8", f"Content-Length: {len(body)}",
            f"Date: {_date()}", "Connection: close", "", body,
        )  # fmt: skip
        self.transport.write("\r\n".join(lines).encode())
        self._hang_up()

    def _hang_up(self) -> None:
        """Close; at once if the client does not even read what was sent."""
        self._expect_nothing()
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()

    def _is_welcome(self, transport: asyncio.Transport) -> bool:
        """Whether the client's certificate names somebody who is allowed, where names are listed."""
        allowed = self.settings.toolkit.tls_server_config.client_allowed_sans
        certificate = transport.get_extra_info("peercert") or {}
        return not allowed or any(value in allowed for _, value in certificate.get("subjectAltName", ()))


def _date() -> str:
    return formatdate(usegmt=True)
