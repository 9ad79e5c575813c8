"""Every command and every flag has its line in docs/cli.md."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from alertd.cli import cli

DOC = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()


def walk(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from walk(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = dict(walk(cli, "alertd"))


@pytest.mark.parametrize("name", COMMANDS)
def test_documented(name: str) -> None:
    assert f"## `{name}" in DOC
    section = DOC.split(f"## `{name}", 1)[1].split("\n## ", 1)[0]
    for parameter in COMMANDS[name].params:
        if isinstance(parameter, click.Option):
            for flag in parameter.opts:
                assert f"`{flag}" in section


@pytest.mark.parametrize("name", sorted({name.split()[1] for name in COMMANDS if len(name.split()) > 2}))
def test_no_line_of_help_is_cut(name: str) -> None:
    said = CliRunner().invoke(cli, [name, "--help"], terminal_width=80).output.partition("Commands:")[2]
    assert said
    assert "..." not in said


def test_help_lists_every_command_without_importing_it() -> None:
    text = cli.get_help(click.Context(cli, info_name="alertd"))
    for name in COMMANDS:
        assert name.split()[1] in text
