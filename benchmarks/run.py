"""Run measurements: ``python -m benchmarks.run [--task ...] [--problem ...] [--quick]``.

Results go to ``benchmarks/results/`` as JSON, one file per task and problem, with what is needed
to repeat them; ``python -m benchmarks.show`` turns them into tables and the picture.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results")
PATHS = ("diabetes", "nci60", "ar5-200x5000", "ar5-20000x500")
CVS = ("nci60", "ar5-20000x500")


def main(arguments: list[str] | None = None) -> None:
    """Measure what was asked for, print it, and keep it unless it was a quick try."""
    options = parse(arguments)
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    from benchmarks import problems
    from benchmarks.measure import machine
    from benchmarks.peers import PEERS
    from benchmarks.tasks import cv, memory, path, startup

    peers = [peer for peer in PEERS if peer.available()]
    if options.peer:
        peers = [peer for peer in peers if peer.name in {"excise", *options.peer}]
    for task in options.task:
        if task == "startup":
            keep(startup.measure(budget=options.budget), options, machine())
        elif task == "memory":
            keep(memory.measure(), options, machine())
        else:
            for name in options.problem or (PATHS if task == "path" else CVS):
                problem = problems.load(name, quick=options.quick)
                if task == "path":
                    ladder = options.ladder and not options.quick
                    result = path.measure(problem, peers, budget=options.budget, ladder=ladder)
                else:
                    result = cv.measure(problem, peers, budget=options.budget)
                keep(result, options, machine())


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    from benchmarks.problems import MAKERS

    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    tasks = ["path", "cv", "startup", "memory"]
    parser.add_argument("--task", nargs="+", choices=tasks, default=tasks)
    parser.add_argument("--problem", nargs="+", choices=list(MAKERS))
    parser.add_argument("--peer", nargs="+", help="only these, and excise")
    parser.add_argument("--quick", action="store_true", help="cut-down problems, nothing kept")
    parser.add_argument(
        "--ladder", action="store_true", help="other tolerances too, for the picture"
    )
    parser.add_argument("--budget", type=float, default=10.0, help="seconds per group of runs (10)")
    return parser.parse_args(arguments)


def keep(result: dict[str, Any], options: argparse.Namespace, where: dict[str, Any]) -> None:
    """Print the result and write it beside the others."""
    from benchmarks.show.tables import describe

    result = {"machine": where, **result}
    print(describe(result), end="\n\n", flush=True)
    if options.quick:
        return
    RESULTS.mkdir(exist_ok=True)
    name = "-".join(filter(None, [result["task"], result.get("problem")]))
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
