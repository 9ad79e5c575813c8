"""One server's client: every request has one deadline, and its answer one bound."""

import asyncio
import ssl
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from alertd.config.confidential import hide, shapes
from alertd.config.http import HttpConfig, OAuth2
from alertd.http.bodies import read
from alertd.http.credentials import Credentials, read_secret
from alertd.http.envelopes import Envelope
from alertd.http.faults import HttpError, explain
from alertd.http.proxies import ByEnvironment, passes_by, proxy
from alertd.http.spans import answered, requesting
from alertd.http.tls import tls_context
from alertd.http.transport import Direct
from alertd.http.ways import LIMITS, Ways
from alertd.ports import UNTRACED, Clock, Tracer

_LONGEST_WAIT = timedelta(days=1)
_MOST_REDIRECTS = 10
_MOST_OF_A_TOKEN = 1 << 20  # bytes of a token server's answer
_TOKEN_TIMEOUT = 60.0  # seconds; the deadline of the request that needs the token is nearer, as a rule
_PRIVATE = frozenset(("authorization", "cookie"))


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Call:
    """What to send where. `own`: the headers that only the configured server may see."""

    method: str
    url: str
    headers: Mapping[str, str]
    own: Mapping[str, str]
    body: bytes


class Client:
    """`connections` bounds what is under way at once; `compressed` asks for compressed answers.

    A redirect is followed only where the configuration says so in as many words, and then with the same method and
    body: a message that arrives as an empty GET would be lost in silence. `shows`: its paths are no secrets.
    """

    def __init__(
        self,
        config: HttpConfig,
        clock: Clock,
        *,
        connections: int = 8,
        compressed: bool = True,
        tracer: Tracer = UNTRACED,
        shows: bool = False,
    ) -> None:
        through = proxy(config)
        context = tls_context(config.tls_config)
        self._direct = Ways(partial(_connections, config, context))
        self._through = Ways(partial(_connections, config, context, through)) if through else None
        self._envelope = Envelope({"Accept-Encoding": "gzip" if compressed else "identity"})
        self._tracer, self._shows = tracer, shows
        self._config, self._room = config, asyncio.Semaphore(connections)
        self._follows = "follow_redirects" in config.model_fields_set and config.follow_redirects
        self._tokens = _to_tokens(config.oauth2, clock, tracer) if config.oauth2 else None
        self._credentials = Credentials(config, self._post_for_token, clock)
        self._own: Mapping[str, str] = {}
        self._on_the_way = tuple(_passes(config))
        self._shown = shapes(self._on_the_way)

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes, timeout: float, most: int
    ) -> Reply:
        """Send and read the whole answer, at most `most` bytes in `timeout` seconds. Raises HttpError."""
        async with self._room:
            try:
                async with asyncio.timeout(timeout):
                    own = {**self._extra_headers(), **await self._credentials.header()}
                    self._remember(own)
                    return await self._follow(_Call(method, url, headers, own, body), most)
            except TimeoutError:
                raise HttpError("timeout", f"no complete answer within {timeout:g} s") from None
            except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as problem:
                raise explain(problem) from None

    def hide(self, text: str) -> str:
        """What a server said, without the credentials that it was shown: one that refuses often repeats them."""
        return hide(text, self._shown)

    async def aclose(self) -> None:
        """Close all connections."""
        for one in (self._direct, self._through, self._tokens):
            if one:
                await one.aclose()

    def _remember(self, own: Mapping[str, str]) -> None:
        if own != self._own:
            self._own, self._shown = own, shapes([*_proofs(own), *self._on_the_way])

    async def _follow(self, call: _Call, most: int) -> Reply:
        for _ in range(_MOST_REDIRECTS + 1):
            reply = await self._exchange(call, most)
            location = reply.headers.get("location", "")
            if reply.status == 401:
                self._credentials.refused()
            if not (self._follows and location and reply.status in (301, 302, 303, 307, 308)):
                return reply
            call = _redirected(call, location, reply.status)
        raise HttpError("broken", f"the server redirects in circles, more than {_MOST_REDIRECTS} times")

    async def _exchange(self, call: _Call, most: int) -> Reply:
        ways = self._through if self._through and not passes_by(call.url, self._config.no_proxy) else self._direct
        with requesting(self._tracer, call.method, call.url, shows=self._shows) as span:
            headers = {**self._tracer.headers(), **call.headers, **call.own}
            reply = await self._ask(ways, self._envelope.request(call.method, call.url, headers, call.body), most)
            answered(span, reply.status)
            return reply

    async def _ask(self, ways: Ways, request: httpx.Request, most: int) -> Reply:
        async with ways.one() as way:
            answer = await way.handle_async_request(request)
            try:
                return Reply(answer.status_code, dict(answer.headers.items()), await read(answer, most))
            finally:
                await answer.aclose()

    def _extra_headers(self) -> Mapping[str, str]:
        return {
            name: ", ".join(
                [*header.values, *(one.get_secret_value() for one in header.secrets), *map(read_secret, header.files)]
            )
            for name, header in self._config.http_headers.items()
        }

    async def _post_for_token(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        assert self._tokens is not None
        try:
            reply = await self._tokens.request(
                "POST", url, headers=headers, body=body, timeout=_TOKEN_TIMEOUT, most=_MOST_OF_A_TOKEN
            )
        except HttpError as error:
            raise HttpError(error.kind, f"oauth2.token_url: {error}") from None
        return reply.status, reply.body


def _passes(config: HttpConfig) -> Iterator[str]:
    """What a proxy is shown."""
    yield from (one.get_secret_value() for values in config.proxy_connect_header.values() for one in values)
    pair = unquote(urlsplit(config.proxy_url).netloc.rpartition("@")[0]) if config.proxy_url else ""
    if pair:
        yield pair.partition(":")[2]


def _proofs(headers: Mapping[str, str]) -> Iterator[str]:
    """What headers show, and the password in the one for a user."""
    for name, value in headers.items():
        yield value
        scheme, _, pair = value.partition(" ")
        if name.lower() == "authorization" and scheme.lower() == "basic":
            with suppress(ValueError):  # it is somebody's own, and whatever they like
                yield b64decode(pair).decode("utf-8", "replace").partition(":")[2]


def _connections(
    config: HttpConfig, context: ssl.SSLContext, through: httpx.Proxy | None = None
) -> httpx.AsyncBaseTransport:
    if config.proxy_from_environment:
        return ByEnvironment(context, LIMITS)
    if through is None:
        return Direct(context)
    return httpx.AsyncHTTPTransport(verify=context, limits=LIMITS, proxy=through, trust_env=False)


def _to_tokens(config: OAuth2, clock: Clock, tracer: Tracer) -> Client:
    own = HttpConfig(
        tls_config=config.tls_config,
        proxy_url=config.proxy_url,
        no_proxy=config.no_proxy,
        proxy_from_environment=config.proxy_from_environment,
        proxy_connect_header=config.proxy_connect_header,
    )
    return Client(own, clock, connections=1, tracer=tracer)


def _redirected(call: _Call, location: str, status: int) -> _Call:
    """The same again at another address; credentials go along to the same host only, and never from TLS to none."""
    url = urljoin(call.url, location)
    before, after = urlsplit(call.url), urlsplit(url)
    if before.hostname != after.hostname or (before.scheme, after.scheme) == ("https", "http"):
        public = {name: value for name, value in call.headers.items() if name.lower() not in _PRIVATE}
        call = replace(call, headers=public, own={})
    return replace(call, url=url, method="GET", body=b"") if status == 303 else replace(call, url=url)


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
