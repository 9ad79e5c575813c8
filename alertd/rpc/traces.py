"""A span for every call, part of the trace that its sender says it belongs to."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import grpc

from alertd.ports import Tracer
from alertd.rpc.around import Behaviour, Context, Continuation, around, tried

_HEALTH = "/grpc.health.v1.Health/"  # asked for every few seconds, by machines, for themselves
_CARRIERS = frozenset(("traceparent", "tracestate", "baggage"))
_OUR_FAULTS = frozenset(  # https://opentelemetry.io/docs/specs/semconv/rpc/grpc/
    (
        grpc.StatusCode.UNKNOWN, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DATA_LOSS,
    )
)  # fmt: skip


class Traces(grpc.aio.ServerInterceptor):
    """Follows the traces that come in with the metadata of calls; `methods` are those that have a name."""

    def __init__(self, methods: Collection[str], tracer: Tracer) -> None:
        self._methods, self._tracer = frozenset(methods), tracer

    async def intercept_service(self, continuation: Continuation, details: Any) -> Any:
        handler = await continuation(details)
        caller = _carried(details.invocation_metadata)
        if handler is None or (details.method.startswith(_HEALTH) and not caller):
            return handler
        return around(handler, lambda inner: self._traced(details.method, caller, inner))

    def _traced(self, method: str, caller: Mapping[str, str], inner: Behaviour) -> Behaviour:
        name = method.removeprefix("/") if method in self._methods else "_OTHER"
        attributes = {"rpc.system.name": "grpc", "rpc.method": name}

        async def behave(request: Any, context: Context) -> Any:
            with self._tracer.span(name, attributes, place="server", parent=caller) as span:
                outcome = await tried(inner, request, context)
                span.note({"rpc.response.status_code": outcome.code.name})
                if outcome.code in _OUR_FAULTS:
                    span.fail(context.details() or outcome.code.name, outcome.code.name)
            return outcome.passed_on()

        return behave


def _carried(metadata: Iterable[tuple[str, str | bytes]] | None) -> Mapping[str, str]:
    return {key: value for key, value in metadata or () if key in _CARRIERS and isinstance(value, str)}
