"""A request to alertd as a span, part of the trace that its sender says it belongs to."""

from collections.abc import Mapping
from contextlib import AbstractContextManager

from starlette.types import Scope

from alertd.ports import UNTRACED, Attributes, Span, Tracer

_PASSED_OVER = ("/-/healthy", "/-/ready", "/metrics")  # asked for every few seconds, by machines, for themselves
_CARRIERS = frozenset((b"traceparent", b"tracestate", b"baggage"))
_LONGEST = 200  # characters of a path that is none of ours


def requested(tracer: Tracer, scope: Scope, method: str) -> AbstractContextManager[Span]:
    """The span of a request, until it is answered."""
    carried = _carried(scope)
    if not carried and scope["path"].endswith(_PASSED_OVER):
        return UNTRACED
    return tracer.span(_verb(method), _about(scope, method), place="server", parent=carried)


def answered(span: Span, method: str, route: str, status: int) -> None:
    """How it was answered, and as what it was understood; what only the client did wrong is no failure of alertd's."""
    if route:
        span.rename(f"{_verb(method)} {route}")
        span.note({"http.route": route})
    span.note({"http.response.status_code": status})
    if status >= 500:
        span.fail(f"answered with {status}", str(status))


def _verb(method: str) -> str:
    return "HTTP" if method == "other" else method


def _carried(scope: Scope) -> Mapping[str, str]:
    return {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in _CARRIERS}


def _about(scope: Scope, method: str) -> Attributes:
    client, server = scope.get("client") or ("", 0), scope.get("server") or ("", 0)
    return {
        "http.request.method": "_OTHER" if method == "other" else method,
        "url.path": scope["path"][:_LONGEST],
        "url.scheme": scope.get("scheme", "http"),
        "network.protocol.version": scope.get("http_version", ""),
        "client.address": client[0],
        "server.address": server[0],
        "server.port": server[1] or 0,
    }
