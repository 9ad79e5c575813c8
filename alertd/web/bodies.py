"""What requests carry: read whole, up to a size, within a time, before anybody works on it; or thrown away."""

import asyncio
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alertd.config.webmodels import LimitsEntry
from alertd.web.answers import refused

_AT_ONCE = 4  # as many bodies of the largest size may be in memory at once
_PATIENCE = 5.0  # seconds in which what nobody wants is thrown away, so that its sender reads the answer
_THROWN = 256 << 20  # bytes of it


class _Gone(Exception):  # noqa: N818 - never leaves this module
    """The client went away."""


class _Refused(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, answer: Response) -> None:
        self.answer = answer


class Bodies:
    """An ASGI middleware that hands on complete bodies."""

    def __init__(self, app: ASGIApp, limits: Callable[[], LimitsEntry]) -> None:
        self._app, self._limits = app, limits
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not has_body(scope):
            await self._app(scope, receive, send)
            return
        held = _Held(self._limits(), self)
        try:
            body = await held.read(scope, receive)
            await self._app(scope, _replay(body, receive), send)
        except _Refused as refusal:
            refuse = turn_away if held.more else _answered
            await refuse(scope, receive, send, refusal.answer)
        except _Gone:
            return
        finally:
            self._held -= held.size

    def hold(self, size: int, limits: LimitsEntry) -> None:
        """So many bytes more are in memory. Raises _Refused if those are too many."""
        if self._held + size > _AT_ONCE * limits.max_body_bytes:
            raise _Refused(refused(503, "too many large requests at once", headers={"Retry-After": "1"}))
        self._held += size


class _Held:
    """One body on its way."""

    def __init__(self, limits: LimitsEntry, all_of_them: Bodies) -> None:
        self._limits, self._all = limits, all_of_them
        self.size = 0
        self.more = True  # to come

    async def read(self, scope: Scope, receive: Receive) -> bytes:
        self._check(_declared(scope))
        seconds = self._limits.body_timeout.total_seconds()
        parts: list[bytes] = []
        try:
            async with asyncio.timeout(seconds):
                while self.more:
                    part, self.more = await _next(receive)
                    self._check(self.size + len(part))
                    self._all.hold(len(part), self._limits)
                    self.size += len(part)
                    parts.append(part)
        except TimeoutError:
            answer = refused(408, f"the body did not come within {seconds:g} s", headers={"Connection": "close"})
            raise _Refused(answer) from None
        return b"".join(parts)

    def _check(self, size: int) -> None:
        if size > self._limits.max_body_bytes:
            raise _Refused(refused(413, f"a body may have {self._limits.max_body_bytes} bytes"))


def has_body(scope: Scope) -> bool:
    """Whether something comes behind the headers."""
    return "transfer-encoding" in Headers(scope=scope) or _declared(scope) > 0


async def turn_away(scope: Scope, receive: Receive, send: Send, answer: Response) -> None:
    """Answer a request without working on it. Who is still speaking is listened to for a moment, and then cut off."""
    waits = Headers(scope=scope).get("expect", "").lower() == "100-continue"
    if answer.headers.get("connection") != "close" and has_body(scope) and (waits or not await _thrown_away(receive)):
        answer.headers["Connection"] = "close"
    await answer(scope, receive, send)


async def _answered(scope: Scope, receive: Receive, send: Send, answer: Response) -> None:
    await answer(scope, receive, send)


async def _thrown_away(receive: Receive) -> bool:
    size, more = 0, True
    try:
        async with asyncio.timeout(_PATIENCE):
            while more and size < _THROWN:
                part, more = await _next(receive)
                size += len(part)
    except (TimeoutError, _Gone):
        return False
    return not more


async def _next(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] != "http.request":
        raise _Gone
    return message.get("body", b""), message.get("more_body", False)


def _declared(scope: Scope) -> int:
    """The length that the client says; one that is no number is the server's to refuse."""
    text = Headers(scope=scope).get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _replay(body: bytes, receive: Receive) -> Receive:
    said = False

    async def again() -> Message:
        nonlocal said
        if said:
            return await receive()
        said = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
