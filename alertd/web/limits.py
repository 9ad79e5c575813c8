"""How much alertd serves: so many requests at once, so many in a time, and headers up to a size."""

from collections.abc import Callable

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from alertd.config.webmodels import RateLimit
from alertd.web.bodies import turn_away
from alertd.web.settings import Settings

Seconds = Callable[[], float]


class Limits:
    """An ASGI middleware that turns away what is too much. `seconds` is a clock that never jumps."""

    def __init__(self, app: ASGIApp, settings: Settings, seconds: Seconds) -> None:
        self._app, self._settings = app, settings
        self._bucket = _Bucket(seconds)
        self._serving = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal:
            await turn_away(scope, receive, send, refusal)
            return
        self._serving += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._serving -= 1

    def _refusal(self, scope: Scope) -> Response | None:
        limits = self._settings.web.limits
        if _head(scope) > limits.max_header_bytes:
            return told(431, "Request Header Fields Too Large")
        if self._serving >= limits.max_requests:
            return told(503, "Service Unavailable", {"Retry-After": "1"})
        if not self._bucket.take(self._settings.toolkit.rate_limit):
            return told(429, "Too Many Requests")
        return None


def told(status: int, text: str, headers: dict[str, str] | None = None) -> PlainTextResponse:
    """A refusal in the form in which Go's HTTP server gives them."""
    return PlainTextResponse(f"{text}\n", status, {"X-Content-Type-Options": "nosniff", **(headers or {})})


def _head(scope: Scope) -> int:
    url = len(scope.get("raw_path", b"")) + len(scope["query_string"])
    return url + sum(len(name) + len(value) + 4 for name, value in scope["headers"])


class _Bucket:
    """A bucket of permissions; one more drops into it every interval."""

    def __init__(self, seconds: Seconds) -> None:
        self._seconds = seconds
        self._limit: RateLimit | None = None
        self._left, self._at = 0.0, 0.0

    def take(self, limit: RateLimit) -> bool:
        """Whether there was one."""
        interval = limit.interval.total_seconds()
        if not interval:
            return True
        now = self._seconds()
        if limit != self._limit:
            self._limit, self._left, self._at = limit, limit.burst, now
        self._left = min(float(limit.burst), self._left + (now - self._at) / interval)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
