"""TLS, users and tokens as curl and amtool meet them; and schemathesis, which asks everything that can be asked."""

import json
import shutil
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.e2e.rig import Alertd, until
from tests.web.listener import hashed

pytestmark = pytest.mark.e2e

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
CONFIG = """
storage: {url: memory}
receivers: [{name: ops}]
web:
  anonymous: health
  tokens: [{token: look-only}, {token: may-all, access: full}]
  config_file: web.yml
"""


class Guarded(Alertd):
    """An alertd that speaks TLS."""

    authority: trustme.CA

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def _ready(self) -> str:
        assert self.process.alive, self.process.tail()
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5, context=context) as reply:
                return str(reply.status)
        except OSError:
            return ""


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    write_users(tmp_path, "alice")
    one = Guarded(tmp_path, CONFIG, "groups: []\n")
    one.authority = authority
    one.start()
    yield one
    one.close()


def write_users(folder: Path, *names: str) -> None:
    users = ", ".join(f"{name}: {hashed('secret').get_secret_value()}" for name in names)
    (folder / "web.yml").write_text(
        f"tls_server_config: {{cert_file: cert.pem, key_file: key.pem}}\nbasic_auth_users: {{{users}}}\n"
    )


def curl(alertd: Alertd, path: str, *options: str) -> tuple[int, str]:
    """Status and body."""
    argv = ["curl", "-s", "--cacert", "ca.pem", "-w", "\n%{http_code}", *options, f"{alertd.url}{path}"]
    done = subprocess.run(argv, cwd=alertd.folder, capture_output=True, text=True, timeout=30, check=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_curl(guarded: Guarded) -> None:
    assert curl(guarded, "/-/healthy")[0] == 200
    assert curl(guarded, "/api/v2/status") == (401, "Unauthorized\n")
    assert curl(guarded, "/api/v2/status", "-u", "alice:wrong")[0] == 401
    assert curl(guarded, "/api/v2/status", "-u", "alice:secret")[0] == 200
    assert curl(guarded, "/api/v2/status", "-H", "Authorization: Bearer look-only")[0] == 200
    assert curl(guarded, "/-/reload", "-X", "POST", "-H", "Authorization: Bearer look-only")[0] == 403
    assert curl(guarded, "/-/reload", "-X", "POST", "-H", "Authorization: Bearer may-all")[0] == 200
    page = json.loads(curl(guarded, "/api/v2/status", "-u", "alice:secret")[1])
    assert "look-only" not in json.dumps(page)
    assert "may-all" not in guarded.process.log.read_text()

    write_users(guarded.folder, "bob", "carol")
    assert curl(guarded, "/api/v2/status", "-u", "alice:secret")[0] == 401
    assert curl(guarded, "/api/v2/status", "-u", "carol:secret")[0] == 200
    (guarded.folder / "web.yml").write_text("basic_auth_users: [")
    assert curl(guarded, "/api/v2/status", "-u", "bob:secret")[0] == 200
    guarded.process.signal(signal.SIGHUP)
    until("the reload to fail", lambda: "web.yml" in guarded.process.tail())
    assert curl(guarded, "/api/v2/status", "-u", "bob:secret")[0] == 200


@pytest.mark.skipif(not shutil.which("amtool"), reason="needs amtool")
def test_amtool(guarded: Guarded) -> None:
    client = "basic_auth: {username: alice, password: %s}\ntls_config: {ca_file: ca.pem}\n"
    for password, code in (("secret", 0), ("wrong", 1)):
        (guarded.folder / "http.yml").write_text(client % password)
        argv = ["amtool", f"--alertmanager.url={guarded.url}", "--http.config.file=http.yml", "--no-version-check"]
        done = subprocess.run(
            [*argv, "cluster", "show"], cwd=guarded.folder, capture_output=True, text=True, timeout=30
        )
        assert done.returncode == code, done.stderr
        assert ("ready" in done.stdout) == (code == 0)


def test_plain_http_is_not_answered_where_tls_is_spoken(guarded: Guarded) -> None:
    with pytest.raises((urllib.error.URLError, OSError)):
        urllib.request.urlopen(guarded.url.replace("https", "http"), timeout=5)


def test_the_api_is_what_its_document_says(tmp_path: Path) -> None:
    alertd = Alertd(tmp_path, "storage: {url: memory}\nreceivers: [{name: ops}]\n", "groups: []\n")
    alertd.start()
    try:
        argv = [
            str(Path(sys.executable).with_name("schemathesis")), "run", f"{alertd.url}/api/v2/openapi.json",
            "--checks", CHECKS, "--max-examples", "20", "--generation-deterministic",
            "--phases", "examples,coverage,fuzzing", "--no-color",
        ]  # fmt: skip
        done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, done.stdout
        assert "Traceback" not in alertd.process.log.read_text()
    finally:
        alertd.close()
