"""How HTTP clients are built and how answers are read: bounded in time and size, and silent about secrets."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from tempfile import NamedTemporaryFile

import httpx
from pydantic import SecretStr

from alertd.config.http import BasicAuth, HttpConfig, OAuth2, TlsConfig
from alertd.errors import AlertdError
from alertd.ports import Clock

_TOKEN_MARGIN = timedelta(seconds=30)
_TOKEN_LIFE = timedelta(minutes=5)  # where the server does not say
_LONGEST_WAIT = timedelta(days=1)
_VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}


class HttpError(AlertdError):
    """No usable answer. `kind` is one of unreachable, timeout, tls, too_large, broken."""

    def __init__(self, kind: str, message: str) -> None:
        self.kind = kind
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Client:
    """One server's client. `connections` bounds what is under way at once.

    A redirect is followed only where the configuration says so in as many words: a POST that is redirected becomes a
    GET, and a message would be lost in silence.
    """

    def __init__(self, config: HttpConfig, clock: Clock, *, connections: int = 8, compressed: bool = True) -> None:
        encodings = {} if compressed else {"Accept-Encoding": "identity"}
        self._client = httpx.AsyncClient(
            verify=tls_context(config.tls_config),
            headers=encodings,
            proxy=config.proxy_url,
            trust_env=config.proxy_from_environment,
            follow_redirects="follow_redirects" in config.model_fields_set and config.follow_redirects,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        )
        self._config, self._room = config, asyncio.Semaphore(connections)
        self._credentials = Credentials(config, clock)

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes, timeout: float, most: int
    ) -> Reply:
        """Send and read the whole answer, at most `most` bytes in `timeout` seconds. Raises HttpError."""
        async with self._room:
            try:
                async with asyncio.timeout(timeout):
                    own = {**self._extra_headers(), **await self._credentials.header(self._client)}
                    return await self._exchange(method, url, {**headers, **own}, body, timeout, most)
            except TimeoutError:
                raise HttpError("timeout", f"no complete answer within {timeout:g} s") from None
            except (httpx.HTTPError, httpx.InvalidURL, OSError) as problem:
                raise _explain(problem) from None

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: float, most: int
    ) -> Reply:
        async with self._client.stream(method, url, headers=headers, content=body, timeout=timeout) as answer:
            received = await _read(answer.aiter_bytes(), most)
            return Reply(answer.status_code, dict(answer.headers), received)

    def _extra_headers(self) -> Mapping[str, str]:
        return {
            name: ", ".join(
                [*header.values, *(one.get_secret_value() for one in header.secrets), *map(read_secret, header.files)]
            )
            for name, header in self._config.http_headers.items()
        }


async def _read(chunks: AsyncIterator[bytes], most: int) -> bytes:
    parts, size = [], 0
    async for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise HttpError("too_large", f"the answer is larger than {most} bytes")
        parts.append(chunk)
    return b"".join(parts)


def read_secret(path: str) -> str:
    """The content of a secret's file, read anew each time so that a rotation needs no reload. Raises OSError."""
    return Path(path).read_text(encoding="utf-8").strip()


def tls_context(config: TlsConfig) -> ssl.SSLContext:
    """The TLS settings of a client; contexts are shared, because each costs tens of milliseconds."""
    return _tls_context(config)


@lru_cache(maxsize=64)
def _tls_context(config: TlsConfig) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=config.ca_file or None, cadata=config.ca or None)
    if config.insecure_skip_verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if config.min_version:
        context.minimum_version = _VERSIONS[config.min_version]
    if config.max_version:
        context.maximum_version = _VERSIONS[config.max_version]
    _load_certificate(context, config)
    return context


def _load_certificate(context: ssl.SSLContext, config: TlsConfig) -> None:
    if config.cert_file:
        context.load_cert_chain(config.cert_file, config.key_file or None)
    elif config.cert:
        with NamedTemporaryFile("w", suffix=".pem") as chain:  # the standard library reads certificates from files only
            chain.write(f"{config.cert}\n{config.key.get_secret_value()}\n")
            chain.flush()
            context.load_cert_chain(chain.name)


class Credentials:
    """What proves to a server who asks: the Authorization header, made anew for every request."""

    def __init__(self, config: HttpConfig, clock: Clock) -> None:
        self._config = config
        self._token = Token(config.oauth2, clock) if config.oauth2 else None

    async def header(self, client: httpx.AsyncClient) -> Mapping[str, str]:
        """The header, or none. Raises OSError if a secret's file cannot be read, HttpError if no token can be had."""
        config = self._config
        if config.basic_auth:
            return {"Authorization": _basic(config.basic_auth)}
        if self._token:
            return {"Authorization": f"Bearer {await self._token.get(client)}"}
        if config.authorization:
            header = config.authorization
            return {"Authorization": f"{header.type.strip()} {secret(header.credentials, header.credentials_file)}"}
        if config.bearer_token or config.bearer_token_file:
            return {"Authorization": f"Bearer {secret(config.bearer_token, config.bearer_token_file)}"}
        return {}


class Token:
    """An OAuth2 token by client credentials (RFC 6749 §4.4), kept until shortly before it expires."""

    def __init__(self, config: OAuth2, clock: Clock) -> None:
        self._config, self._clock = config, clock
        self._token, self._until = "", clock.now()
        self._asking = asyncio.Lock()

    async def get(self, client: httpx.AsyncClient) -> str:
        """The token. Raises HttpError."""
        async with self._asking:
            if self._clock.now() >= self._until:
                await self._fetch(client)
            return self._token

    async def _fetch(self, client: httpx.AsyncClient) -> None:
        config = self._config
        form = {"grant_type": "client_credentials", "scope": " ".join(config.scopes), **config.endpoint_params}
        auth = (config.client_id, secret(config.client_secret, config.client_secret_file))
        answer = await client.post(config.token_url, data={k: v for k, v in form.items() if v}, auth=auth)
        try:
            granted = answer.json()
            self._token = str(granted["access_token"])
            life = timedelta(seconds=float(granted.get("expires_in", _TOKEN_LIFE / timedelta(seconds=1))))
        except (ValueError, KeyError, TypeError):
            raise HttpError("broken", f"the token server answered {answer.status_code}, and no token") from None
        self._until = self._clock.now() + life - _TOKEN_MARGIN


def secret(value: SecretStr | None, path: str) -> str:
    """A secret given in the file, or beside it."""
    if path:
        return read_secret(path)
    return value.get_secret_value() if value else ""


def _basic(config: BasicAuth) -> str:
    user = read_secret(config.username_file) if config.username_file else config.username
    pair = f"{user}:{secret(config.password, config.password_file)}"
    return "Basic " + b64encode(pair.encode()).decode()


def _explain(problem: Exception) -> HttpError:
    """The kind of a failure, in words that hold no URL: an address may be a secret."""
    cause = problem.__cause__ or problem.__context__ or problem
    if "certificate" in str(problem).lower() or isinstance(cause, ssl.SSLError):
        return HttpError("tls", f"TLS: {cause}")
    if isinstance(problem, httpx.ConnectError):
        return HttpError("unreachable", f"cannot connect: {problem}")
    if isinstance(problem, httpx.TimeoutException):
        return HttpError("timeout", "no answer in time")
    if isinstance(problem, (httpx.InvalidURL, httpx.UnsupportedProtocol)):
        return HttpError("broken", "not a usable URL")
    if isinstance(problem, OSError) and problem.filename:
        return HttpError("broken", f"cannot read {problem.filename}: {problem.strerror}")
    return HttpError("unreachable", f"the connection broke: {type(problem).__name__}")


def retry_after(reply: Reply, now: datetime) -> timedelta | None:
    """What `Retry-After` says, in either of its forms, up to a day; None if it says nothing sensible."""
    text = reply.headers.get("retry-after", "").strip()
    if text.isdecimal():
        return min(timedelta(seconds=int(text[:9])), _LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    wait = (at if at.tzinfo else at.replace(tzinfo=UTC)) - now
    return min(max(wait, timedelta(0)), _LONGEST_WAIT)
