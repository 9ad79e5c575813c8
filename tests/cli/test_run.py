"""`alertd run`, where it cannot begin."""

import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.e2e.rig import alertd

POWERLESS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []


def refusal(folder: Path, *flags: str, code: int = 1, before: Sequence[str] = ()) -> str:
    """What it says, having ended with this code; `before` is a command that runs another."""
    (folder / "alertmanager.yml").write_text("receivers: [{name: ops}]\n")
    argv = [*before, alertd(), "run", "--config", "alertmanager.yml", "--storage", "memory", *flags]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code
    return done.stderr


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_the_address_is_taken(tmp_path: Path, family: socket.AddressFamily, host: str) -> None:
    with socket.socket(family) as other:
        try:
            other.bind((host, 0))
        except OSError:
            pytest.skip(f"{host} is not there")
        other.listen()
        shown = f"{f'[{host}]' if ':' in host else host}:{other.getsockname()[1]}"
        said = refusal(tmp_path, "--listen", shown)
    assert said.startswith(f"cannot listen on {shown}: Address already in use\n")


def test_no_address(tmp_path: Path) -> None:
    said = refusal(tmp_path, "--listen", "here", code=2)
    assert said.startswith("command line: --listen: not an address to listen on: 'here'")


def test_an_address_of_another_machine(tmp_path: Path) -> None:
    said = refusal(tmp_path, "--listen", "192.0.2.1:9093")
    assert said.splitlines()[1] == "This machine does not have the address. --listen names another address."


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may do anything")
def test_a_port_for_which_one_has_no_right(tmp_path: Path) -> None:
    if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 1:
        pytest.skip("everybody can listen anywhere")
    assert "Ports below 1024 need root" in refusal(tmp_path, "--listen", "127.0.0.1:1", before=POWERLESS)


def test_no_storage(tmp_path: Path) -> None:
    assert "command line: --storage: not a storage" in refusal(tmp_path, "--storage", "/tmp/a.db", code=2)


def test_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    assert refusal(tmp_path, "--config", "gone.yml").startswith("gone.yml: cannot be read: No such file or directory")


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may do anything")
def test_a_configuration_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "closed.yml").write_text("receivers: [{name: ops}]\n")
    (tmp_path / "closed.yml").chmod(0)
    said = refusal(tmp_path, "--config", "closed.yml", before=POWERLESS)
    assert said.startswith("closed.yml: cannot be read: Permission denied")
