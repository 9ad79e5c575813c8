"""The service `grpc.health.v1.Health`: it says that alertd serves only while alertd does its work.

Our own in place of the library's: there a client that does not read holds up the news for all others.
"""

import asyncio
from collections.abc import Sequence

import grpc
from grpc_health.v1 import health_pb2 as pb

from alertd.rpc.around import Handler

SERVICE = "grpc.health.v1.Health"

Context = grpc.aio.ServicerContext[pb.HealthCheckRequest, pb.HealthCheckResponse]


class Health:
    """How alertd is; at most `streams` may wait for news of it. It begins as not serving."""

    def __init__(self, services: Sequence[str], streams: int) -> None:
        self._services, self._streams = frozenset(("", *services)), streams
        self._serving, self._closed, self._ended = False, False, False
        self._watching = 0
        self._news = asyncio.Event()

    def tell(self, *, serving: bool) -> None:
        """How it is now."""
        if serving != self._serving and not self._closed:
            self._serving = serving
            self._wake()

    def close(self) -> None:
        """Not serving, for good."""
        self.tell(serving=False)
        self._closed = True

    def end(self) -> None:
        """Nobody waits for news any more."""
        self._ended = True
        self._wake()

    def methods(self) -> dict[str, Handler]:
        """The methods by their names."""
        request, answer = pb.HealthCheckRequest.FromString, pb.HealthCheckResponse.SerializeToString
        return {
            "Check": grpc.unary_unary_rpc_method_handler(self.check, request, answer),
            "Watch": grpc.unary_stream_rpc_method_handler(self.watch, request, answer),
        }

    async def check(self, request: pb.HealthCheckRequest, context: Context) -> pb.HealthCheckResponse:
        """How a service is now."""
        if request.service not in self._services:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"there is no service {request.service[:100]!r}")
        return pb.HealthCheckResponse(status=self._status(request.service))

    async def watch(self, request: pb.HealthCheckRequest, context: Context) -> None:
        """How a service is, now and whenever it changes, until the client leaves or alertd stops."""
        if self._watching >= self._streams:
            await context.abort(
                grpc.StatusCode.RESOURCE_EXHAUSTED, "too many wait for news: grpc.max_streams is the limit"
            )
        self._watching += 1
        said: int | None = None
        try:
            while True:
                news, status = self._news, self._status(request.service)
                if status != said:
                    await context.write(pb.HealthCheckResponse(status=status))
                    said = status
                if self._ended:
                    await context.abort(grpc.StatusCode.UNAVAILABLE, "alertd is shutting down")
                await news.wait()
        finally:
            self._watching -= 1

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _status(self, service: str) -> int:
        if service not in self._services:
            return pb.HealthCheckResponse.SERVICE_UNKNOWN
        return pb.HealthCheckResponse.SERVING if self._serving else pb.HealthCheckResponse.NOT_SERVING
