"""Peak memory of a path above X itself, in a process of its own per layout and precision.

``python -m benchmarks.tasks.memory N P ORDER DTYPE ALPHAS`` prints the peak as a share of X.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tasks.base import Result, Settings

LAYOUTS = tuple((order, dtype) for dtype in ("float64", "float32") for order in ("F", "C"))

RETURN_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "131072"}
"""So that glibc gives freed blocks back: kept ones would hide new ones from the peak."""


def measure(settings: Settings, n: int = 1000, n_alphas: int = 100) -> Result:
    """Peak above X of a path of `n_alphas`, as a share of X, in both orders and precisions."""
    p = 2000 if settings.quick else 20_000
    shares = {
        f"{dtype}, {order} order": float(in_new_process("memory", n, p, order, dtype, n_alphas))
        for order, dtype in LAYOUTS
    }
    return {"task": "memory", "n": n, "p": p, "n_alphas": n_alphas, "share_of_X": shares}


def in_new_process(task: str, *arguments: Any) -> str:
    """What the module of `task` prints when run with `arguments`."""
    command = [sys.executable, "-m", f"benchmarks.tasks.{task}", *map(str, arguments)]
    settings = os.environ | RETURN_MEMORY
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env=settings
    ).stdout


def share_of_x(n: int, p: int, order: str, dtype: str, n_alphas: int) -> float:
    """Fit a path and return how far resident memory rose above its level before, over X's size."""
    import excise

    rng = np.random.default_rng(0)
    X = np.empty((n, p), dtype=dtype, order=order)
    for rows in np.array_split(np.arange(n), 20):
        X[rows] = rng.standard_normal((len(rows), p), dtype="float32")
    y = X[:, :20] @ rng.standard_normal(20) + rng.standard_normal(n)
    return peak_above(lambda: excise.fit_path(X, y, alphas=n_alphas, alpha_min_ratio=0.05)) / (
        X.nbytes
    )


def peak_above(work: Callable[[], Any]) -> int:
    """Bytes by which resident memory rises above its level before, while `work` runs."""
    import excise

    rng = np.random.default_rng(0)
    few = rng.standard_normal((50, 20))
    excise.fit_path(few, few[:, 0], alphas=5)  # loads what is lazy
    excise.fit_cv(few, few[:, 0], cv=3, alphas=5)
    before = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # Linux counts the peak from now
    result = work()
    above = status("VmHWM") - before
    del result
    return above


def status(field: str, process: int | str = "self") -> int:
    """Read one field, in bytes, of what Linux says about a process; 0 once it has ended."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    rows, columns, layout, precision, grid = sys.argv[1:]
    print(share_of_x(int(rows), int(columns), layout, precision, int(grid)))
