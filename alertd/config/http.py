"""Alertmanager's `http_config`: how a client authenticates, verifies and reaches a server."""

import re
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from alertd.config.fields import Flag, Strict, Url

TlsVersion = Literal["TLS10", "TLS11", "TLS12", "TLS13"]
_LEAST_VERSION = "TLS12"  # where none is configured
_NOT_TO_SET = frozenset(
    (
        "authorization", "connection", "content-length", "host", "proxy-authorization",
        "te", "trailer", "transfer-encoding", "upgrade",
    )
)  # fmt: skip
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Section(Strict):
    """A section in which of some keys only one may be given."""

    def one_of(self, *names: str) -> None:
        """At most one of these may be set."""
        given = [name for name in names if getattr(self, name) not in (None, "")]
        if len(given) > 1:
            raise ValueError(f"at most one of {', '.join(names)} may be given")


class ProxyConfig(Section):
    """The way out: through which proxy, and for what not."""

    proxy_url: Url | None = None
    no_proxy: str = ""
    proxy_from_environment: Flag = False
    proxy_connect_header: Mapping[str, tuple[SecretStr, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_proxy(self) -> Self:
        if self.proxy_url and self.proxy_from_environment:
            raise ValueError("give either proxy_url or proxy_from_environment")
        if self.no_proxy and not self.proxy_url:
            raise ValueError("no_proxy needs proxy_url; with proxy_from_environment, NO_PROXY is read")
        if self.proxy_connect_header and not self.proxy_url:
            raise ValueError("proxy_connect_header needs proxy_url")
        return self


class TlsConfig(Section):
    """How a server is verified, and what we show it."""

    ca: str = ""
    ca_file: str = ""
    cert: str = ""
    cert_file: str = ""
    key: SecretStr = SecretStr("")
    key_file: str = ""
    server_name: str = ""
    insecure_skip_verify: Flag = False
    min_version: TlsVersion | None = None
    max_version: TlsVersion | None = None

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        self.one_of("ca", "ca_file")
        self.one_of("cert", "cert_file")
        if self.key.get_secret_value() and self.key_file:
            raise ValueError("at most one of key, key_file may be given")
        if (self.key.get_secret_value() or self.key_file) and not (self.cert or self.cert_file):
            raise ValueError("a key without a certificate: add cert or cert_file")
        if self.max_version and self.max_version < (self.min_version or _LEAST_VERSION):
            raise ValueError(f"max_version is older than min_version ({self.min_version or _LEAST_VERSION})")
        return self


class BasicAuth(Section):
    """A user name and a password."""

    username: str = ""
    username_file: str = ""
    password: SecretStr | None = None
    password_file: str = ""

    @model_validator(mode="after")
    def _one_each(self) -> Self:
        self.one_of("username", "username_file")
        self.one_of("password", "password_file")
        return self


class Authorization(Section):
    """An Authorization header: its type and credentials."""

    type: str = "Bearer"
    credentials: SecretStr | None = None
    credentials_file: str = ""

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.type.strip().lower() == "basic":
            raise ValueError('for type "Basic" use basic_auth')
        self.one_of("credentials", "credentials_file")
        return self


class OAuth2(ProxyConfig):
    """Client credentials exchanged for a token."""

    client_id: str
    client_secret: SecretStr | None = None
    client_secret_file: str = ""
    token_url: Url
    scopes: tuple[str, ...] = ()
    endpoint_params: Mapping[str, str] = Field(default_factory=dict)
    tls_config: TlsConfig = TlsConfig()

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        self.one_of("client_secret", "client_secret_file")
        return self


class Header(Section):
    """The values of one extra header."""

    values: tuple[str, ...] = ()
    secrets: tuple[SecretStr, ...] = ()
    files: tuple[str, ...] = ()


class HttpConfig(ProxyConfig):
    """Alertmanager's `http_config`, key for key."""

    basic_auth: BasicAuth | None = None
    authorization: Authorization | None = None
    oauth2: OAuth2 | None = None
    bearer_token: SecretStr | None = None
    bearer_token_file: str = ""
    tls_config: TlsConfig = TlsConfig()
    follow_redirects: Flag = True
    enable_http2: Flag = True
    http_headers: Mapping[str, Header] = Field(default_factory=dict)

    @field_validator("http_headers")
    @classmethod
    def _can_be_set(cls, headers: Mapping[str, Header]) -> Mapping[str, Header]:
        for name in headers:
            if not _HEADER_NAME.fullmatch(name):
                raise ValueError(f"not the name of a header: {name[:100]!r}")
            if name.lower() in _NOT_TO_SET:
                raise ValueError(f"the header {name} is not to be set here (credentials have keys of their own)")
        return headers

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        ways = [
            name
            for name in ("basic_auth", "authorization", "oauth2", "bearer_token", "bearer_token_file")
            if getattr(self, name) not in (None, "")
        ]
        if len(ways) > 1:
            raise ValueError(f"only one way to authenticate may be given, not {' and '.join(ways)}")
        return self
