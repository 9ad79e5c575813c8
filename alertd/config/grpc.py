"""What the section `grpc` comes to; and whether what `web` says of TLS can be kept there."""

from importlib.util import find_spec

from alertd.config.extras import advice
from alertd.config.problems import Place
from alertd.config.schema import GrpcEntry, split_listen
from alertd.config.servertls import REQUIRED
from alertd.config.values import Grpc
from alertd.config.webmodels import TlsServerConfig

MISSING = "gRPC needs packages that are not installed"


def build(given: GrpcEntry | None, tls: TlsServerConfig, place: Place) -> Grpc | None:
    """Where to serve gRPC; what is wrong with it is found at the place of `grpc`."""
    if given is None:
        return None
    if not installed():
        place.problem(MISSING, hint=advice("grpc"))
    if tls.enabled:
        _check(tls, place)
    host, port = split_listen(given.listen)
    bounds = given.model_dump(exclude={"listen"})
    return Grpc(host, port, **bounds)


def installed() -> bool:
    """Whether the packages of the extra are there; none of them is imported."""
    return all(find_spec(name) for name in ("grpc", "grpc_health"))


def _check(tls: TlsServerConfig, place: Place) -> None:
    """gRPC's own TLS speaks 1.2 and 1.3, and chooses the ciphers itself."""
    if tls.min_version == "TLS13" or tls.max_version < "TLS12":
        place.problem(
            "gRPC speaks TLS 1.2 and 1.3, whatever the client likes, but web.tls_server_config allows only others",
            hint="let min_version be at most TLS12 and max_version at least TLS12, or do without `grpc`",
        )
    if tls.client_auth_type == REQUIRED and not (tls.client_ca or tls.client_ca_file):
        place.problem(f"with {REQUIRED} gRPC needs client_ca_file", hint="add it to web.tls_server_config")
    if tls.cipher_suites:
        place.note("cipher_suites of web.tls_server_config are those of HTTP; gRPC chooses its own")
