"""What is asked of alertd: each request that was answered is an event, by its route and not by its URL."""

from collections.abc import Callable, Sequence
from typing import Any

from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alertd.events import Served
from alertd.ports import UNTRACED, Tracer
from alertd.web.spans import answered, requested

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class Traffic:
    """`active` are the requests that are being answered. `seconds` is a clock that never jumps."""

    def __init__(
        self, notice: Callable[[Served], None], seconds: Callable[[], float], tracer: Tracer = UNTRACED
    ) -> None:
        self._notice, self._seconds, self._tracer = notice, seconds, tracer
        self.active = 0

    def through(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> ASGIApp:
        """An ASGI app that does the same, and is watched."""
        paths = {endpoint: path for one in routes if (path := getattr(one, "path", "")) and (endpoint := _of(one))}

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            begun, status = self._seconds(), 500

            async def note(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            method = scope["method"] if scope["method"] in _METHODS else "other"
            self.active += 1
            with requested(self._tracer, scope, method) as span:
                try:
                    await app(scope, receive, note)
                finally:
                    self.active -= 1
                    route = paths.get(scope.get("endpoint"), "")
                    answered(span, method, route, status)
                    self._notice(Served(method, route, status, self._seconds() - begun))

        return watched


def _of(route: BaseRoute) -> Any:
    return getattr(route, "endpoint", None)
