"""TLS as a gRPC server: the certificate of the settings in force, renewed while it runs.

The library asks for it in a thread of its own; so whether there is another one is looked up on the loop, beforehand.
"""

import grpc

from alertd.access.settings import Settings
from alertd.config import servertls
from alertd.config.watching import Stamp, stamp
from alertd.config.webmodels import TlsServerConfig


class Pems:
    """The certificate that new connections are shown. Raises OSError or ValueError if there is none to begin with."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._seen = self._now()
        self._current = _usable(settings.toolkit.tls_server_config)

    def refresh(self) -> None:
        """Take another one, if there is. One that cannot be used changes nothing, and is complained of."""
        config, now = self._settings.toolkit.tls_server_config, self._now()
        if not config.enabled or now == self._seen:
            return
        self._seen = now
        try:
            self._current = _usable(config)
        except (OSError, ValueError) as problem:
            self._settings.complain("gRPC's TLS certificate cannot be used, its last good version is", str(problem))

    def credentials(self) -> grpc.ServerCredentials:
        """For the server. Whether clients must show a certificate is settled with that."""
        must = self._settings.toolkit.tls_server_config.client_auth_type == servertls.REQUIRED
        return grpc.dynamic_ssl_server_credentials(self._current, lambda: self._current, must)

    def _now(self) -> tuple[TlsServerConfig, Stamp]:
        config = self._settings.toolkit.tls_server_config
        return config, stamp(servertls.files(config).values())


def _usable(config: TlsServerConfig) -> grpc.ServerCertificateConfiguration:
    texts = servertls.inlined(config)
    servertls.server_context(texts)  # the library would say what is wrong only to those who connect, and not what
    pair = texts.key.get_secret_value().encode(), texts.cert.encode()
    return grpc.ssl_server_certificate_configuration([pair], texts.client_ca.encode() or None)
