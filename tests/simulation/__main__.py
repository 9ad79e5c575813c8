"""Lives through seeds: `python -m tests.simulation --seeds 0:1000`, or `--seed 17` to replay one and to shorten it."""

import argparse
import sys
from collections import Counter

from tests.simulation.judge import BrokenPromise
from tests.simulation.script import Script, write
from tests.simulation.shrink import shortest
from tests.simulation.world import live


def main() -> int:
    """0 if every promise was kept, 1 if one was broken."""
    options = _options()
    first, last = (options.seed, options.seed + 1) if options.seed is not None else map(int, options.seeds.split(":"))
    tally: Counter[str] = Counter()
    for seed in range(first, last):
        problem = failure(write(seed), tally)
        if problem is not None:
            print(f"seed {seed}: {problem!r}")
            if not options.quick:
                short = shortest(write(seed), failure)
                print(f"{short}\n{failure(short)}")
            return 1
    print(f"{last - first:,} stories, every promise kept\n")
    print("\n".join(f"{count:10,}  {what}" for what, count in sorted(tally.items())))
    return 0


def failure(script: Script, tally: Counter[str] | None = None) -> BaseException | None:
    """How the story fails, None if it does not; what happened in it is added to the tally."""
    try:
        happened = live(script)
        if tally is not None:
            tally.update(happened)
    except (AssertionError, ExceptionGroup) as problem:
        return _first(problem)
    return None


def _first(problem: BaseException) -> BaseException:
    while isinstance(problem, BaseExceptionGroup):
        broken = [one for one in problem.exceptions if isinstance(one, BrokenPromise | BaseExceptionGroup)]
        problem = (broken or problem.exceptions)[0]
    return problem


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="one story, made as short as it can be if it fails")
    parser.add_argument("--seeds", default="0:1000", metavar="FIRST:LAST", help="stories, until one fails")
    parser.add_argument("--quick", action="store_true", help="do not shorten what fails")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
