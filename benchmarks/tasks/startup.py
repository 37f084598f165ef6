"""What a command costs before and beside its work, as ratios of bare commands."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from benchmarks.measure import interleaved
from benchmarks.tasks.base import Result, Settings

PYTHON = [sys.executable]
EXCISE = [*PYTHON, "-m", "excise"]
COMMANDS = {
    "python -c pass": [*PYTHON, "-c", "pass"],
    "excise --version": [*EXCISE, "--version"],
    "excise --help": [*EXCISE, "--help"],
    "python -c 'import numpy, polars, scipy.linalg'": [
        *PYTHON,
        "-c",
        "import numpy, polars, scipy.linalg",
    ],
    "excise fit diabetes.csv progression": [
        *EXCISE,
        "fit",
        "diabetes.csv",
        "progression",
        "--force",
    ],
}
COMPARED = (
    ("excise --version", "python -c pass"),
    ("excise --help", "python -c pass"),
    ("excise fit diabetes.csv progression", "python -c 'import numpy, polars, scipy.linalg'"),
)


def measure(settings: Settings) -> Result:
    """Median wall time of each command, interleaved, and the ratios that matter."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*EXCISE, "demo", "diabetes"], cwd=folder, check=True, capture_output=True)
        works = {name: timed(command, folder) for name, command in COMMANDS.items()}
        runs = interleaved(works, budget=settings.budget)
    return {
        "task": "startup",
        "seconds": {name: runs[name].median for name in COMMANDS},
        "ratios": {f"{a} / {b}": runs[a].median / runs[b].median for a, b in COMPARED},
    }


def timed(command: list[str], folder: str) -> Callable[[], float]:
    """Return the function that runs `command` once and gives its wall time."""

    def run() -> float:
        start = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return time.perf_counter() - start

    return run
