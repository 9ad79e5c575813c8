"""The gRPC server: grpc.aio on an address of its own, with bounds on all that a client may hold.

connection ▶ TLS ▶ traces ▶ traffic ▶ guard ▶ health, alerts
"""

import socket
from collections.abc import Mapping, Sequence

import grpc

from alertd.config.values import Grpc
from alertd.rpc.around import Handler

_LONGEST_REQUEST = 64 << 10  # bytes; a request is a filter
_LONGEST_METADATA = 32 << 10
_MOST_AT_ONCE = 100  # calls of one connection; others of that client wait there
_MINUTE = 60_000  # milliseconds

Services = Mapping[str, Mapping[str, Handler]]


class Server:
    """A server of these services. `credentials` None: in clear."""

    def __init__(
        self,
        config: Grpc,
        services: Services,
        interceptors: Sequence[grpc.aio.ServerInterceptor],
        credentials: grpc.ServerCredentials | None,
    ) -> None:
        self._config, self._credentials = config, credentials
        self._server = grpc.aio.server(interceptors=interceptors, options=_options(config))
        for name, methods in services.items():
            self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, dict(methods)),))

    async def start(self) -> int:
        """Serve from now on; the port. Raises OSError if the address is taken."""
        address = _address(self._config)
        _try(self._config)
        try:
            if self._credentials:
                port = self._server.add_secure_port(address, self._credentials)
            else:
                port = self._server.add_insecure_port(address)
        except RuntimeError:
            raise OSError(f"cannot listen on {address}") from None
        await self._server.start()
        return port

    async def stop(self, grace: float) -> None:
        """Take no more calls; those under way are ended after so many seconds."""
        await self._server.stop(grace)


def _address(config: Grpc) -> str:
    return f"[{config.host}]:{config.port}" if ":" in config.host else f"{config.host}:{config.port}"


def _try(config: Grpc) -> None:
    """The library does not say why it cannot listen. Raises OSError, which does."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((config.host, config.port))
        probe.listen(1)


def _options(config: Grpc) -> list[tuple[str, int]]:
    return [
        ("grpc.so_reuseport", 0),  # two on one port would each get a part of the calls
        ("grpc.max_receive_message_length", _LONGEST_REQUEST),
        ("grpc.max_metadata_size", _LONGEST_METADATA),
        ("grpc.absolute_max_metadata_size", _LONGEST_METADATA),
        ("grpc.max_allowed_incoming_connections", config.max_connections),
        ("grpc.max_concurrent_streams", _MOST_AT_ONCE),
        ("grpc.server_handshake_timeout_ms", 10_000),
        ("grpc.max_connection_idle_ms", 2 * _MINUTE),
        ("grpc.keepalive_time_ms", _MINUTE // 2),  # a client that is gone without a word is noticed
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),  # how often clients may ping
    ]
