"""`make bench`: tables on standard output, progress on standard error. `make bench ARGS=--help` shows what it takes."""

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from tests.e2e.bench import latency, restart, scale, startup, storm, telemetry
from tests.e2e.bench.arena import Arena, Report
from tests.e2e.bench.contestants import ALERTD, CONTESTANTS, PROGRAMS
from tests.e2e.bench.plan import FULL, QUICK, Plan
from tests.e2e.bench.process import EndedError
from tests.e2e.bench.profiling import Profile, compared
from tests.e2e.bench.waiting import StoppedError, heed_signals, say, stopped

BENCHMARKS: dict[str, Callable[[Arena], Iterator[Report]]] = {
    "scale": scale.run,
    "latency": latency.run,
    "storm": storm.run,
    "restart": restart.run,
    "startup": startup.run,
    "telemetry": telemetry.run,
}


def main() -> int:
    """Exit code 0 if all of it was measured; 1 if something has ended by itself; 130 if it was stopped."""
    options = _options()
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    if missing:
        say(f"needs {', '.join(missing)}; `make bench` installs them")
        return 1
    heed_signals()
    try:
        _run(options)
    except (StoppedError, EndedError) as error:
        if not stopped():
            say(str(error))
            return 1
        say("stopped; nothing is left")
        return 130
    return 0


def _look(names: Sequence[str], plan: Plan) -> None:
    """What alertd does in each scenario; of being watched there is nothing more to see."""
    profiles = {name: Profile() for name in names if name != "telemetry"}
    with Arena(plan) as arena:
        for name, profile in profiles.items():
            arena.contestants = [replace(ALERTD, profile=profile)]
            for _ in BENCHMARKS[name](arena):
                pass
    print(compared(profiles))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these of {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="three minutes in place of twenty; rough figures")
    parser.add_argument("--rules", type=int, nargs="+", help="how many rules `scale` evaluates; several one by one")
    parser.add_argument("--alerts", type=int, help="how many alerts are in the storm")
    parser.add_argument("--group-by", metavar="LABEL", help="how they are grouped; by `id`, each is a group")
    parser.add_argument("--storms", type=int, help="how many of them; the figures are their mean")
    parser.add_argument("--storm-window", type=int, metavar="S", help="how long processor time is counted in each")
    parser.add_argument("--patience", type=int, metavar="S", help="how long an alert that is missing is waited for")
    parser.add_argument("--rounds", type=int, help="how often each way of being watched is measured")
    parser.add_argument("--profile", action="store_true", help="see what alertd spends its time on; measure nothing")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="measure only these contestants")
    parser.add_argument("--attempts", type=int, help="measure again, at most so often, what something else disturbed")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as they are")
    options = parser.parse_args()
    unknown = set(options.names) - BENCHMARKS.keys()
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    strangers = set(options.only or ()) - {one.name for one in CONTESTANTS}
    if strangers:
        parser.error(
            f"nobody is called {', '.join(sorted(strangers))}; {', '.join(one.name for one in CONTESTANTS)} are"
        )
    return options


def _run(options: argparse.Namespace) -> None:
    plan = QUICK if options.quick else FULL
    given = vars(options)
    plan = replace(plan, **{one.name: given[one.name] for one in fields(Plan) if given.get(one.name)})
    names = [name for name in BENCHMARKS if not options.names or name in options.names]
    if options.profile:
        _look(names, plan)
        return
    machine = {"processors": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]}
    reports: list[dict[str, Any]] = []
    with Arena(plan) as arena:
        for name in names:
            for report in BENCHMARKS[name](arena):
                print(report, flush=True)
                reports.append({"name": name, "title": report.title, "note": report.note, "results": report.results})
                if options.json:
                    raw = {"machine": machine, "plan": asdict(plan), "reports": reports}
                    options.json.write_text(json.dumps(raw, indent=1) + "\n")
    say("done")


if __name__ == "__main__":
    sys.exit(main())
