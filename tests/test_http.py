"""The HTTP client: TLS as configured, secrets as their files are now, redirects, proxies, and words for failures."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import hypothesis
import pytest
import trustme
from hypothesis import strategies as st
from pydantic import ValidationError

from alertd.config.http import HttpConfig
from alertd.http import Client, HttpError, Reply, form, retry_after
from alertd.testing import START, ManualClock
from tests.servers import HttpServer, Request, answer, http_server, raw, silence

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server() -> AsyncIterator[HttpServer]:
    async with http_server() as one:
        yield one


@asynccontextmanager
async def client(clock: ManualClock | None = None, **config: Any) -> AsyncIterator[Client]:
    one = Client(HttpConfig.model_validate(config), clock or ManualClock())
    try:
        yield one
    finally:
        await one.aclose()


async def send(one: Client, url: str, timeout: float = 10, headers: Mapping[str, str] | None = None) -> Reply:
    return await one.request("POST", url, headers=headers or {}, body=b"said", timeout=timeout, most=10_000)


async def fetch(url: str, **config: Any) -> Reply:
    async with client(**config) as one:
        return await send(one, url)


async def refused(url: str, timeout: float = 10, **config: Any) -> HttpError:
    async with client(**config) as one:
        with pytest.raises(HttpError) as caught:
            await send(one, url, timeout)
    assert "hush" not in str(caught.value)
    return caught.value


# What goes wrong, in words


async def test_words_of_what_goes_wrong(server: HttpServer) -> None:
    async with http_server() as gone:
        nobody = gone.url
    server.script = [silence, raw(b""), raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhush"), raw(b"hush\r\n\r\n")]
    said = [str(await refused(f"{server.url}/hush?hush", timeout=0.1)) for _ in range(4)]
    said += [str(await refused(f"{url}/hush?hush")) for url in (nobody, "http://no.invalid", "http://h:x/hush", "hush")]
    assert said[:4] == [
        "no complete answer within 0.1 s",
        "the server ended the connection before its answer was complete",
        "the server ended the connection before its answer was complete",
        "what the server sends is not HTTP: is the port right?",
    ]
    assert said[4] == "cannot connect: nothing listens there (connection refused)"
    assert said[5].startswith("cannot connect: the host is not known (")
    assert said[6:] == ["not a usable URL"] * 2


async def test_kinds_of_what_goes_wrong(server: HttpServer) -> None:
    server.script = [silence, raw(b""), answer(200, b"x" * 10_001)]
    kinds = [(await refused(server.url, timeout=0.1)).kind for _ in range(3)]
    assert kinds == ["timeout", "unreachable", "too_large"]
    assert (await refused("hush")).kind == "broken"


# Credentials


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, None),
        ({"basic_auth": {"username": "u", "password": "pä:ss"}}, "Basic dTpww6Q6c3M="),
        ({"basic_auth": {"username": "u"}}, "Basic dTo="),
        ({"bearer_token": "t"}, "Bearer t"),
        ({"authorization": {"credentials": "t"}}, "Bearer t"),
        ({"authorization": {"type": "Token", "credentials": "t"}}, "Token t"),
        ({"http_headers": {"X-Plan": {"values": ["Basic support"]}}}, None),
    ],
)  # fmt: skip
async def test_credentials(server: HttpServer, config: dict[str, Any], expected: str | None) -> None:
    await fetch(server.url, **config)
    assert server.requests[0].headers.get("authorization") == expected


async def test_secrets_in_files_are_those_of_now(server: HttpServer, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    configs = [
        {"basic_auth": {"username_file": str(path), "password_file": str(path)}},
        {"bearer_token_file": str(path)},
        {"authorization": {"credentials_file": str(path)}},
        {"http_headers": {"X-Key": {"values": ["v"], "secrets": ["s"], "files": [str(path)]}}},
    ]
    for config in configs:
        async with client(**config) as one:
            for text in ("old\n", "new"):
                path.write_text(text)
                await send(one, server.url)
    sent = [request.headers.get("authorization") or request.headers["x-key"] for request in server.requests]
    assert sent == [
        "Basic b2xkOm9sZA==", "Basic bmV3Om5ldw==", "Bearer old", "Bearer new", "Bearer old", "Bearer new",
        "v, s, old", "v, s, new",
    ]  # fmt: skip


async def test_a_secret_that_cannot_be_read_or_sent(server: HttpServer, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    error = await refused(server.url, bearer_token_file=str(path))
    assert (error.kind, str(error)) == ("broken", f"cannot read {path}: No such file or directory")
    for content in (b"hush\xff", b"hush\r\nX-Evil: 1", "hüsh".encode(), b"hush\0"):
        path.write_bytes(content)
        for config in ({"bearer_token_file": str(path)}, {"http_headers": {"X-Key": {"files": [str(path)]}}}):
            error = await refused(server.url, **config)
            assert (error.kind, "hüsh" in str(error)) == ("broken", False)
    assert server.requests == []


def test_secrets_do_not_show() -> None:
    config = HttpConfig.model_validate(
        {
            "basic_auth": {"username": "u", "password": "hush"},
            "tls_config": {"cert": "c", "key": "hush"},
            "http_headers": {"X": {"secrets": ["hush"]}},
            "proxy_url": "http://proxy",
            "proxy_connect_header": {"X": ["hush"]},
        }
    )
    shown = repr(config) + repr(Client(HttpConfig(bearer_token="hush"), ManualClock()))
    assert "hush" not in shown
    for broken in ({"bearer_token": ["hush"]}, {"oauth2": {"client_secret": "hush"}}, {"basic_auth": {"pass": "hush"}}):
        with pytest.raises(ValidationError) as caught:
            HttpConfig.model_validate(broken)
        assert "hush" not in str(caught.value)


async def test_a_user_in_the_url(server: HttpServer) -> None:
    await fetch(server.url.replace("//", "//ann:hu%40sh@"), bearer_token="other")
    assert server.requests[0].headers["authorization"] == "Basic " + base64.b64encode(b"ann:hu@sh").decode()


async def test_a_header_of_ones_own_in_place_of_the_usual(server: HttpServer) -> None:
    async with client() as one:
        for agent in ("mine", "mine", "other"):
            await send(one, server.url, headers={"user-agent": agent})
        await send(one, server.url)
    assert [request.headers["user-agent"][:5] for request in server.requests] == ["mine", "mine", "other", "pytho"]


@hypothesis.given(st.dictionaries(st.text(), st.text()), st.text('a=&+% ~/\n"é', min_size=200))
def test_forms_are_those_of_the_standard_library(fields: dict[str, str], long: str) -> None:
    assert form({**fields, "long": long}) == urlencode({**fields, "long": long}).encode()


async def test_no_cookies_are_kept(server: HttpServer) -> None:
    server.otherwise = answer(200, Set_Cookie="a=b; Path=/")
    async with client() as one:
        await send(one, server.url)
        await send(one, server.url)
    assert "cookie" not in server.requests[1].headers


# OAuth2


class TokenServer:
    """Grants `token-1`, `token-2`, …; `says` goes on top of what it says."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.says: dict[str, Any] = {"expires_in": 100}

    async def serve(self, request: Request, writer: asyncio.StreamWriter) -> None:
        self.asked.append(request)
        granted = {"access_token": f"token-{len(self.asked)}", "token_type": "Bearer", **self.says}
        await answer(200, json.dumps(granted).encode())(request, writer)


@dataclass
class Tokens:
    """A server of tokens and its URL."""

    server: HttpServer
    granted: TokenServer

    @property
    def config(self) -> dict[str, Any]:
        return {"oauth2": {"client_id": "me&you", "client_secret": "hush:+", "token_url": f"{self.server.url}/token"}}


@pytest.fixture
async def tokens() -> AsyncIterator[Tokens]:
    async with http_server() as one:
        granting = TokenServer()
        one.otherwise = granting.serve
        yield Tokens(one, granting)


def bearers(server: HttpServer) -> list[str]:
    return [request.headers["authorization"] for request in server.requests]


async def test_a_token_is_asked_for_once_and_again_when_it_is_over(server: HttpServer, tokens: Tokens) -> None:
    clock = ManualClock()
    async with client(clock, **tokens.config) as one:
        await asyncio.gather(*(send(one, server.url) for _ in range(5)))
        clock.advance(timedelta(seconds=71))
        await send(one, server.url)
    assert sorted(bearers(server)) == ["Bearer token-1"] * 5 + ["Bearer token-2"]
    request = tokens.granted.asked[0]
    assert parse_qs(request.body.decode()) == {"grant_type": ["client_credentials"]}
    assert base64.b64decode(request.headers["authorization"].removeprefix("Basic ")) == b"me%26you:hush%3A%2B"


async def test_scopes_and_parameters(server: HttpServer, tokens: Tokens) -> None:
    more = {**tokens.config["oauth2"], "scopes": ["a", "b"], "endpoint_params": {"audience": "x"}}
    await fetch(server.url, oauth2=more)
    assert parse_qs(tokens.granted.asked[0].body.decode()) == {
        "grant_type": ["client_credentials"], "scope": ["a b"], "audience": ["x"],
    }  # fmt: skip


async def test_a_token_that_is_refused_is_not_kept(server: HttpServer, tokens: Tokens) -> None:
    server.script = [answer(401)]
    async with client(**tokens.config) as one:
        assert (await send(one, server.url)).status == 401
        assert (await send(one, server.url)).status == 200
    assert bearers(server) == ["Bearer token-1", "Bearer token-2"]


@pytest.mark.parametrize("life", [None, 0, -1, "60", 1e300, "inf"])
async def test_whatever_a_token_lives(server: HttpServer, tokens: Tokens, life: Any) -> None:
    tokens.granted.says = {"expires_in": life}
    await fetch(server.url, **tokens.config)
    assert bearers(server) == ["Bearer token-1"]


@pytest.mark.parametrize(
    "says",
    [{"access_token": None}, {"access_token": ["hush"]}, {"access_token": ""}, {"expires_in": "hush"},
     {"expires_in": "nan"}, {"expires_in": [1]}],
)  # fmt: skip
async def test_a_token_that_is_none(server: HttpServer, tokens: Tokens, says: dict[str, Any]) -> None:
    tokens.granted.says = says
    error = await refused(server.url, **tokens.config)
    assert str(error) == "the server of oauth2.token_url answered 200, and no token"
    assert server.requests == []


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (answer(401, b"hush"), "oauth2.token_url answered 401"), (answer(302, Location="/hush"), "answered 302"),
        (answer(200, b"<hush>"), "answered 200"), (answer(200, b"[" * 99_999), "answered 200"),
        (answer(200, b"x" * (2 << 20)), "oauth2.token_url: the answer is larger"),
        (raw(b""), "oauth2.token_url: the server ended the connection"),
    ],
)  # fmt: skip
async def test_a_token_server_at_its_worst(server: HttpServer, tokens: Tokens, behaviour: Any, words: str) -> None:
    tokens.server.otherwise = behaviour
    assert words in str(await refused(server.url, **tokens.config))


async def test_a_token_server_that_never_answers(server: HttpServer, tokens: Tokens) -> None:
    tokens.server.otherwise = silence
    assert (await refused(server.url, timeout=0.1, **tokens.config)).kind == "timeout"


# Redirects


async def test_a_redirect_is_an_answer(server: HttpServer) -> None:
    server.otherwise = answer(301, Location="/there")
    for config in ({}, {"follow_redirects": False}):
        reply = await fetch(server.url, **config)
        assert (reply.status, reply.headers["location"]) == (301, "/there")
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("status", "method"), [(301, "POST"), (302, "POST"), (307, "POST"), (308, "POST"), (303, "GET")]
)
async def test_a_redirect_that_is_followed_loses_nothing(server: HttpServer, status: int, method: str) -> None:
    server.script = [answer(status, Location="/there?x=1")]
    reply = await fetch(f"{server.url}/here", follow_redirects=True, bearer_token="t")
    assert reply.status == 200
    second = server.requests[1]
    assert (second.method, second.path, second.headers["authorization"]) == (method, "/there?x=1", "Bearer t")
    assert second.body == (b"said" if method == "POST" else b"")


async def test_circles_end(server: HttpServer) -> None:
    server.otherwise = answer(307, Location="/")
    assert "in circles" in str(await refused(server.url, follow_redirects=True))
    assert len(server.requests) == 11


@pytest.mark.parametrize("location", ["http://[hush", "ftp://hush/", "http://hush:hush/", "//", "http://"])
async def test_a_redirect_to_nowhere(server: HttpServer, location: str) -> None:
    server.otherwise = answer(307, Location=location)
    await refused(server.url, follow_redirects=True)


async def test_credentials_stay_with_their_host(server: HttpServer) -> None:
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    server.script = [answer(307, Location=f"{elsewhere}/x")]
    config = {"follow_redirects": True, "bearer_token": "t", "http_headers": {"X-Key": {"secrets": ["hush"]}}}
    async with client(**config) as one:
        await send(one, server.url, headers={"Cookie": "hush", "X-Id": "1"})
    first, second = server.requests
    assert (first.headers["authorization"], first.headers["x-key"], first.headers["cookie"]) == (
        "Bearer t",
        "hush",
        "hush",
    )
    assert not {"authorization", "x-key", "cookie"} & set(second.headers)
    assert (second.headers["x-id"], second.body) == ("1", b"said")


# Proxies


async def test_through_a_proxy(server: HttpServer) -> None:
    config = {"proxy_url": server.url, "proxy_connect_header": {"X-Team": ["hush"]}}
    await fetch("http://far.example/x", **config)
    (request,) = server.requests
    assert (request.path, request.headers["host"]) == ("http://far.example/x", "far.example")
    assert request.headers["x-team"] == "hush"


async def test_through_the_proxy_of_the_environment(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.setenv("NO_PROXY", "near.example")
    assert (await fetch("http://far.example/hook", proxy_from_environment=True)).status == 200
    assert server.requests[0].headers["host"] == "far.example"
    near = await refused("http://near.example/", proxy_from_environment=True)
    assert str(near).startswith("cannot connect: the host is not known")


async def test_a_proxy_that_refuses(server: HttpServer) -> None:
    server.otherwise = answer(407, b"hush")
    error = await refused("https://far.example/hush", proxy_url=server.url)
    assert (error.kind, str(error)) == ("unreachable", "the proxy refuses: it answers 407")
    assert (server.requests[0].method, server.requests[0].path) == ("CONNECT", "far.example:443")


PASSED = ["127.0.0.1", "127.0.0.0/8", "*", "other.example, 127.0.0.1", "127.0.0.1:{port}"]
PROXIED = ["", "127.0.0.2", "10.0.0.0/8", "127.0.0.1:1", "0.0.1", ",", "localhost"]


@pytest.mark.parametrize("no_proxy", [*PASSED, *PROXIED])
async def test_past_a_proxy(server: HttpServer, no_proxy: str) -> None:
    port = server.url.rpartition(":")[2]
    async with http_server() as proxy:
        await fetch(f"{server.url}/x", proxy_url=proxy.url, no_proxy=no_proxy.format(port=port))
        assert (len(server.requests), len(proxy.requests)) == ((1, 0) if no_proxy in PASSED else (0, 1))


# TLS

CA, OTHER_CA = trustme.CA(), trustme.CA()


def serving(identity: str = "127.0.0.1", ca: trustme.CA = CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(identity).configure_cert(context)
    return context


@pytest.fixture
async def tls() -> AsyncIterator[Any]:
    """Opens servers that speak TLS."""
    async with AsyncExitStack() as stack:

        async def open_(context: ssl.SSLContext) -> HttpServer:
            return await stack.enter_async_context(http_server(context))

        yield open_


def pem(ca: trustme.CA = CA) -> str:
    return ca.cert_pem.bytes().decode()


@pytest.fixture
def ca_file(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "ca.pem"
    path.write_text(pem())
    return path


async def test_an_own_ca(tls: Any, ca_file: Path) -> None:
    server = await tls(serving())
    assert (await fetch(server.url, tls_config={"ca": pem()})).status == 200
    assert (await fetch(server.url, tls_config={"ca_file": str(ca_file)})).status == 200
    assert (await fetch(server.url, tls_config={"insecure_skip_verify": True})).status == 200
    error = await refused(server.url)
    assert error.kind == "tls"
    assert str(error).startswith("TLS: the server's certificate is not accepted: ")
    assert "tls_config.ca_file" in str(error)
    assert (await refused(server.url, tls_config={"ca": pem(OTHER_CA)})).kind == "tls"


async def test_another_name(tls: Any) -> None:
    server = await tls(serving("prometheus.internal"))
    error = await refused(server.url, tls_config={"ca": pem()})
    assert error.kind == "tls"
    assert "tls_config.server_name" in str(error)
    assert (await fetch(server.url, tls_config={"ca": pem(), "server_name": "prometheus.internal"})).status == 200
    assert (await refused(server.url, tls_config={"ca": pem(), "server_name": "else.internal"})).kind == "tls"


async def test_another_name_through_a_proxy(tls: Any) -> None:
    server = await tls(serving("prometheus.internal"))
    host, port = server.url.removeprefix("https://").split(":")

    async def tunnel(_: Request, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        reader = writer.transport.get_protocol()._stream_reader  # type: ignore[attr-defined]
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    async with http_server() as proxy:
        proxy.otherwise = tunnel
        config = {"tls_config": {"ca": pem(), "server_name": "prometheus.internal"}, "proxy_url": proxy.url}
        assert (await fetch(server.url, **config)).status == 200
        assert proxy.requests[0].method == "CONNECT"


async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65_536):
            sink.write(data)
    finally:
        sink.close()


@dataclass
class Certified:
    """A server that wants client certificates, and the files of one."""

    server: HttpServer
    cert: Path
    key: Path

    def issue(self, ca: trustme.CA = CA) -> trustme.LeafCert:
        leaf = ca.issue_cert("alertd@example.org")
        self.cert.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        self.key.write_bytes(leaf.private_key_pem.bytes())
        return leaf


@pytest.fixture
async def certified(tls: Any, tmp_path: Path) -> Certified:
    context = serving()
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # since 1.3 the refusal and the request may cross
    CA.configure_trust(context)
    return Certified(await tls(context), tmp_path / "cert.pem", tmp_path / "key.pem")


async def test_client_certificates(certified: Certified) -> None:
    leaf = certified.issue()
    url, files = certified.server.url, {"cert_file": str(certified.cert), "key_file": str(certified.key)}
    inline = {"cert": leaf.cert_chain_pems[0].bytes().decode(), "key": leaf.private_key_pem.bytes().decode()}
    both = {"cert_file": str(certified.cert), "key": inline["key"]}
    for given in (files, inline, both, {"cert": inline["cert"] + inline["key"]}):
        assert (await fetch(url, tls_config={"ca": pem(), **given})).status == 200
    error = await refused(url, tls_config={"ca": pem()})
    assert (error.kind, "client certificate" in str(error)) == ("tls", True)
    certified.issue(OTHER_CA)
    error = await refused(url, tls_config={"ca": pem(), **files})
    assert (error.kind, "client certificate" in str(error)) == ("tls", True), error


async def test_certificates_that_are_renewed(certified: Certified, ca_file: Path) -> None:
    certified.issue(OTHER_CA)
    ca_file.write_text(pem(OTHER_CA))
    files = {"cert_file": str(certified.cert), "key_file": str(certified.key), "ca_file": str(ca_file)}
    async with client(tls_config=files) as one:
        for _ in range(2):
            with pytest.raises(HttpError) as caught:
                await send(one, certified.server.url)
            assert caught.value.kind == "tls"
            ca_file.write_text(pem())
        certified.issue()
        assert (await send(one, certified.server.url)).status == 200


async def test_files_that_vanish_or_break(tls: Any, ca_file: Path) -> None:
    server = await tls(serving())
    async with client(tls_config={"ca_file": str(ca_file)}) as one:
        ca_file.write_text("hush")
        for words in ("TLS: ", f"cannot read {ca_file}"):
            with pytest.raises(HttpError) as caught:
                await send(one, server.url)
            assert words in str(caught.value)
            assert "hush" not in str(caught.value)
            ca_file.unlink(missing_ok=True)


@pytest.mark.parametrize(
    "config",
    [{"ca_file": "/no/such"}, {"cert_file": "/no/such"}, {"ca": "no certificate"}, {"cert": "hush", "key": "hush"}],
)
def test_files_that_are_not_there_are_a_matter_of_loading(config: dict[str, str]) -> None:
    with pytest.raises((OSError, ValueError)) as caught:
        Client(HttpConfig.model_validate({"tls_config": config}), ManualClock())
    assert "hush" not in str(caught.value)


async def test_versions(tls: Any) -> None:
    context = serving()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    server = await tls(context)
    for given in ({}, {"max_version": "TLS12"}, {"min_version": "TLS12"}, {"min_version": "TLS10"}):
        assert (await fetch(server.url, tls_config={"ca": pem(), **given})).status == 200
    error = await refused(server.url, tls_config={"ca": pem(), "min_version": "TLS13"})
    assert (error.kind, "versions of TLS (tls_config)" in str(error)) == ("tls", True)


async def test_tls_where_there_is_none_and_none_where_there_is(tls: Any) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as door:
        error = await refused(f"https://127.0.0.1:{door.sockets[0].getsockname()[1]}")
    assert (error.kind, "https:// where http:// is meant" in str(error)) == ("tls", True)
    speaking = await tls(serving())
    assert (await refused(speaking.url.replace("https:", "http:"))).kind == "unreachable"


async def test_the_server_of_tokens_has_a_tls_of_its_own(server: HttpServer, tls: Any) -> None:
    granting = TokenServer()
    secure = await tls(serving())
    secure.otherwise = granting.serve
    oauth2 = {"client_id": "me", "client_secret": "hush", "token_url": secure.url}
    error = await refused(server.url, oauth2=oauth2)
    assert (error.kind, str(error)[:25]) == ("tls", "oauth2.token_url: TLS: th")
    await fetch(server.url, oauth2={**oauth2, "tls_config": {"ca": pem()}})
    assert bearers(server) == ["Bearer token-1"]


# What is refused at load


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"basic_auth": {"username": "u"}, "bearer_token": "t"}, "only one way to authenticate"),
        ({"tls_config": {"ca": "x", "ca_file": "y"}}, "at most one of ca, ca_file"),
        ({"tls_config": {"cert": "x", "cert_file": "y"}}, "at most one of cert, cert_file"),
        ({"tls_config": {"cert": "x", "key": "x", "key_file": "y"}}, "at most one of key, key_file"),
        ({"tls_config": {"key_file": "y"}}, "a key without a certificate"),
        ({"tls_config": {"min_version": "TLS13", "max_version": "TLS12"}}, "max_version is older than min_version"),
        ({"tls_config": {"max_version": "TLS11"}}, r"max_version is older than min_version \(TLS12\)"),
        ({"tls_config": {"min_version": "SSL3"}}, "min_version"),
        ({"proxy_url": "http://p", "proxy_from_environment": True}, "either proxy_url or proxy_from_environment"),
        ({"no_proxy": "x"}, "no_proxy needs proxy_url"),
        ({"proxy_connect_header": {"X": ["y"]}}, "proxy_connect_header needs proxy_url"),
        ({"proxy_url": "socks5://p"}, "proxy_url"),
        ({"oauth2": {"client_id": "x", "token_url": "http://x", "no_proxy": "x"}}, "no_proxy needs proxy_url"),
        ({"http_headers": {"Authorization": {"values": ["x"]}}}, "Authorization is not to be set here"),
        ({"http_headers": {"content-length": {"values": ["1"]}}}, "content-length is not to be set here"),
        ({"http_headers": {"X Y": {"values": ["1"]}}}, "not the name of a header"),
        ({"http_headers": {"": {"values": ["1"]}}}, "not the name of a header"),
    ],
)
def test_what_cannot_be_acted_on_is_refused(config: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        HttpConfig.model_validate(config)


def test_retry_after_in_all_its_forms() -> None:
    def said(text: str) -> timedelta | None:
        return retry_after(Reply(429, {"retry-after": text}, b""), START)

    assert said("90") == timedelta(seconds=90)
    assert said(" Thu, 01 Jan 2026 00:01:30 GMT ") == timedelta(seconds=90)
    assert said("Thu, 01 Jan 1970 00:00:00 GMT") == timedelta(0)
    assert said("9" * 5_000) == timedelta(days=1)
    assert [said(text) for text in ("", "soon", "1.5", "-1", "Thu, 99 Jan 2026 00:00:00 GMT")] == [None] * 5
