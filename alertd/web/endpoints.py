"""Endpoints: what is asked by a method at a path. What each is about says the table in `described`."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from alertd.web.answers import Refusal, refused

Serve = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Endpoint:
    """One thing that can be asked."""

    method: str
    path: str
    serve: Serve


def routes(endpoints: Iterable[Endpoint]) -> list[BaseRoute]:
    """A route a path, which answers other methods with 405 and a Refusal with what it says."""
    by_path: dict[str, dict[str, Serve]] = {}
    for endpoint in endpoints:
        by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint.serve
    return [Route(path, _Door(methods)) for path, methods in by_path.items()]


def methods_of(route: Route) -> Iterable[str]:
    """The methods that are answered at a path, also where they are the door's business."""
    return route.endpoint.methods if isinstance(route.endpoint, _Door) else route.methods or ()


class _Door:
    """An ASGI app for one path; it is a class so that Starlette leaves the methods to it."""

    def __init__(self, methods: Mapping[str, Serve]) -> None:
        self._methods = {**({"HEAD": methods["GET"]} if "GET" in methods else {}), **methods}

    @property
    def methods(self) -> Iterable[str]:
        """What is served."""
        return self._methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        serve = self._methods.get(request.method)
        if serve is None:
            return not_allowed(request.method, self._methods)
        try:
            return await serve(request)
        except Refusal as refusal:
            return refusal.answer


def not_allowed(method: str, methods: Iterable[str]) -> Response:
    """405, and what is allowed."""
    allowed = ",".join(sorted(methods))
    return refused(405, f"method {method} is not allowed, but [{allowed}] are", headers={"Allow": allowed})
