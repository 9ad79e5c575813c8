"""Who is served over HTTP, and how: the keys of the web configuration that Prometheus' programs share, and ours."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from alertd.config.fields import Duration, Flag, Integer, PositiveDuration, Size, Strict, Text
from alertd.config.http import Section, TlsVersion

ClientAuth = Literal[
    "NoClientCert", "RequestClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert",
    "RequireAnyClientCert", "RequireClientCert",
]  # fmt: skip
_UNVERIFIED = ("RequireAnyClientCert", "RequireClientCert")
_CURVES = ("CurveP256", "CurveP384", "CurveP521", "X25519", "X25519MLKEM768")
_ECDHE = {
    "128_CBC_SHA": "AES128-SHA",
    "256_CBC_SHA": "AES256-SHA",
    "128_GCM_SHA256": "AES128-GCM-SHA256",
    "256_GCM_SHA384": "AES256-GCM-SHA384",
}
# Go's names, and OpenSSL's. Those of TLS 1.3 cannot be chosen, there as here.
CIPHERS: Mapping[str, str] = {
    **dict.fromkeys(("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"), ""),
    **{f"TLS_RSA_WITH_AES_{go}": ours for go, ours in _ECDHE.items()},
    **{f"TLS_ECDHE_{by}_WITH_AES_{go}": f"ECDHE-{by}-{ours}" for by in ("RSA", "ECDSA") for go, ours in _ECDHE.items()},
    **{f"TLS_ECDHE_{by}_WITH_CHACHA20_POLY1305_SHA256": f"ECDHE-{by}-CHACHA20-POLY1305" for by in ("RSA", "ECDSA")},
}
# The headers that may be set, and the values that those of them may have which are no free text.
_HEADERS: Mapping[str, tuple[str, ...]] = {
    "Strict-Transport-Security": (),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": (),
    "Content-Security-Policy": (),
}
_BCRYPT = re.compile(r"\$2[abxy]?\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}", re.ASCII)


class TlsServerConfig(Section):
    """TLS as a server. Without any of the first seven keys, HTTP is served in clear."""

    cert: str = Field(default="", description="The certificate, and those that signed it; PEM.")
    cert_file: str = Field(default="", description="A file that holds it.")
    key: SecretStr = Field(default=SecretStr(""), description="Its key; PEM.")
    key_file: str = Field(default="", description="A file that holds it.")
    client_ca: str = Field(default="", description="Who signs certificates of clients; PEM.")
    client_ca_file: str = Field(default="", description="A file that holds it.")
    client_auth_type: ClientAuth | None = Field(default=None, description="Whether clients must show a certificate.")
    client_allowed_sans: tuple[Text, ...] = Field(default=(), description="Names of which a client must have one.")
    min_version: TlsVersion = Field(default="TLS12", description="The oldest version spoken.")
    max_version: TlsVersion = Field(default="TLS13", description="The newest version spoken.")
    cipher_suites: tuple[str, ...] = Field(default=(), description="Go's names of ciphers, for TLS 1.2 and older.")
    curve_preferences: tuple[str, ...] = Field(default=(), description="Checked; OpenSSL chooses the curve itself.")
    prefer_server_cipher_suites: Flag = Field(default=True, description="The order of cipher_suites counts.")

    @property
    def enabled(self) -> bool:
        """Whether TLS is spoken at all."""
        files = (self.cert, self.cert_file, self.key_file, self.client_ca, self.client_ca_file)
        return any(files) or bool(self.key.get_secret_value()) or self.client_auth_type is not None

    @field_validator("cipher_suites")
    @classmethod
    def _known_ciphers(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in CIPHERS:
                raise ValueError(f"no cipher that OpenSSL has: {name[:100]!r} (write Go's names: {', '.join(CIPHERS)})")
        return names

    @field_validator("curve_preferences")
    @classmethod
    def _known_curves(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in _CURVES:
                raise ValueError(f"no curve: {name[:100]!r} (there is: {', '.join(_CURVES)})")
        return names

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        self.one_of("cert", "cert_file")
        self.one_of("client_ca", "client_ca_file")
        if self.key.get_secret_value() and self.key_file:
            raise ValueError("at most one of key, key_file may be given")
        if self.enabled and not (self.cert or self.cert_file):
            raise ValueError("TLS needs a certificate: add cert_file")
        if self.enabled and not (self.key.get_secret_value() or self.key_file):
            raise ValueError("TLS needs the key of the certificate: add key_file")
        if self.max_version < self.min_version:
            raise ValueError(f"max_version is older than min_version ({self.min_version})")
        return self

    @model_validator(mode="after")
    def _clients(self) -> Self:
        if self.client_auth_type in _UNVERIFIED:
            raise ValueError(
                f"client_auth_type {self.client_auth_type} takes any certificate unverified, which alertd cannot do: "
                "write RequireAndVerifyClientCert, with client_ca_file"
            )
        if (self.client_ca or self.client_ca_file) and self.client_auth_type in (None, "NoClientCert"):
            raise ValueError("client_ca_file needs client_auth_type: RequireAndVerifyClientCert")
        if self.client_allowed_sans and self.client_auth_type != "RequireAndVerifyClientCert":
            raise ValueError("client_allowed_sans needs client_auth_type: RequireAndVerifyClientCert")
        return self


class HttpServerConfig(Strict):
    """How HTTP is answered."""

    http2: Flag = Field(default=True, description="Accepted; HTTP/1.1 is spoken.")
    headers: Mapping[str, str] = Field(default_factory=dict, description="Headers of all answers.")

    @field_validator("headers")
    @classmethod
    def _may_be_set(cls, headers: Mapping[str, str]) -> Mapping[str, str]:
        for name, value in headers.items():
            if name not in _HEADERS:
                raise ValueError(f"not a header to set here: {name[:100]!r} (there is: {', '.join(_HEADERS)})")
            if value and _HEADERS[name] and value not in _HEADERS[name]:
                raise ValueError(f"{name} must be {' or '.join(_HEADERS[name])}")
            if not value.isascii() or not value.isprintable():
                raise ValueError(f"{name} has a character that no header may have")
        return headers


class RateLimit(Strict):
    """How often requests are served: one an interval, and at most `burst` at once."""

    interval: Duration = Field(default=timedelta(0), description="The time for one request; 0s: no limit.")
    burst: Integer = Field(default=0, ge=0, le=1_000_000, description="How many may come at once.")

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.interval and not self.burst:
            raise ValueError("with a burst of 0 nothing would be served: add burst")
        return self


class WebConfigFile(Strict):
    """The file that `--web.config.file` names."""

    tls_server_config: TlsServerConfig = Field(default=TlsServerConfig(), description="TLS.")
    http_server_config: HttpServerConfig = Field(default=HttpServerConfig(), description="Headers of answers.")
    basic_auth_users: Mapping[str, SecretStr] = Field(
        default_factory=dict, description="Users and the bcrypt hashes of their passwords; they may do everything."
    )
    rate_limit: RateLimit = Field(default=RateLimit(), description="How often requests are served.")

    @field_validator("basic_auth_users")
    @classmethod
    def _hashes(cls, users: Mapping[str, SecretStr]) -> Mapping[str, SecretStr]:
        for name, value in users.items():
            if not _BCRYPT.fullmatch(value.get_secret_value()):
                raise ValueError(f"the password of {name[:100]!r} is no bcrypt hash: make one with `htpasswd -nBC 10`")
            if ":" in name:
                raise ValueError(f"a user name with a colon can never log in: {name[:100]!r}")
        return users


class TokenEntry(Section):
    """A bearer token, and what it opens."""

    name: Text = Field(default="", description="What the log calls it.")
    token: SecretStr | None = Field(default=None, description="The token.")
    token_file: str = Field(default="", description="A file that holds it, read for every request.")
    access: Literal["read", "full"] = Field(default="read", description="read: only GET. full: everything.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        self.one_of("token", "token_file")
        if not (self.token_file or (self.token and self.token.get_secret_value().strip())):
            raise ValueError("a token needs token or token_file")
        return self


class LimitsEntry(Strict):
    """What one client, and all of them, may ask of alertd."""

    max_body_bytes: Size = Field(default=32 << 20, description="The largest request.")
    max_header_bytes: Size = Field(default=64 << 10, description="The longest URL and headers.")
    max_connections: Integer = Field(default=512, ge=1, le=100_000, description="Open at once.")
    max_requests: Integer = Field(default=256, ge=1, le=100_000, description="Served at once.")
    header_timeout: PositiveDuration = Field(
        default=timedelta(seconds=10), description="How long a client may take for its URL and headers."
    )
    body_timeout: PositiveDuration = Field(
        default=timedelta(seconds=30), description="How long it may take for a body, or to read an answer on."
    )
    idle_timeout: PositiveDuration = Field(
        default=timedelta(minutes=2), description="How long a connection stays open between requests."
    )


class WebSettings(WebConfigFile):
    """The part of `web` that says who is served, and how."""

    config_file: str = Field(default="", description="A file with the first four of these keys, read on every request.")
    tokens: tuple[TokenEntry, ...] = Field(default=(), description="Bearer tokens.")
    anonymous: Literal["none", "health", "read"] | None = Field(
        default=None,
        description="What those may do who show nothing: by default everything, or nothing once there "
        "are users or tokens.",
    )
    limits: LimitsEntry = Field(default=LimitsEntry(), description="What a client may ask of alertd.")
