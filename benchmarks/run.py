"""Run measurements: ``python -m benchmarks.run [--task ...] [--problem ...] [--quick]``.

Each result goes to ``benchmarks/results/`` as it comes, one JSON file per task and problem, with
what is needed to repeat it; ``python -m benchmarks.show`` turns them into tables and pictures.
``--resume`` leaves out what the same build of excise has already been measured at.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results")
HOW = ("budget", "ladder", "gb")
LADDER = "problems whose paths are measured at other tolerances too"


def main(arguments: list[str] | None = None) -> None:
    """Measure what was asked for, print it, and keep it unless it was a quick try."""
    options = parse(arguments)
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    from benchmarks import problems
    from benchmarks.measure import machine
    from benchmarks.peers import PEERS
    from benchmarks.tasks.base import Settings
    from benchmarks.tasks.registry import TASKS

    peers = tuple(peer for peer in PEERS if peer.available())
    if options.peer:
        peers = tuple(peer for peer in peers if peer.name in {"excise", *options.peer})
    how = {key: getattr(options, key) for key in HOW}
    settings = Settings(peers, quick=options.quick, folder=options.folder, **how)
    about = {"machine": machine(), "settings": how, "build": build()}
    for name in options.task:
        task = TASKS[name]
        for which in (options.problem or task.problems) if task.problems else [None]:
            words = filter(None, [name, which and Path(which).stem])
            file = options.results / f"{'-'.join(words)}.json"
            if options.resume and measured(file, about):
                print(f"{file.stem}: measured already\n", flush=True)
                continue
            work = partial(task.measure, settings)
            if which is not None:
                problem = problems.load(which, quick=options.quick)
                if not task.takes(problem):
                    print(f"{file.stem}: only the squared loss is measured\n", flush=True)
                    continue
                work = partial(task.measure, problem, settings)
            start = time.perf_counter()
            result = about | {"took": 0.0} | work()
            result["took"] = round(time.perf_counter() - start, 1)
            keep(result, None if options.quick else file)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    from benchmarks.problems import MAKERS
    from benchmarks.tasks.path import CURVES
    from benchmarks.tasks.registry import TASKS

    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    add = parser.add_argument
    add(
        "--task",
        nargs="+",
        choices=list(TASKS),
        help="all, or all that have a problem if one is given",
    )
    add("--problem", nargs="+", help=f"{', '.join(MAKERS)}, or a .json file")
    add("--peer", nargs="+", help="only these, and excise")
    add("--quick", action="store_true", help="cut-down problems, nothing kept")
    add("--ladder", nargs="*", default=list(CURVES), help=f"{LADDER} ({', '.join(CURVES)})")
    add("--resume", action="store_true", help="leave out what this build was measured at already")
    add("--results", type=Path, default=RESULTS, help="where results go (benchmarks/results)")
    add("--budget", type=float, default=6.0, help="seconds per group of runs (6)")
    add("--gb", type=float, default=2.0, help="size of the memory map's file in GB (2)")
    add("--folder", type=Path, help="where that file goes (the system's temporary folder)")
    options = parser.parse_args(arguments)
    if options.task is None:
        options.task = [
            name for name, task in TASKS.items() if task.problems or not options.problem
        ]
    return options


def build() -> str:
    """A short name of the installed excise: same code, same name."""
    import excise

    digest = hashlib.sha256()
    root = Path(excise.__file__).parent
    for file in sorted([*root.rglob("*.py"), *root.glob("_core*")]):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def measured(file: Path, about: dict[str, Any]) -> bool:
    """Whether `file` holds a result of the same build, settings and kind of machine."""
    if not file.exists():
        return False
    found = json.loads(file.read_text())
    same = all(found.get(key) == about[key] for key in ("build", "settings"))
    return same and found["machine"]["processor"] == about["machine"]["processor"]


def keep(result: dict[str, Any], file: Path | None) -> None:
    """Print the result and write it to `file`."""
    from benchmarks.show.tables import describe

    print(f"{describe(result)}\n\n({result['took']:.0f} s)\n", flush=True)
    if file is not None:
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that files and processes end too
    sys.exit(main())
