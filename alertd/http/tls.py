"""TLS as a client: whom to trust, what to show, and as which host the server must prove itself."""

import ssl
import warnings
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Self

from alertd.config.http import TlsConfig

_VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
_OLD = frozenset(("TLS10", "TLS11"))
_Stamps = tuple[tuple[int, int, int], ...]


class _Current(ssl.SSLContext):
    """A context that looks for every connection whether its files have changed: certificates are renewed while we run.

    Nothing is asked of it but `wrap_bio`, by which asyncio and anyio begin TLS; `server_name` takes effect there too.
    """

    def __new__(cls, config: TlsConfig) -> Self:  # noqa: ARG004 - for __init__
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self, config: TlsConfig) -> None:
        self._config = config
        self._protocols: tuple[str, ...] = ()
        self._now()

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        self._protocols = tuple(alpn_protocols)

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - the standard library's signature
        server_hostname: str | bytes | None = None,
        session: Any = None,
    ) -> ssl.SSLObject:
        name = self._config.server_name or server_hostname
        return self._now().wrap_bio(incoming, outgoing, server_side, name, session)

    def _now(self) -> ssl.SSLContext:
        return _context(self._config, self._protocols, _stamps(self._config))


def tls_context(config: TlsConfig) -> ssl.SSLContext:
    """The TLS settings of a client. Raises OSError (SSLError is one) if its files cannot be read or used."""
    return _Current(config)


def _stamps(config: TlsConfig) -> _Stamps:
    files = [Path(name).stat() for name in (config.ca_file, config.cert_file, config.key_file) if name]
    return tuple((one.st_mtime_ns, one.st_size, one.st_ino) for one in files)


@lru_cache(maxsize=64)  # each costs tens of milliseconds
def _context(config: TlsConfig, protocols: tuple[str, ...], _: _Stamps) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=config.ca_file or None, cadata=config.ca or None)
    if config.insecure_skip_verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _limit_versions(context, config)
    _load_certificate(context, config)
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


def _limit_versions(context: ssl.SSLContext, config: TlsConfig) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # who writes TLS10 knows that it is old
        if config.min_version:
            context.minimum_version = _VERSIONS[config.min_version]
        if config.max_version:
            context.maximum_version = _VERSIONS[config.max_version]
    if _OLD & {config.min_version, config.max_version}:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # OpenSSL 3 speaks the old versions at no other level


def _load_certificate(context: ssl.SSLContext, config: TlsConfig) -> None:
    with NamedTemporaryFile("w", suffix=".pem") as chain:  # the standard library reads certificates from files only
        chain.write(f"{config.cert}\n{config.key.get_secret_value()}\n")
        chain.flush()
        if config.cert_file or config.cert:
            own_key = chain.name if config.key.get_secret_value() else None
            context.load_cert_chain(config.cert_file or chain.name, config.key_file or own_key)
