"""Who may call: users, tokens, certificates and rates, by the same rules as over HTTP."""

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import trustme

from alertd.config.webmodels import RateLimit, TlsServerConfig, TokenEntry, WebConfigFile
from alertd.web.server import guarded
from tests.rpc.calls import Client, Daemon, refusal
from tests.web.listener import hashed

READ, FULL = TokenEntry(token="look-only", access="read"), TokenEntry(token="may-all", access="full")
USERS = WebConfigFile(basic_auth_users={"alice": hashed("secret")})


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("shown", "code"),
    [
        ("Bearer look-only", "OK"),
        ("Bearer may-all", "OK"),
        ("bearer  look-only ", "OK"),
        (basic("alice:secret"), "OK"),
        (basic("alice:wrong"), "UNAUTHENTICATED"),
        ("Bearer wrong", "UNAUTHENTICATED"),
        ("Bearer ", "UNAUTHENTICATED"),
        ("look-only", "UNAUTHENTICATED"),
        ("", "UNAUTHENTICATED"),
    ],
)
async def test_who_may_look(shown: str, code: str) -> None:
    daemon = Daemon()
    daemon.configure(USERS, tokens=(READ, FULL))
    async with daemon.called(**({"authorization": shown} if shown else {})) as client:
        for call in (client.list(), client.health()):
            if code == "OK":
                await call
            else:
                found, text = await refusal(call)
                assert (found, "credentials" in text) == (code, True)
        if code != "OK":
            assert (await client.watch(snapshot=True).refused())[0] == code
            assert daemon.feed.watching == 0


@pytest.mark.parametrize(
    ("anonymous", "health", "alerts"),
    [("none", False, False), ("health", True, False), ("read", True, True), (None, False, False)],
)
async def test_those_who_show_nothing(anonymous: str | None, health: bool, alerts: bool) -> None:
    daemon = Daemon()
    daemon.configure(tokens=(READ,), anonymous=anonymous)
    async with daemon.called() as client:
        for call, allowed in ((client.health(), health), (client.list(), alerts)):
            if allowed:
                await call
            else:
                assert (await refusal(call))[0] == "UNAUTHENTICATED"


async def test_a_stranger_learns_nothing_and_holds_nothing() -> None:
    daemon = Daemon()
    daemon.configure(tokens=(READ,))
    async with daemon.called() as client:
        code, _ = await refusal(client.channel.unary_unary("/some.Service/Method")(b""))
        assert code == "UNAUTHENTICATED"
        silent = client.channel.stream_stream("/alertd.v1.Alerts/List")()  # never says what it wants
        assert (await refusal(silent.read()))[0] == "UNAUTHENTICATED"


async def test_a_token_that_is_taken_away_opens_nothing_any_more() -> None:
    daemon = Daemon()
    daemon.configure(tokens=(READ,))
    async with daemon.called(authorization="Bearer look-only") as client:
        await client.list()
        daemon.configure(tokens=(FULL,))
        assert (await refusal(client.list()))[0] == "UNAUTHENTICATED"


async def test_a_rate_limit() -> None:
    daemon = Daemon()
    daemon.configure(WebConfigFile(rate_limit=RateLimit(interval=timedelta(hours=1), burst=2)))
    async with daemon.called() as client:
        await client.list()
        await client.health()
        code, text = await refusal(client.list())
        assert (code, "web.rate_limit" in text) == ("RESOURCE_EXHAUSTED", True)


async def test_http_counts_in_the_same_rate() -> None:
    daemon = Daemon()
    daemon.configure(WebConfigFile(rate_limit=RateLimit(interval=timedelta(hours=1), burst=2)))
    async with daemon.called() as client:
        transport = httpx.ASGITransport(guarded([], "", daemon.settings))
        async with httpx.AsyncClient(transport=transport, base_url="http://alertd") as browser:
            await client.list()
            assert (await browser.get("/x")).status_code == 404
            assert (await browser.get("/x")).status_code == 429
            assert (await refusal(client.list()))[0] == "RESOURCE_EXHAUSTED"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def issue(authority: trustme.CA, folder: Path, **more: Any) -> WebConfigFile:
    """A certificate for the server, in the same files as the one before."""
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    (folder / "cert.pem").write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    files = {"cert_file": str(folder / "cert.pem"), "key_file": str(folder / "key.pem")}
    return WebConfigFile(tls_server_config=TlsServerConfig(**files, **more))


def secured(port: int, authority: trustme.CA, own: trustme.LeafCert | None = None) -> grpc.aio.Channel:
    """A channel of one who trusts the authority, perhaps with a certificate, on a connection of its own."""
    key, chain = (own.private_key_pem.bytes(), own.cert_chain_pems[0].bytes()) if own else (None, None)
    credentials = grpc.ssl_channel_credentials(authority.cert_pem.bytes(), key, chain)
    return grpc.aio.secure_channel(f"127.0.0.1:{port}", credentials, [("grpc.use_local_subchannel_pool", 1)])


async def test_tls(authority: trustme.CA, tmp_path: Path) -> None:
    daemon = Daemon()
    daemon.configure(issue(authority, tmp_path), tokens=(READ,))
    token = (("authorization", "Bearer look-only"),)
    async with daemon.running() as face:
        async with secured(face.port, authority) as channel:
            await Client(channel, face, token).list()
            assert (await refusal(Client(channel, face).list()))[0] == "UNAUTHENTICATED"
        async with secured(face.port, trustme.CA()) as channel:
            assert (await refusal(Client(channel, face, token).list()))[0] == "UNAVAILABLE"
        async with grpc.aio.insecure_channel(f"127.0.0.1:{face.port}") as channel:
            assert (await refusal(Client(channel, face, token).list()))[0] == "UNAVAILABLE"


async def test_a_renewed_certificate_is_shown_and_a_broken_one_is_not(authority: trustme.CA, tmp_path: Path) -> None:
    daemon, other = Daemon(), trustme.CA()
    daemon.configure(issue(authority, tmp_path))
    async with daemon.running() as face:
        issue(other, tmp_path)
        await face.step()
        async with secured(face.port, other) as channel:
            await Client(channel, face).list()
        async with secured(face.port, authority) as channel:
            assert (await refusal(Client(channel, face).list()))[0] == "UNAVAILABLE"
        (tmp_path / "cert.pem").write_text("nonsense")
        for _ in range(2):
            await face.step()
        async with secured(face.port, other) as channel:
            await Client(channel, face).list()
    (trouble,) = daemon.troubles
    assert "last good version" in trouble


async def test_clients_must_show_a_certificate_of_the_right_name(authority: trustme.CA, tmp_path: Path) -> None:
    daemon = Daemon()
    daemon.configure(
        issue(
            authority,
            tmp_path,
            client_ca_file=str(tmp_path / "ca.pem"),
            client_auth_type="RequireAndVerifyClientCert",
            client_allowed_sans=("grafana",),
        )
    )
    own, other, strange = authority.issue_cert("grafana"), authority.issue_cert("x"), trustme.CA().issue_cert("grafana")
    async with daemon.running() as face:
        async with secured(face.port, authority, own) as channel:
            await Client(channel, face).list()
        async with secured(face.port, authority, other) as channel:
            assert (await refusal(Client(channel, face).list()))[0] == "UNAUTHENTICATED"
        for one in (strange, None):
            async with secured(face.port, authority, one) as channel:
                assert (await refusal(Client(channel, face).list()))[0] == "UNAVAILABLE"


async def test_certificates_that_are_wanted_later_are_not_waived(authority: trustme.CA, tmp_path: Path) -> None:
    daemon = Daemon()
    daemon.configure(issue(authority, tmp_path))
    async with daemon.running() as face, secured(face.port, authority) as channel:
        await Client(channel, face).list()
        must = {"client_ca_file": str(tmp_path / "ca.pem"), "client_auth_type": "RequireAndVerifyClientCert"}
        daemon.configure(issue(authority, tmp_path, **must))
        code, text = await refusal(Client(channel, face).list())
        assert (code, text) == ("UNAUTHENTICATED", "a certificate is needed")
