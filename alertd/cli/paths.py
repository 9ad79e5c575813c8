"""The type of arguments that name files."""

from pathlib import Path

import click

# Whether a file is there and can be read, who opens it says, in one way for both: it is not the usage that is wrong.
FILE = click.Path(path_type=Path, readable=False)
