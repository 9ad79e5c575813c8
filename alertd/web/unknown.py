"""What is answered where there is nothing: Alertmanager's first API is gone, and paths nobody knows."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from alertd.web.answers import answer, refused

_GONE = "version 1 of Alertmanager's API is no more: ask the same of /api/v2"


def routes() -> list[BaseRoute]:
    """The last routes of all; only paths below `/api` come here."""
    return [Route("/api/v1/{rest:path}", _gone), Route("/api/v2/{rest:path}", _nowhere)]


class _Always:
    """An ASGI app that gives the same answer whatever the method."""

    def __init__(self, status: int) -> None:
        self._status = status

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = Request(scope).url.path
        gone = answer({"status": "deprecated", "error": _GONE}, 410)
        response: Response = gone if self._status == 410 else refused(404, f"path {path} was not found")
        await response(scope, receive, send)


_gone, _nowhere = _Always(410), _Always(404)
