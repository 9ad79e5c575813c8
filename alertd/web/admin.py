"""Health, readiness, reload and metrics: what service managers, Prometheus and operators ask for."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from alertd.core.changes import Change
from alertd.errors import ConfigError, Problem

# Given whose names are wanted, too, and what is accepted: the page and its type; None if nothing is counted.
Page = Callable[[Collection[str], str], Awaitable[tuple[bytes, str] | None]]


@dataclass(frozen=True)
class Admin:
    """What these endpoints need from the app."""

    ready: Callable[[], bool]
    reload: Callable[[], Awaitable[Sequence[Change | Problem]]]  # the problems are notes: it went well
    metrics: Page


def _line(said: Change | Problem) -> str:
    return f"note: {said}\n" if isinstance(said, Problem) else f"{said}\n"


def routes(admin: Admin) -> list[BaseRoute]:
    """`/-/healthy`, `/-/ready`, `/-/reload` and `/metrics`."""

    async def healthy(_: Request) -> Response:
        return PlainTextResponse("OK")

    async def ready(_: Request) -> Response:
        return PlainTextResponse("OK") if admin.ready() else PlainTextResponse("not ready yet", status_code=503)

    async def reload(_: Request) -> Response:
        try:
            said = await admin.reload()
        except ConfigError as error:
            return PlainTextResponse(f"failed to reload config:\n{error}\n", status_code=500)
        return PlainTextResponse("".join(map(_line, said)))

    async def metrics(request: Request) -> Response:
        names = {name for text in request.query_params.getlist("names") for name in text.split(",")}
        found = await admin.metrics(names, request.headers.get("accept", ""))
        if found is None:
            return PlainTextResponse("nothing is counted: telemetry.metrics.enabled is false\n", status_code=404)
        return Response(found[0], headers={"Content-Type": found[1]})

    return [
        Route("/-/healthy", healthy),
        Route("/-/ready", ready),
        Route("/-/reload", reload, methods=["POST", "PUT"]),
        Route("/metrics", metrics),
    ]
