"""The files of the repository, as git would have them."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def files() -> tuple[Path, ...]:
    """Every file that is tracked, or would be if somebody added everything."""
    argv = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(argv, capture_output=True, check=True, text=True).stdout
    return tuple(path for path in (ROOT / name for name in sorted(set(listed.split("\0"))) if name) if path.is_file())


def texts(*suffixes: str) -> dict[str, str]:
    """Name and contents of every text file whose name ends so; of all of them if nothing is said."""
    found = {}
    for path in files():
        if suffixes and not path.name.endswith(suffixes):
            continue
        try:
            found[str(path.relative_to(ROOT))] = path.read_text()
        except UnicodeDecodeError:
            continue
    return found
