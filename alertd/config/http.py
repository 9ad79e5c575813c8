"""Alertmanager's `http_config`: how a client authenticates, verifies and reaches a server."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from alertd.config.fields import Flag, Strict, Url

TlsVersion = Literal["TLS10", "TLS11", "TLS12", "TLS13"]


class Section(Strict):
    """A section in which of some keys only one may be given."""

    def one_of(self, *names: str) -> None:
        """At most one of these may be set."""
        given = [name for name in names if getattr(self, name) not in (None, "")]
        if len(given) > 1:
            raise ValueError(f"at most one of {', '.join(names)} may be given")


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


class OAuth2(Section):
    """Client credentials exchanged for a token."""

    client_id: str
    client_secret: SecretStr | None = None
    client_secret_file: str = ""
    token_url: Url
    scopes: tuple[str, ...] = ()
    endpoint_params: Mapping[str, str] = Field(default_factory=dict)
    tls_config: TlsConfig = TlsConfig()
    proxy_url: Url | None = None
    no_proxy: str = ""
    proxy_from_environment: Flag = False
    proxy_connect_header: Mapping[str, tuple[SecretStr, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        self.one_of("client_secret", "client_secret_file")
        return self


class Header(Section):
    """The values of one extra header."""

    values: tuple[str, ...] = ()
    secrets: tuple[SecretStr, ...] = ()
    files: tuple[str, ...] = ()


class HttpConfig(Section):
    """Alertmanager's `http_config`, key for key."""

    basic_auth: BasicAuth | None = None
    authorization: Authorization | None = None
    oauth2: OAuth2 | None = None
    bearer_token: SecretStr | None = None
    bearer_token_file: str = ""
    tls_config: TlsConfig = TlsConfig()
    proxy_url: Url | None = None
    no_proxy: str = ""
    proxy_from_environment: Flag = False
    proxy_connect_header: Mapping[str, tuple[SecretStr, ...]] = Field(default_factory=dict)
    follow_redirects: Flag = True
    enable_http2: Flag = True
    http_headers: Mapping[str, Header] = Field(default_factory=dict)

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
