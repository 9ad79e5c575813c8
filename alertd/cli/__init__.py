"""The command line: one file a command, imported only when it is called."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from alertd import __version__
from alertd.cli.outlet import written_out

_COMMANDS = {
    "run": "The daemon.",
    "check": "Check configuration and rule files.",
    "config": "Check configurations, or show that of the running daemon.",
    "alerts": "List what is pending and firing in the running daemon.",
    "watch": "Follow what changes in the running daemon, over gRPC.",
    "silence": "Make, list, end and import silences.",
    "why": "Say why somebody was told of an alert, or was not.",
    "routes": "Show the routing tree, or where an alert would go.",
    "template": "Show what a template becomes.",
    "notify": "Send a test message to a receiver.",
    "export": "The way back to Prometheus and Alertmanager.",
    "state": "Copy the state out of a database, and into one.",
    "schema": "JSON Schemas of the files, for editors.",
    "healthcheck": "Is the daemon ready? For containers.",
}


class _Lazy(click.Group):
    """A group that imports a command when somebody calls it, and lists them all without importing any."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"alertd.cli.{cmd_name}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        with written_out():
            return super().invoke(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in _COMMANDS and not args[0].startswith("-"):
            raise click.NoSuchCommand(args[0], possibilities=_COMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="alertd %(version)s")
@click.option(
    "--no-color", envvar="NO_COLOR", hidden=True
)  # https://no-color.org: whatever it says, if it says anything
@click.pass_context
def cli(context: click.Context, no_color: str | None) -> None:
    """Evaluate alert rules, decide who must know, and tell them without losing a message."""
    if no_color:
        context.color = False


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point of the `alertd` command. Exit codes: 0 fine, 1 problems, 2 wrong usage."""
    with written_out():
        sys.exit(cli.main(args=None if arguments is None else list(arguments), standalone_mode=True))
