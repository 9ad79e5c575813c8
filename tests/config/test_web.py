"""The section `web`, and the web configuration file: what is taken, and what is refused where."""

from pathlib import Path

import pytest
import trustme

from alertd.config.load import read
from alertd.config.values import Config, Overrides
from alertd.errors import Problem
from tests.web.listener import hashed

HASH = hashed("secret").get_secret_value()


def loaded(folder: Path, text: str, **flags: str) -> tuple[Config | None, tuple[Problem, ...]]:
    file = folder / "config.yaml"
    file.write_text(f"receivers: [{{name: x}}]\n{text}")
    reading = read(file, Overrides(**flags))  # type: ignore[arg-type]
    return reading.config, reading.problems


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    issued = trustme.CA().issue_cert("alertd.example.org")
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    return tmp_path


TLS = "tls_server_config: {cert_file: cert.pem, key_file: key.pem, min_version: TLS13}\n"


def test_a_web_configuration_file_beside_the_configuration(certificate: Path) -> None:
    (certificate / "web.yml").write_text(f"{TLS}basic_auth_users: {{alice: {HASH}}}\n")
    config, problems = loaded(certificate, "web: {config_file: web.yml, listen: 'localhost:1'}\n")
    assert problems == ()
    assert config
    assert config.web.toolkit.basic_auth_users["alice"].get_secret_value() == HASH
    assert config.web.toolkit.tls_server_config.cert_file == str(certificate / "cert.pem")
    assert config.web.external_url == "https://localhost:1"


def test_the_flag_names_another_file(certificate: Path) -> None:
    (certificate / "other.yml").write_text(f"basic_auth_users: {{bob: {HASH}}}\n")
    config, problems = loaded(
        certificate, "web: {config_file: missing.yml}\n", web_config_file=str(certificate / "other.yml")
    )
    assert problems == ()
    assert config
    assert list(config.web.toolkit.basic_auth_users) == ["bob"]
    assert config.web.config_file == certificate / "other.yml"


def test_all_of_it_in_the_configuration_and_nothing_of_it_shown(certificate: Path) -> None:
    config, problems = loaded(
        certificate,
        f"web:\n  {TLS}  basic_auth_users: {{alice: {HASH}}}\n"
        "  tokens: [{name: a, token: hush-token, access: full}]\n"
        "  anonymous: health\n  limits: {max_body_bytes: 1MiB, header_timeout: 5s}\n"
        "  http_server_config: {http2: false, headers: {X-Frame-Options: deny}}\n",
    )
    assert problems == ()
    assert config
    assert config.web.limits.max_body_bytes == 1 << 20
    assert (config.web.anonymous, config.web.tokens[0].access) == ("health", "full")
    assert HASH not in config.original
    assert "hush-token" not in config.original + repr(config.web)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("basic_auth_users: {alice: secret}", "no bcrypt hash"),
        ("basic_auth_users: {'a:b': HASH}", "colon"),
        ("tls_server_config: {cert_file: cert.pem}", "add key_file"),
        ("tls_server_config: {cert_file: nowhere.pem, key_file: key.pem}", "nowhere.pem: cannot be read"),
        ("tls_server_config: {cert_file: key.pem, key_file: key.pem}", "TLS cannot be spoken"),
        ("tls_server_config: {cert_file: cert.pem, key_file: key.pem, min_version: TLS14}", "must be 'TLS10'"),
        ("tls_server_config: {cert_file: cert.pem, key_file: key.pem, cipher_suites: [RC4]}", "no cipher"),
        ("tls_server_config: {cert_file: cert.pem, key_file: key.pem, curve_preferences: [Ed]}", "no curve"),
        (
            "tls_server_config: {cert_file: cert.pem, key_file: key.pem, client_ca_file: cert.pem}",
            "client_auth_type",
        ),
        (
            "tls_server_config: {cert_file: cert.pem, key_file: key.pem, client_auth_type: RequireAnyClientCert}",
            "RequireAndVerifyClientCert",
        ),
        (
            "tls_server_config: {cert_file: cert.pem, key_file: key.pem, client_allowed_sans: [a]}",
            "client_allowed_sans needs",
        ),
        ("http_server_config:\n  headers:\n    Server: x", "not a header to set here"),
        ("http_server_config: {headers: {X-Frame-Options: allow}}", "must be deny or sameorigin"),
        ('http_server_config: {headers: {Content-Security-Policy: "a\\r\\nSet-Cookie: b"}}', "no header may have"),
        ("rate_limit: {interval: 1s}", "add burst"),
        ("basic_auth_user: {}", 'unknown key "basic_auth_user"'),
    ],
)
@pytest.mark.parametrize("own", [True, False])
def test_mistakes(certificate: Path, text: str, said: str, own: bool) -> None:
    text, line = text.replace("HASH", HASH), 2
    if own:
        indented = "".join(f"  {one}\n" for one in text.splitlines())
        config, problems = loaded(certificate, f"web:\n{indented}")
        place = "config.yaml"
        line += 1
    else:
        (certificate / "web.yml").write_text(f"# a comment\n{text}\n")
        config, problems = loaded(certificate, "web: {config_file: web.yml}\n")
        place = "web.yml"
    assert config is None
    (problem,) = problems
    assert said in str(problem)
    assert Path(problem.path).name == place
    assert line <= problem.line <= line + 2
    assert HASH not in str(problem)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("web: {config_file: nowhere.yml}", "nowhere.yml: cannot be read"),
        ("web: {config_file: web.yml, basic_auth_users: {}}", "basic_auth_users belongs into"),
        ("web: {tokens: [{access: full}]}", "needs token or token_file"),
        ("web: {tokens: [{token: a, token_file: b}]}", "at most one of token, token_file"),
        ("web: {tokens: [{token_file: nowhere}]}", "the token's file cannot be read"),
        ("web: {tokens: [{token_file: empty}]}", "the token's file is empty"),
        ("web: {tokens: [{token: a, access: write}]}", "must be 'read' or 'full'"),
        ("web: {anonymous: yes}", "must be 'none', 'health' or 'read'"),
        ("web: {limits: {max_requests: 0}}", "greater than or equal to 1"),
        ("web: {limits: {header_timeout: 0s}}", "longer than zero"),
    ],
)
def test_mistakes_in_the_configuration_only(certificate: Path, text: str, said: str) -> None:
    (certificate / "web.yml").write_text("")
    (certificate / "empty").write_text("\n")
    config, problems = loaded(certificate, text)
    assert config is None
    assert any(said in str(problem) for problem in problems), problems
    assert all(problem.path for problem in problems)


def test_an_encrypted_key_is_refused_without_asking_on_the_terminal(certificate: Path) -> None:
    from cryptography.hazmat.primitives import serialization as forms

    key = forms.load_pem_private_key((certificate / "key.pem").read_bytes(), None)
    locked = key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.BestAvailableEncryption(b"hidden"))
    (certificate / "key.pem").write_bytes(locked)
    config, problems = loaded(certificate, f"web:\n  {TLS}")
    assert config is None
    assert "decrypt it" in str(problems[0])
