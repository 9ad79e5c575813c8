"""A request as others see it in a trace: what, where to and how it went, by OpenTelemetry's conventions, no secrets."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import urlsplit

from alertd.http.faults import explain
from alertd.ports import UNTRACED, Attributes, Span, Tracer

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_PORTS = {"https": 443, "http": 80}


def requesting(tracer: Tracer, method: str, url: str, *, shows: bool) -> AbstractContextManager[Span]:
    """The span of one request, if anything is traced; the path of a URL is only in it if it `shows`."""
    return UNTRACED if not tracer.here() else _spanned(tracer, method, url, shows=shows)


def answered(span: Span, status: int) -> None:
    """The other side has answered; an error of either side is a failure to who asked."""
    span.note({"http.response.status_code": status})
    if status >= 400:
        span.fail(f"the answer has the status {status}", str(status))


@contextmanager
def _spanned(tracer: Tracer, method: str, url: str, *, shows: bool) -> Iterator[Span]:
    named = method if method in _METHODS else "HTTP"
    with tracer.span(named, _about(named, url, shows=shows), place="client") as span:
        try:
            yield span
        except asyncio.CancelledError:
            span.fail("a deadline, or the end of alertd, came before the answer", "cancelled")
            raise
        except Exception as problem:
            span.fail(str(explain(problem)), type(problem).__name__)
            raise


def _about(method: str, url: str, *, shows: bool) -> Attributes:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return {"http.request.method": method}
    path = parts.path if shows else "/REDACTED"
    shown = f"[{host}]" if ":" in host else host
    return {
        "http.request.method": method,
        "server.address": host,
        "server.port": port,
        "url.full": f"{parts.scheme}://{shown}:{port}{path}",
        "url.scheme": parts.scheme,
    }
