"""Peak memory of a path above X itself, in a process of its own per layout and precision.

``python -m benchmarks.tasks.memory N P ORDER DTYPE`` prints the peak as a share of X.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

LAYOUTS = tuple((order, dtype) for dtype in ("float64", "float32") for order in ("F", "C"))


def measure(n: int = 1000, p: int = 20000, n_alphas: int = 100) -> dict[str, Any]:
    """Peak above X of a path of `n_alphas`, as a share of X, in both orders and precisions."""
    shares = {
        f"{dtype}, {order} order": share(n, p, order, dtype, n_alphas) for order, dtype in LAYOUTS
    }
    return {"task": "memory", "n": n, "p": p, "n_alphas": n_alphas, "share_of_X": shares}


def share(n: int, p: int, order: str, dtype: str, n_alphas: int = 100) -> float:
    """Peak above X over the size of X, measured in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.tasks.memory", n, p, order, dtype, n_alphas]
    done = subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def peak_above(n: int, p: int, order: str, dtype: str, n_alphas: int) -> float:
    """Fit a path and return how far resident memory rose above its level before, over X's size."""
    import excise

    rng = np.random.default_rng(0)
    X = np.empty((n, p), dtype=dtype, order=order)
    for rows in np.array_split(np.arange(n), 20):
        X[rows] = rng.standard_normal((len(rows), p), dtype="float32")
    y = X[:, :20] @ rng.standard_normal(20) + rng.standard_normal(n)
    excise.fit_path(np.ascontiguousarray(X[:50, :20]), y[:50], alphas=5)  # loads what is lazy
    before = resident()
    reset_peak()
    path = excise.fit_path(X, y, alphas=n_alphas, alpha_min_ratio=0.05)
    above = peak() - before
    assert len(path) == n_alphas
    return above / X.nbytes


def reset_peak() -> None:
    """Ask Linux to start counting the peak of resident memory from now."""
    Path("/proc/self/clear_refs").write_text("5")


def resident() -> int:
    """Bytes of this process in memory now."""
    return status("VmRSS")


def peak() -> int:
    """Most bytes of this process in memory since `reset_peak`."""
    return status("VmHWM")


def status(field: str) -> int:
    """Read one field, in bytes, of what Linux says about this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise OSError(f"no {field} on this system")


if __name__ == "__main__":
    rows, columns, layout, precision, grid = sys.argv[1:]
    print(peak_above(int(rows), int(columns), layout, precision, int(grid)))
