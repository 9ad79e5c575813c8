"""`make micro`: how many instructions of the processor alertd's most frequent works take, which no noise can change.

Valgrind counts them. `--against COMMIT` does the same works with another version of alertd, and exits with 1 if one of
them takes 5 % more now.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.e2e.bench.waiting import say

_ROOT = Path(__file__).parents[3]
_FEW, _MANY = 3, 13
_TOLERANCE = 1.05
_COUNT = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")


def main() -> int:
    options = _options()
    if options.work:
        return _work(options.work, options.times)
    if not shutil.which("valgrind"):
        say("needs valgrind; `make micro` installs it")
        return 1
    now = _counted(_ROOT, options.names)
    before = {}
    if options.against:
        with _version(options.against) as folder:
            before = _counted(folder, options.names)
    print(table(now, before))
    if options.json:
        options.json.write_text(json.dumps(now, indent=1) + "\n")
    return int(any(count > _TOLERANCE * before[name] for name, count in now.items() if before.get(name)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make micro ARGS=…", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="WORD", help="only works whose names have one of these in them")
    parser.add_argument("--against", metavar="COMMIT", help="compare with this version")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as they are")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--times", type=int, default=1, help=argparse.SUPPRESS)
    return parser.parse_args()


def _work(name: str, times: int) -> int:
    """What valgrind watches."""
    from tests.e2e.bench.works import WORKS

    work = WORKS[name]()
    for _ in range(times):
        work()
    return 0


def _counted(package: Path, words: Sequence[str]) -> Mapping[str, int]:
    from tests.e2e.bench.works import WORKS

    names = [name for name in WORKS if not words or any(word in name for word in words)]
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        return dict(zip(names, workers.map(partial(_instructions, package), names), strict=True))


def _instructions(package: Path, name: str) -> int:
    """Of one work: what more of them take, so that the start does not count. 0 if this version cannot do it."""
    say(name)
    few, many = _run(package, name, _FEW), _run(package, name, _MANY)
    return (many - few) // (_MANY - _FEW) if few and many else 0


def _run(package: Path, name: str, times: int) -> int:
    argv = [*_COUNT, sys.executable, "-m", "tests.e2e.bench.micro", "--work", name, "--times", str(times)]
    path = os.pathsep.join([str(package), str(_ROOT)])
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(argv, cwd=package, env=environment, capture_output=True, text=True, check=False)
    found = re.search(r"I\s+refs:\s+([\d,]+)", result.stderr)
    return int(found[1].replace(",", "")) if found and not result.returncode else 0


@contextmanager
def _version(commit: str) -> Iterator[Path]:
    """alertd as it was then, with the works of today."""
    with tempfile.TemporaryDirectory(prefix="alertd-micro-") as folder:
        archive = subprocess.run(["git", "archive", commit, "alertd"], cwd=_ROOT, capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        Path(folder, "tests").symlink_to(_ROOT / "tests")
        yield Path(folder)


def table(now: Mapping[str, int], before: Mapping[str, int]) -> str:
    """What was counted, and how many times what it was."""
    lines = [f"{'thousand instructions':48}{'now':>12}" + (f"{'then':>12}{'':>8}" if before else "")]
    for name, count in now.items():
        then = before.get(name, 0)
        more = f"{then / 1000:>12,.0f}{f'{count / then:.2f}x' if then else '-':>8}" if before else ""
        lines.append(f"{name:48}{count / 1000:>12,.0f}{more}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
