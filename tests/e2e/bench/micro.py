"""`make micro`: how many instructions of the processor alertd's most frequent works take, which no noise can change.

Valgrind counts them. `--against COMMIT` does the same works with another version of alertd, and exits with 1 if one of
them takes 5 % more now.
"""

import argparse
import gc
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
_COUNTED = re.compile(r"==(\d+)== I\s+refs:\s+([\d,]+)")
_DONE = re.compile(r"(\d+) (\d+) (.*)")


def main() -> int:
    options = _options()
    if options.work:
        return _do(options.names)
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
    return int(not all(now.values()) or any(_is_more(count, before.get(name, 0)) for name, count in now.items()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make micro ARGS=…", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="WORD", help="only works whose names have one of these in them")
    parser.add_argument("--against", metavar="COMMIT", help="compare with this version")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as they are")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _is_more(count: int, before: int) -> bool:
    return bool(before) and count > _TOLERANCE * before


# What valgrind watches: a process that loads everything once, and has every work done by a child, a few times and many.


def _do(names: Sequence[str]) -> int:
    from tests.e2e.bench.works import every

    works = every()
    gc.collect()
    gc.freeze()
    gc.disable()  # when it runs depends on more than on what is done
    for name in names:
        if name in works:
            for times in (_FEW, _MANY):
                _report(name, times, _forked(name, times))
    return 0


def _forked(name: str, times: int) -> tuple[int, bool]:
    """The process that did it, and whether it could."""
    from tests.e2e.bench.works import every

    child = os.fork()
    if child:
        return child, os.waitpid(child, 0)[1] == 0
    try:
        with every()[name].ready() as work:
            for _ in range(times):
                work()
            os._exit(0)
    finally:
        os._exit(1)


def _report(name: str, times: int, done: tuple[int, bool]) -> None:
    child, could = done
    if could:
        print(child, times, name, flush=True)


# Who has it watched.


def _counted(package: Path, words: Sequence[str]) -> Mapping[str, int]:
    """Instructions of doing each work once; 0 if this version cannot do it."""
    from tests.e2e.bench.works import every

    works = every()
    names = [name for name in works if not words or any(word in name for word in words)]
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        parts = pool.map(partial(_watch, package), [names[at::workers] for at in range(workers)])
    counts = {name: count for part in parts for name, count in part.items()}
    return {name: counts.get(name, 0) // works[name].count for name in names}


def _watch(package: Path, names: Sequence[str]) -> Mapping[str, int]:
    """What more of each take, so that what is made ready does not count."""
    argv = [*_COUNT, sys.executable, "-m", "tests.e2e.bench.micro", "--work", *names]
    path = os.pathsep.join([str(package), str(_ROOT)])
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(argv, cwd=package, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        say(result.stderr[-2000:])
    counts = {child: int(count.replace(",", "")) for child, count in _COUNTED.findall(result.stderr)}
    done = {(name, int(times)): counts[child] for child, times, name in _DONE.findall(result.stdout)}
    both = [name for name in names if (name, _FEW) in done and (name, _MANY) in done]
    return {name: (done[name, _MANY] - done[name, _FEW]) // (_MANY - _FEW) for name in both}


@contextmanager
def _version(commit: str) -> Iterator[Path]:
    """alertd as it was then, with the works of today."""
    with tempfile.TemporaryDirectory(prefix="alertd-micro-") as folder:
        archive = subprocess.run(["git", "archive", commit, "alertd"], cwd=_ROOT, capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        Path(folder, "tests").symlink_to(_ROOT / "tests")
        yield Path(folder)


def table(now: Mapping[str, int], before: Mapping[str, int]) -> str:
    """What was counted, of what, and how many times what it was."""
    from tests.e2e.bench.works import every

    works = every()
    titles = ["", "thousand instructions", "for one", *(["then", "times"] if before else [])]
    lines = ["| " + " | ".join(titles) + " |", "|---|---:|---|" + ("---:|---:|" if before else "")]
    for name, count in now.items():
        then = before.get(name, 0)
        more = [f"{then / 1000:,.1f}", f"{count / then:.2f}x" if then else "-"] if before else []
        lines.append("| " + " | ".join([name, f"{count / 1000:,.1f}", works[name].unit, *more]) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
