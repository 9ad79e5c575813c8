"""A client for the command line: it says who we are and to which trace a call belongs, and gets plain values."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2

from alertd.rpc import alerts_pb2 as pb

_SECONDS = 10.0  # for an answer
_PAGE = 1000
_OPTIONS = [("grpc.keepalive_time_ms", 30_000), ("grpc.keepalive_timeout_ms", 10_000)]

Metadata = tuple[tuple[str, str | bytes], ...] | None


class CallError(Exception):
    """A call had no answer, or another one than was hoped for. `code` is gRPC's word for it."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text or code)


@dataclass(frozen=True)
class Details(grpc.ClientCallDetails):
    """A call, with metadata of ours."""

    method: str
    timeout: float | None
    metadata: Metadata
    credentials: Any = None
    wait_for_ready: bool | None = None
    compression: Any = None


class Propagation(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Adds metadata to every call: what it is caused by, and who calls."""

    def __init__(self, headers: Callable[[], Mapping[str, str]]) -> None:
        self._headers = headers

    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return continuation(self._with(client_call_details), request)

    def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return continuation(self._with(client_call_details), request)

    def _with(self, given: Any) -> Details:
        metadata = (*(given.metadata or ()), *self._headers().items())
        return Details(given.method, given.timeout, metadata, given.credentials, given.wait_for_ready)


class Client:
    """An alertd at `host:port`. `ca` (PEM) or `tls`: it speaks TLS; with `ca`, whoever that has signed is trusted."""

    def __init__(
        self, address: str, headers: Callable[[], Mapping[str, str]], *, ca: bytes | None = None, tls: bool = False
    ) -> None:
        if ca or tls:
            channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(ca), _OPTIONS)
        else:
            channel = grpc.insecure_channel(address, _OPTIONS)
        self._bare = channel
        self._channel = grpc.intercept_channel(channel, Propagation(headers))

    def alerts(self, matchers: Sequence[str] = ()) -> Iterator[Mapping[str, Any]]:
        """The alerts that are pending or fire, as protobuf's JSON has them. Raises CallError."""
        method = self._channel.unary_unary(
            "/alertd.v1.Alerts/List", pb.ListRequest.SerializeToString, pb.ListResponse.FromString
        )
        request = pb.ListRequest(filter=pb.Filter(matchers=matchers), page_size=_PAGE)
        while True:
            page: pb.ListResponse = _answer(lambda: method(request, timeout=_SECONDS))
            yield from map(_plain, page.alerts)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def watch(self, matchers: Sequence[str], after: str, *, snapshot: bool) -> Iterator[Mapping[str, Any]]:
        """What changes, as protobuf's JSON has it, until the other side ends it: then raises CallError."""
        method = self._channel.unary_stream(
            "/alertd.v1.Alerts/Watch", pb.WatchRequest.SerializeToString, pb.Change.FromString
        )
        call: Any = method(pb.WatchRequest(filter=pb.Filter(matchers=matchers), snapshot=snapshot, after=after))
        try:
            while True:
                yield _plain(_answer(lambda: next(call)))
        except StopIteration:
            raise CallError("UNAVAILABLE", "the stream ended") from None
        finally:
            call.cancel()

    def is_serving(self, service: str = "") -> bool:
        """Whether it does its work. Raises CallError."""
        method = self._channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            health_pb2.HealthCheckRequest.SerializeToString,
            health_pb2.HealthCheckResponse.FromString,
        )
        answer = _answer(lambda: method(health_pb2.HealthCheckRequest(service=service), timeout=_SECONDS))
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    def close(self) -> None:
        """Say goodbye."""
        self._bare.close()


def _answer(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except grpc.RpcError as error:
        call: Any = error
        raise CallError(call.code().name, call.details() or "") from None


def _plain(message: Message) -> Mapping[str, Any]:
    return MessageToDict(message, always_print_fields_with_no_presence=True)
