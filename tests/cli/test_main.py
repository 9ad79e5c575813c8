"""The command line before any command."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from alertd import __version__
from alertd.cli import cli


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
