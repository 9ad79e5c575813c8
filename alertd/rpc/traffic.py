"""Calls as others see them: each that ended is an event, and a bug in one is no more than that."""

from collections.abc import Callable, Collection
from typing import Any

import grpc

from alertd.access.rate import Seconds
from alertd.events import Called, Event, Trouble
from alertd.rpc.around import Behaviour, Context, Continuation, around, tried


class Traffic(grpc.aio.ServerInterceptor):
    """Watches the calls of these methods; `active` are those that are being answered, at most `most`.

    The library's own limit also counts calls that are over, but whose client does not read that.
    """

    def __init__(self, methods: Collection[str], most: int, notice: Callable[[Event], None], seconds: Seconds) -> None:
        self._methods, self._most = frozenset(methods), most
        self._notice, self._seconds = notice, seconds
        self.active = 0

    async def intercept_service(self, continuation: Continuation, details: Any) -> Any:
        begun = self._seconds()
        handler = await continuation(details)
        if handler is None:
            self._notice(Called("", grpc.StatusCode.UNIMPLEMENTED.name, 0.0))
            return None
        method = details.method if details.method in self._methods else ""
        return around(handler, lambda inner: self._watched(method, inner, begun, stream=handler.response_streaming))

    def _watched(self, method: str, inner: Behaviour, begun: float, *, stream: bool) -> Behaviour:
        async def mended(request: Any, context: Context) -> Any:
            if self.active > self._most:
                await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many calls at once: try again")
            try:
                return await inner(request, context)
            except grpc.aio.BaseError:
                raise
            except TimeoutError:
                await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "it took too long")
            except Exception as bug:  # the log hears of it, and not the client; others are served
                self._notice(Trouble(f"the call {method} failed", f"{type(bug).__name__}: {bug}"))
                await context.abort(grpc.StatusCode.INTERNAL, "alertd could not answer; its log says why")

        async def behave(request: Any, context: Context) -> Any:
            self.active += 1
            outcome = await tried(mended, request, context)
            self.active -= 1
            self._notice(Called(method, outcome.code.name, self._seconds() - begun, stream))
            return outcome.passed_on()

        return behave
