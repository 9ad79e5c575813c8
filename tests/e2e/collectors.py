"""Those who take traces: OTLP over HTTP and gRPC, read as the real protobuf, and Zipkin's JSON."""

import gzip
import json
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest as Exported
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse as Taken
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import add_TraceServiceServicer_to_server
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Proto
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from tests.e2e.rig import _Served

_KINDS = {Proto.SPAN_KIND_CLIENT: "client", Proto.SPAN_KIND_SERVER: "server", Proto.SPAN_KIND_INTERNAL: "internal"}


@dataclass(frozen=True)
class Seen:
    """A span as somebody received it; ids are hexadecimal, those of links too."""

    name: str
    trace: str
    id: str
    parent: str
    kind: str
    attributes: dict[str, Any]
    begun: int  # nanoseconds, as `ended`
    ended: int
    failed: bool = False
    links: tuple[str, ...] = ()
    events: tuple[tuple[str, dict[str, Any]], ...] = ()
    resource: dict[str, Any] = field(default_factory=dict)


class Collected:
    """What was received, and ways to find it."""

    spans: list[Seen]

    def named(self, name: str, **attributes: Any) -> list[Seen]:
        wanted = {key.replace("_", "."): value for key, value in attributes.items()}.items()
        return [one for one in self.spans if one.name == name and wanted <= one.attributes.items()]

    def below(self, span: Seen) -> list[str]:
        """The names of its children."""
        return sorted(one.name for one in self.spans if one.parent == span.id and one.trace == span.trace)

    def child(self, span: Seen, name: str) -> Seen:
        (found,) = [one for one in self.spans if (one.parent, one.trace, one.name) == (span.id, span.trace, name)]
        return found

    def above(self, span: Seen) -> Seen:
        (found,) = [one for one in self.spans if (one.id, one.trace) == (span.parent, span.trace)]
        return found


class OtlpHttp(Collected, _Served):
    exporter: ClassVar = "otlp"

    def __init__(self) -> None:
        self.spans, self.headers, self.answer = [], dict[str, str](), Taken()
        super().__init__(self._take)

    def _take(self, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        assert handler.path == "/v1/traces"
        self.headers = {name.lower(): value for name, value in handler.headers.items()}
        plain = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
        self.spans += otlp(Exported.FromString(plain))
        return 200, {"Content-Type": "application/x-protobuf"}, self.answer.SerializeToString()


class Zipkin(Collected, _Served):
    exporter: ClassVar = "zipkin"

    def __init__(self) -> None:
        self.spans = []
        super().__init__(self._take)

    def _take(self, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        assert handler.path == "/api/v2/spans"
        self.spans += [zipkin(one) for one in json.loads(body)]
        return 202, {}, b""


class OtlpGrpc(Collected):
    exporter: ClassVar = "otlp_grpc"

    def __init__(self) -> None:
        self.spans, self.answer = [], Taken()
        self._server = grpc.server(ThreadPoolExecutor(2))
        add_TraceServiceServicer_to_server(self, self._server)
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def Export(self, request: Exported, context: grpc.ServicerContext) -> Taken:
        self.spans += otlp(request)
        return self.answer

    def close(self) -> None:
        self._server.stop(0).wait()


class Stalling(_Served):
    """Takes everything, and answers nothing until it is closed."""

    def __init__(self) -> None:
        self._over = threading.Event()
        super().__init__(self._wait)

    def _wait(self, _handler: BaseHTTPRequestHandler, _body: bytes) -> tuple[int, dict[str, str], bytes]:
        self._over.wait(60)
        return 503, {}, b""

    def close(self) -> None:
        self._over.set()
        super().close()


def otlp(request: Exported) -> Iterator[Seen]:
    for group in request.resource_spans:
        resource = _attributes(group.resource.attributes)
        for scope in group.scope_spans:
            for one in scope.spans:
                yield Seen(
                    one.name,
                    one.trace_id.hex(),
                    one.span_id.hex(),
                    one.parent_span_id.hex(),
                    _KINDS[one.kind],
                    _attributes(one.attributes),
                    one.start_time_unix_nano,
                    one.end_time_unix_nano,
                    one.status.code == Status.STATUS_CODE_ERROR,
                    tuple(link.span_id.hex() for link in one.links),
                    tuple((event.name, _attributes(event.attributes)) for event in one.events),
                    resource,
                )


def zipkin(one: dict[str, Any]) -> Seen:
    tags, begun = one["tags"], one["timestamp"] * 1000
    return Seen(
        one["name"],
        one["traceId"].rjust(32, "0"),
        one["id"],
        one.get("parentId", ""),
        (one.get("kind") or "internal").lower(),
        tags,
        begun,
        begun + one["duration"] * 1000,
        "error" in tags,
        events=tuple((json.dumps(note), {}) for note in one.get("annotations") or ()),
        resource={"service.name": one["localEndpoint"]["serviceName"], **tags},
    )


def _attributes(pairs: Iterable[Any]) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in pairs}
