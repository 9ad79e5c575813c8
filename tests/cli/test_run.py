"""`alertd run`, where it cannot begin."""

import socket
import subprocess
from pathlib import Path

import pytest

from tests.e2e.rig import alertd


def refusal(folder: Path, *flags: str) -> str:
    """What it says, having ended with 1."""
    (folder / "alertmanager.yml").write_text("receivers: [{name: ops}]\n")
    argv = [alertd(), "run", "--config", "alertmanager.yml", "--storage", "memory", *flags]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
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
    assert "not an address to listen on: 'here'" in refusal(tmp_path, "--listen", "here")
