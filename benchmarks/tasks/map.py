"""A table in a file larger than one would like to hold: peak memory, bytes read, time.

``python -m benchmarks.tasks.map FILE WORK`` fits the mapped FILE and prints what it took.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.tasks.base import Result, Settings
from benchmarks.tasks.memory import status

COLUMNS = 2000
BLOCK = 4096  # rows written or read at a time
WORKS = ("fit_path", "fit_cv")


def measure(settings: Settings) -> Result:
    """Write a file of `settings.gb`, fit it in a process of its own per work, delete it."""
    size = 0.02 if settings.quick else settings.gb
    n = int(size * 1e9 / (8 * COLUMNS))
    with tempfile.TemporaryDirectory(dir=settings.folder) as folder:
        file = Path(folder) / "X.npy"
        write(file, n)
        read = read_once(file)
        rows = [{"work": work, **watched(file, work)} for work in WORKS]
    return {
        "task": "map",
        "n": n,
        "p": COLUMNS,
        "gb": size,
        "n_alphas": 100,
        "n_folds": 10,
        "seconds_to_read": read,
        "rows": rows,
    }


def write(file: Path, n: int) -> None:
    """Write X row after row as a .npy file, and y beside it; 20 features are true."""
    rng = np.random.default_rng(0)
    X = np.lib.format.open_memmap(file, "w+", np.float64, (n, COLUMNS))
    true = rng.choice(COLUMNS, size=20, replace=False)
    coef = rng.standard_normal(20)
    y = np.empty(n)
    for start in range(0, n, BLOCK):
        block = rng.standard_normal((min(BLOCK, n - start), COLUMNS))
        X[start : start + BLOCK] = block
        y[start : start + BLOCK] = block[:, true] @ coef + rng.standard_normal(len(block))
    X.flush()
    np.save(file.with_name("y.npy"), y)


def read_once(file: Path) -> float:
    """Seconds to read the file from the disk, nothing more: the floor of one pass."""
    forget(file)
    start = time.perf_counter()
    with file.open("rb", buffering=0) as stream:
        while stream.read(1 << 24):
            pass
    return time.perf_counter() - start


def forget(file: Path) -> None:
    """Ask the system to drop its copy of the file's pages, but for those mapped by somebody."""
    if hasattr(os, "posix_fadvise"):
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def watched(file: Path, work: str) -> Result:
    """Run `work` in a process of its own and look at its memory from outside, ten times a second.

    Pages that the process let go are dropped from the system's cache as often, so that a second
    pass over them is read, and counted, again.
    """
    forget(file)
    command = [sys.executable, "-m", "benchmarks.tasks.map", str(file), work]
    most = {"RssAnon": 0, "RssFile": 0}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            while process.poll() is None:
                for field in most:
                    most[field] = max(most[field], sample(field, process.pid))
                forget(file)
                time.sleep(0.1)
        finally:
            process.kill()  # if we are told to stop
        assert process.stdout
        printed = process.stdout.read()
    if process.returncode:
        raise SystemExit(f"{work} failed on the memory map")
    told = json.loads(printed)
    told["anonymous_bytes"], told["file_bytes"] = most["RssAnon"], most["RssFile"]
    return told


def sample(field: str, process: int) -> int:
    """One field of the status of a process that may have ended."""
    try:
        return status(field, process)
    except OSError:
        return 0


def told(file: Path, work: str) -> Result:
    """Fit the file; say how long it took, how much was read and the peak of resident memory."""
    import excise

    X, y = np.load(file, mmap_mode="r"), np.load(file.with_name("y.npy"))
    before, start = bytes_read(), time.perf_counter()
    if work == "fit_path":
        passes = excise.fit_path(X, y, alphas=100).n_passes
    else:
        passes = excise.fit_cv(X, y, cv=10, alphas=100).path.n_passes
    seconds = time.perf_counter() - start
    read = bytes_read() - before if before is not None else None
    return {
        "seconds": seconds,
        "peak_bytes": peak(),
        "read_bytes": read,
        "passes_from_disk": None if read is None else read / X.nbytes,
        "passes_told": passes,
    }


def bytes_read() -> int | None:
    """What this process has had fetched from the disk, where Linux says so."""
    try:
        lines = Path("/proc/self/io").read_text().splitlines()
    except OSError:
        return None
    return next(int(line.split()[1]) for line in lines if line.startswith("read_bytes"))


def peak() -> int:
    """Peak of resident memory; `ru_maxrss` alone would begin with that of the process above."""
    try:
        return status("VmHWM")
    except OSError:
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    print(json.dumps(told(Path(sys.argv[1]), sys.argv[2])))
