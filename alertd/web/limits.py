"""How much alertd serves: so many requests at once, so many in a time, and headers up to a size."""

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from alertd.access.settings import Settings
from alertd.web.bodies import turn_away


class Limits:
    """An ASGI middleware that turns away what is too much."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings
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
        if not self._settings.take_turn():
            return told(429, "Too Many Requests")
        return None


def told(status: int, text: str, headers: dict[str, str] | None = None) -> PlainTextResponse:
    """A refusal in the form in which Go's HTTP server gives them."""
    return PlainTextResponse(f"{text}\n", status, {"X-Content-Type-Options": "nosniff", **(headers or {})})


def _head(scope: Scope) -> int:
    url = len(scope.get("raw_path", b"")) + len(scope["query_string"])
    return url + sum(len(name) + len(value) + 4 for name, value in scope["headers"])
