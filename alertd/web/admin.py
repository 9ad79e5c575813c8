"""Health, readiness, reload and metrics: what service managers, Prometheus and operators ask for."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from alertd.core.changes import Change
from alertd.errors import ConfigError


@dataclass(frozen=True)
class Admin:
    """What these endpoints need from the app."""

    ready: Callable[[], bool]
    reload: Callable[[], Awaitable[Sequence[Change]]]
    metrics: Callable[[Collection[str]], Awaitable[tuple[bytes, str]]]  # given whose names are wanted too


def routes(admin: Admin) -> list[BaseRoute]:
    """`/-/healthy`, `/-/ready`, `/-/reload` and `/metrics`."""

    async def healthy(_: Request) -> Response:
        return PlainTextResponse("OK")

    async def ready(_: Request) -> Response:
        return PlainTextResponse("OK") if admin.ready() else PlainTextResponse("not ready yet", status_code=503)

    async def reload(_: Request) -> Response:
        try:
            changes = await admin.reload()
        except ConfigError as error:
            return PlainTextResponse(f"failed to reload config:\n{error}\n", status_code=500)
        return PlainTextResponse("".join(f"{change}\n" for change in changes))

    async def metrics(request: Request) -> Response:
        names = {name for text in request.query_params.getlist("names") for name in text.split(",")}
        page, content_type = await admin.metrics(names)
        return Response(page, headers={"Content-Type": content_type})

    return [
        Route("/-/healthy", healthy),
        Route("/-/ready", ready),
        Route("/-/reload", reload, methods=["POST", "PUT"]),
        Route("/metrics", metrics),
    ]
