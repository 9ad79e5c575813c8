"""`alertd run`, where it cannot begin."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from alertd.store.lock import Lock
from tests.cli.terminals import on_terminal
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


def test_on_a_terminal_it_speaks_to_people_and_says_that_it_stops(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("receivers: [{name: ops}]\n")
    argv = ["-m", "alertd", "run", "--config", "config.yaml", "--storage", "memory", "--listen", "127.0.0.1:0"]
    with on_terminal(argv, tmp_path, NO_COLOR="1") as (process, screen):
        while not screen.readline().startswith("  listens"):
            pass
        process.terminate()
        assert screen.readline().rstrip().endswith("INFO    stopping, once what is under way is finished")
        assert process.wait(60) == 0


def test_standing_by_is_a_line_of_the_log(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("receivers: [{name: ops}]\n")
    lock = Lock(tmp_path / "alertd.db.lock")
    argv = [alertd(), "run", "--config", "config.yaml"]
    try:
        with subprocess.Popen(argv, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr
            said = json.loads(process.stderr.readline())
            process.terminate()
            last = json.loads(process.stderr.readline())
    finally:
        lock.release()
    assert (said["event"], said["msg"]) == ("standing_by", "standing by, to take over when it ends")
    assert "another alertd" in said["error"]
    assert (last["event"], process.returncode) == ("stopping", 0)
