"""What goes around a call, for interceptors. All our methods are coroutines; those that stream write to the context."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:
    Handler = grpc.RpcMethodHandler[Any, Any]
else:
    Handler = grpc.RpcMethodHandler

Context = grpc.aio.ServicerContext[Any, Any]
Behaviour = Callable[[Any, Context], Awaitable[Any]]  # a request, or a stream of them; what is answered, if it is one
Continuation = Callable[[Any], Awaitable[Handler | None]]


@dataclass(frozen=True)
class Outcome:
    """How a call ended; `error` is what ended it, if it was not an answer."""

    code: grpc.StatusCode
    answer: Any = None
    error: BaseException | None = None

    def passed_on(self) -> Any:
        """The answer. Raises the error."""
        if self.error is not None:
            raise self.error
        return self.answer


async def tried(inner: Behaviour, request: Any, context: Context) -> Outcome:
    """What comes of a call that is answered, refused, or left by the client."""
    try:
        return Outcome(grpc.StatusCode.OK, await inner(request, context))
    except grpc.aio.BaseError as refusal:  # or nobody was there any more to hear of it
        return Outcome(_code(context), error=refusal)
    except asyncio.CancelledError as end:
        return Outcome(_code_of_cancelled(context), error=end)


def around(handler: Handler, wrap: Callable[[Behaviour], Behaviour]) -> Handler:
    """A handler that does what `wrap` makes of what this one does."""
    inner: Any = handler.unary_unary or handler.unary_stream or handler.stream_stream
    make: Any = grpc.unary_unary_rpc_method_handler
    if handler.response_streaming:
        make = (
            grpc.stream_stream_rpc_method_handler if handler.request_streaming else grpc.unary_stream_rpc_method_handler
        )
    made: Handler = make(wrap(inner), handler.request_deserializer, handler.response_serializer)
    return made


def refusing(code: grpc.StatusCode, text: str) -> Handler:
    """A handler that refuses, without waiting for what is asked."""

    async def refuse(_: Any, context: Context) -> None:
        await context.abort(code, text)

    made: Handler = grpc.stream_stream_rpc_method_handler(refuse)
    return made


def _code(context: Context) -> grpc.StatusCode:
    given: Any = context.code()  # a number, whatever the stubs say
    return next((one for one in grpc.StatusCode if given in (one, one.value[0])), grpc.StatusCode.UNKNOWN)


def _code_of_cancelled(context: Context) -> grpc.StatusCode:
    """The client left, or its deadline came, or it did not take what it was told last."""
    told = _code(context)
    left: Any = context.time_remaining()  # None without a deadline, whatever the stubs say
    if told not in (grpc.StatusCode.OK, grpc.StatusCode.UNKNOWN):
        return told
    late = left is not None and left <= 0
    return grpc.StatusCode.DEADLINE_EXCEEDED if late else grpc.StatusCode.CANCELLED
