"""Runs the cases beside this file: each is files, a command line, and what it prints."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from alertd.cli import cli

HOME = Path(__file__).parent
_PART = re.compile(r"^-- (.+) --\n", re.MULTILINE)


def parts(text: str) -> Iterator[tuple[str, str]]:
    pieces = _PART.split(text)[1:]
    return zip(pieces[::2], pieces[1::2], strict=True)


@pytest.mark.parametrize("name", sorted(path.stem for path in HOME.glob("*.txt")))
def test_case(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command = ""
    for head, body in parts((HOME / f"{name}.txt").read_text()):
        if head == "run":
            command = body.strip()
        elif head.startswith("exit "):
            result = CliRunner().invoke(cli, shlex.split(command), prog_name="alertd")
            assert result.output.rstrip() == body.rstrip()
            assert result.exit_code == int(head.removeprefix("exit "))
        else:
            path = tmp_path / head
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(body)
