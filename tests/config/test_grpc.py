"""The section `grpc`: off by default, and refused where TLS could not be as `web` says."""

from pathlib import Path

import pytest
import trustme

from alertd.config import load
from alertd.config.load import read
from alertd.config.values import Config, Grpc, Overrides


def loaded(folder: Path, text: str) -> Config:
    (folder / "config.yaml").write_text(f"storage: {{url: memory}}\n{text}")
    return load(folder / "config.yaml")


def problems(folder: Path, text: str) -> str:
    (folder / "config.yaml").write_text(f"storage: {{url: memory}}\n{text}")
    reading = read(folder / "config.yaml", Overrides())
    return "\n".join(map(str, (*reading.problems, *reading.notes)))


@pytest.mark.parametrize("text", ["", "grpc:\n"])
def test_nobody_asked_for_it(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, text).grpc is None


def test_its_defaults_and_its_keys(tmp_path: Path) -> None:
    assert loaded(tmp_path, "grpc: {}\n").grpc == Grpc("127.0.0.1", 9094, 64, 64, 32, 1000)
    text = "grpc: {listen: '[::1]:1', max_connections: 2, max_requests: 3, max_streams: 4, max_waiting: 5}\n"
    assert loaded(tmp_path, text).grpc == Grpc("::1", 1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("grpc: {listen: here}", "2:16: grpc.listen: not an address"),
        ("grpc: {max_streams: 0}", "2:21:"),
        ("grpc: {port: 1}", 'unknown key "port"'),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(tmp_path: Path, text: str, said: str) -> None:
    assert said in problems(tmp_path, text)


@pytest.mark.parametrize(
    ("tls", "said"),
    [
        ("min_version: TLS13", "gRPC speaks TLS 1.2 and 1.3"),
        ("min_version: TLS10, max_version: TLS11", "gRPC speaks TLS 1.2 and 1.3"),
        ("client_auth_type: RequireAndVerifyClientCert", "gRPC needs client_ca_file"),
        ("cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]", "gRPC chooses its own"),
    ],
)
def test_tls_that_it_cannot_speak(tmp_path: Path, tls: str, said: str) -> None:
    issued = trustme.CA().issue_cert("a.example.org")
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "both.pem"))
    web = f"web: {{tls_server_config: {{cert_file: both.pem, key_file: both.pem, {tls}}}}}\n"
    assert said in problems(tmp_path, f"{web}grpc: {{}}\n")
    assert "gRPC" not in problems(tmp_path, web)
