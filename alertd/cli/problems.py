"""How commands say what is wrong before they give up."""

import sys
from typing import NoReturn

import click

from alertd.errors import AlertdError, ConfigError


def fail(error: AlertdError, code: int = 1) -> NoReturn:
    """Print every problem on a line of its own and exit with `code`."""
    lines = [str(problem) for problem in error.problems] if isinstance(error, ConfigError) else [str(error)]
    for line in lines:
        click.echo(line, err=True)
    sys.exit(code)
