"""The command line before any command."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from alertd import __version__
from alertd.cli import cli

SCHEMA = [sys.executable, "-m", "alertd", "schema", "rules"]


@pytest.mark.parametrize(("typed", "meant"), [("chekc", "check"), ("silense", "silence"), ("rout", "routes")])
def test_a_command_that_is_nearly_right_is_suggested(typed: str, meant: str) -> None:
    result = CliRunner().invoke(cli, [typed])
    assert result.exit_code == 2
    assert f"No such command '{typed}'. Did you mean '{meant}'" in result.stderr


def test_an_option_that_is_none_is_no_command() -> None:
    result = CliRunner().invoke(cli, ["--verzion"])
    assert result.exit_code == 2
    assert "No such option '--verzion'" in result.stderr


def test_python_m() -> None:
    argv = [sys.executable, "-m", "alertd", "--version"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == f"alertd {__version__}\n"


def test_a_reader_that_is_gone_ends_it_quietly() -> None:
    with subprocess.Popen(SCHEMA, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout
        assert running.stderr
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 141


def test_no_output_at_all() -> None:
    done = subprocess.run(["sh", "-c", '"$@" >&-', "sh", *SCHEMA], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("argv", [SCHEMA, [*SCHEMA[:3], "--version"]])
def test_a_disk_that_is_full_is_told(argv: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(argv, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (1, "the output cannot be written: No space left on device\n")
