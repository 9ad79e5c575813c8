"""Who may do what: passwords, tokens, those who show nothing; TLS, and settings that change while alertd runs."""

import asyncio
import ssl
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import trustme

from alertd.access.passwords import Busy, Passwords
from alertd.config.webmodels import HttpServerConfig, LimitsEntry, TlsServerConfig, TokenEntry, WebConfigFile
from tests.web.listener import Listener, hashed, said

USERS = WebConfigFile(basic_auth_users={"alice": hashed("secret"), "bob": hashed("other")})
READ = TokenEntry(token="look-only", access="read")
FULL = TokenEntry(token="may-all", access="full")
BASIC = {"alice": httpx.BasicAuth("alice", "secret")}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_without_users_and_tokens_everybody_may_do_everything() -> None:
    async with Listener().client() as client:
        assert (await client.post("/x", content=b"a")).text == "a"
        assert (await client.get("/x", headers=bearer("whatever"))).status_code == 200


async def test_a_user_with_the_right_password_may_do_everything() -> None:
    one = Listener()
    one.configure(USERS)
    async with one.client() as client:
        assert (await client.get("/x", auth=BASIC["alice"])).status_code == 200
        assert (await client.post("/x", auth=BASIC["alice"], content=b"a")).text == "a"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic YWxpY2U=",  # alice, without a colon
        "Basic YWxpY2U6d3Jvbmc=",  # alice:wrong
        "Basic Y2Fyb2w6c2VjcmV0",  # carol:secret
        "Basic YWxpY2U6b3RoZXI=",  # alice:other, which is bob's
        "Basic " + "YWxp" * 1000,
        "Basic YWxpY2U6AAA=",  # NUL in a password
        "Basic //8=",  # not UTF-8
        "Bearer secret",
        "Digest username=alice",
        "alice:secret",
    ],
)
@pytest.mark.parametrize("path", ["/api/v2/alerts", "/-/healthy", "/metrics", "/"])
async def test_all_others_get_401_as_the_exporter_toolkit_gives_it(header: str, path: str) -> None:
    one = Listener()
    one.configure(USERS)
    async with one.client() as client:
        answer = await client.get(path, headers={"Authorization": header} if header else {})
    assert (answer.status_code, answer.text) == (401, "Unauthorized\n")
    assert answer.headers["www-authenticate"] == "Basic"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert one.served == 0


async def test_a_password_is_hashed_once_and_a_wrong_one_every_time() -> None:
    passwords, users = Passwords(), USERS.basic_auth_users
    assert [await passwords.fit("alice", b"secret", users) for _ in range(3)] == [True] * 3
    assert passwords.checks == 1
    assert [await passwords.fit("alice", b"wrong", users) for _ in range(2)] == [False] * 2
    assert passwords.checks == 3


async def test_an_unknown_user_costs_a_hash_too_even_with_a_password_that_fits_somebody() -> None:
    passwords, users = Passwords(), USERS.basic_auth_users
    assert not await passwords.fit("carol", b"secret", users)
    assert not await passwords.fit("carol", b"other", users)
    assert passwords.checks == 2


async def test_a_changed_hash_is_not_answered_from_memory() -> None:
    passwords = Passwords()
    assert await passwords.fit("alice", b"secret", {"alice": hashed("secret")})
    assert not await passwords.fit("alice", b"secret", {"alice": hashed("changed")})


async def test_what_is_remembered_is_bounded_and_holds_no_password() -> None:
    passwords, users = Passwords(remembered=1), USERS.basic_auth_users
    for user, password in (("alice", b"secret"), ("bob", b"other"), ("alice", b"secret")):
        assert await passwords.fit(user, password, users)
    assert passwords.checks == 3
    assert b"secret" not in b"".join(passwords._known)


async def test_a_password_longer_than_bcrypt_looks_at_is_no_error() -> None:
    users = {"alice": hashed("x" * 72)}
    assert await Passwords().fit("alice", b"x" * 5000, users)


async def test_a_crowd_of_wrong_passwords_is_turned_away() -> None:
    passwords, users = Passwords(), USERS.basic_auth_users
    answers = await asyncio.gather(
        *(passwords.fit("alice", b"%d" % one, users) for one in range(100)), return_exceptions=True
    )
    assert any(isinstance(one, Busy) for one in answers)
    assert passwords.checks < 100
    assert await passwords.fit("alice", b"secret", users)


async def test_what_a_token_opens() -> None:
    one = Listener()
    one.configure(tokens=(READ, FULL))
    async with one.client() as client:
        for method, token, status in (
            ("GET", "look-only", 200), ("HEAD", "look-only", 200), ("POST", "look-only", 403),
            ("DELETE", "look-only", 403), ("PUT", "look-only", 403), ("POST", "may-all", 200),
            ("GET", "wrong", 401), ("GET", "", 401), ("POST", "wrong", 401), ("GET", "look-only ", 200),
        ):  # fmt: skip
            answer = await client.request(method, "/x", headers=bearer(token))
            assert answer.status_code == (405 if method == "HEAD" and status == 405 else status), (method, token)
        assert (await client.get("/x")).headers["www-authenticate"] == "Bearer"


async def test_users_and_tokens_at_once() -> None:
    one = Listener()
    one.configure(USERS, tokens=(READ,))
    async with one.client() as client:
        assert (await client.post("/x", auth=BASIC["alice"])).status_code == 200
        assert (await client.get("/x", headers=bearer("look-only"))).status_code == 200
        assert (await client.get("/x")).headers.get_list("www-authenticate") == ["Basic", "Bearer"]


async def test_a_token_in_a_file_is_read_anew_and_an_empty_one_opens_nothing(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    one = Listener()
    one.configure(tokens=(TokenEntry(token_file=str(file), access="full"),))
    async with one.client() as client:
        assert (await client.post("/x", headers=bearer("first"))).status_code == 200
        file.write_text("second\n")
        assert (await client.post("/x", headers=bearer("first"))).status_code == 401
        assert (await client.post("/x", headers=bearer("second"))).status_code == 200
        file.write_text("")
        assert (await client.post("/x", headers={"Authorization": "Bearer "})).status_code == 401
        assert one.troubles == []
        file.unlink()
        for _ in range(2):
            assert (await client.post("/x", headers=bearer("second"))).status_code == 401
    assert len(one.troubles) == 1


@pytest.mark.parametrize(
    ("anonymous", "health", "get", "post"),
    [("none", 401, 401, 401), ("health", 200, 401, 401), ("read", 200, 200, 401)],
)
async def test_what_those_may_do_who_show_nothing(anonymous: str, health: int, get: int, post: int) -> None:
    one = Listener()
    one.configure(USERS, anonymous=anonymous, route_prefix="/deep")
    async with one.client() as client:
        found = [
            (await client.get("/deep/-/healthy")).status_code,
            (await client.get("/deep/api/v2/alerts")).status_code,
            (await client.post("/deep/-/reload")).status_code,
        ]
        assert found == [health, get, post]
        assert (await client.post("/deep/-/ready")).status_code == 401
        assert (await client.get("/deep/x", auth=httpx.BasicAuth("alice", "wrong"))).status_code == 401


async def test_read_only_for_everybody_without_users() -> None:
    one = Listener()
    one.configure(anonymous="read")
    async with one.client() as client:
        assert (await client.get("/x")).status_code == 200
        assert (await client.post("/x")).status_code == 401


async def test_pages_of_other_sites_change_nothing_and_get_no_cors_headers() -> None:
    one = Listener()
    async with one.client() as client:
        origin = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        assert (await client.post("/-/reload", headers=origin)).status_code == 403
        asked = await client.options("/x", headers={**origin, "Access-Control-Request-Method": "POST"})
        assert [name for name in asked.headers if name.startswith("access-control")] == []
        assert (await client.post("/x", headers={"Sec-Fetch-Site": "same-origin"})).status_code == 200


async def test_configured_headers_are_on_every_answer() -> None:
    one = Listener()
    headers = HttpServerConfig(headers={"X-Frame-Options": "deny", "Content-Security-Policy": ""})
    one.configure(USERS.model_copy(update={"http_server_config": headers}))
    async with one.client() as client:
        for answer in (await client.get("/x"), await client.get("/x", auth=BASIC["alice"])):
            assert answer.headers["x-frame-options"] == "deny"
            assert "content-security-policy" not in answer.headers


def write(file: Path, user: str, extra: str = "") -> None:
    file.write_text(f"basic_auth_users: {{{user}: {hashed('secret').get_secret_value()}}}\n{extra}")


async def test_the_web_configuration_file_is_read_anew_and_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    file, one = tmp_path / "web.yml", Listener()
    write(file, "alice")
    one.configure(config_file=file)
    async with one.client() as client:
        assert (await client.get("/x", auth=BASIC["alice"])).status_code == 200
        write(file, "zoe", "# longer\n")
        assert (await client.get("/x", auth=BASIC["alice"])).status_code == 401
        file.write_text("basic_auth_users: {")
        assert (await client.get("/x", auth=BASIC["alice"])).status_code == 401
        assert (await client.get("/x", auth=httpx.BasicAuth("zoe", "secret"))).status_code == 200
        assert len(one.troubles) == 1
        assert "web.yml" in one.troubles[0]
        file.unlink()
        assert (await client.get("/x")).status_code == 401


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def issue(authority: trustme.CA, folder: Path, name: str = "127.0.0.1") -> TlsServerConfig:
    issued = authority.issue_cert(name)
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    (folder / "cert.pem").write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    return TlsServerConfig(cert_file=str(folder / "cert.pem"), key_file=str(folder / "key.pem"))


def trusting(authority: trustme.CA, name: str = "") -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    if name:
        authority.issue_cert(name).configure_cert(context)
    return context


async def ask(port: int, context: ssl.SSLContext) -> tuple[bytes, dict[str, object]]:
    """The answer, and the certificate that was shown."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    shown = writer.get_extra_info("peercert")
    writer.write(b"GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    try:
        return await reader.read(), shown
    finally:
        writer.close()


async def test_a_renewed_certificate_is_shown_at_once(authority: trustme.CA, tmp_path: Path) -> None:
    one = Listener()
    one.configure(WebConfigFile(tls_server_config=issue(authority, tmp_path)))
    async with one.running() as port:
        answer, first = await ask(port, trusting(authority))
        assert b"200 OK" in answer
        issue(authority, tmp_path)
        _, second = await ask(port, trusting(authority))
        assert first["serialNumber"] != second["serialNumber"]
        (tmp_path / "cert.pem").write_text("nonsense")
        _, third = await ask(port, trusting(authority))
        assert third["serialNumber"] == second["serialNumber"]
    assert len(one.troubles) == 1


async def test_clients_must_show_a_certificate_of_the_right_name(authority: trustme.CA, tmp_path: Path) -> None:
    own = issue(authority, tmp_path).model_dump()
    extra = {"client_ca_file": str(tmp_path / "ca.pem"), "client_auth_type": "RequireAndVerifyClientCert"}
    one = Listener()
    one.configure(WebConfigFile(tls_server_config=TlsServerConfig(**{**own, **extra})))
    async with one.running() as port:
        assert b"200 OK" in (await ask(port, trusting(authority, "prometheus")))[0]
        for stranger in (trusting(authority), _stranger(authority)):
            assert await _refused(port, stranger)
        allowed = {**own, **extra, "client_allowed_sans": ("prometheus",)}
        one.configure(WebConfigFile(tls_server_config=TlsServerConfig(**allowed)))
        assert b"200 OK" in (await ask(port, trusting(authority, "prometheus")))[0]
        assert await _refused(port, trusting(authority, "somebody.else"))


def _stranger(authority: trustme.CA) -> ssl.SSLContext:
    context = trusting(authority)
    trustme.CA().issue_cert("prometheus").configure_cert(context)
    return context


async def _refused(port: int, context: ssl.SSLContext) -> bool:
    try:
        answer, _ = await ask(port, context)
    except OSError:
        return True
    return answer == b""


async def test_tls_versions_and_ciphers(authority: trustme.CA, tmp_path: Path) -> None:
    own = issue(authority, tmp_path).model_dump()
    suites = ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384")
    one = Listener()
    one.configure(
        WebConfigFile(tls_server_config=TlsServerConfig(**{**own, "max_version": "TLS12", "cipher_suites": suites}))
    )
    async with one.running() as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting(authority))
        name, version, _ = writer.get_extra_info("cipher")
        writer.close()
        assert (name.endswith("AES256-GCM-SHA384"), version) == (True, "TLSv1.2")
        newer = trusting(authority)
        newer.minimum_version = ssl.TLSVersion.TLSv1_3
        assert await _refused(port, newer)


async def test_tls_is_not_turned_off_while_it_runs(authority: trustme.CA, tmp_path: Path) -> None:
    one = Listener()
    one.configure(WebConfigFile(tls_server_config=issue(authority, tmp_path)))
    async with one.running() as port:
        one.configure(WebConfigFile())
        assert b"200 OK" in (await ask(port, trusting(authority)))[0]
    assert any("restart" in trouble for trouble in one.troubles)


async def test_who_connects_and_does_not_begin_tls_is_cut_off(authority: trustme.CA, tmp_path: Path) -> None:
    one = Listener()
    limits = LimitsEntry(header_timeout=timedelta(milliseconds=50))
    one.configure(WebConfigFile(tls_server_config=issue(authority, tmp_path)), limits=limits)
    async with one.running() as port:
        assert await said(port) == b""
        assert await said(port, b"GET / HTTP/1.1\r\n\r\n") == b""
