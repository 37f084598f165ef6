"""How time and memory grow: rows, columns, features kept and folds, each doubled four times.

One thread throughout, so that nothing but the size changes along a series.
``python -m benchmarks.tasks.scaling SERIES SIZE`` prints the peak of memory above the data, in
bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import excise
from benchmarks.measure import interleaved
from benchmarks.peers import Job
from benchmarks.peers.base import PythonJob
from benchmarks.peers.null import DSYRK, PASS, floors
from benchmarks.problems import Problem, standardised
from benchmarks.problems.simulated import autoregressive, response
from benchmarks.tasks.base import Result, Settings
from benchmarks.tasks.memory import in_new_process, peak_above

PAGES = 1 << 18
"""Peaks below this many bytes are too near the size of a page to fit a slope to."""


@dataclass(frozen=True)
class Case:
    """One size of a series: a problem, and what is timed on it."""

    problem: Problem
    work: Callable[[], Any]


@dataclass(frozen=True)
class Series:
    """Sizes of one kind, the smallest doubled four times, and how to make the case of a size."""

    title: str
    first: int
    make: Callable[[int], Case]

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(self.first << k for k in range(5))


def measure(settings: Settings) -> Result:
    """Measure every series, `settings.budget` seconds each."""
    series = [one(name, settings) for name in SERIES]
    return {"task": "scaling", "threads": 1, "series": series}


def one(name: str, settings: Settings) -> Result:
    """Times of all sizes of a series in one run, memory in a process for each size."""
    series = SERIES[name]
    sizes = series.sizes[:2] if settings.quick else series.sizes
    cases = {size: series.make(size) for size in sizes}
    jobs: dict[tuple[int, str], Job] = {}
    for size, case in cases.items():
        jobs[size, "work"] = PythonJob(case.work, kept)
        jobs |= {(size, floor): job for floor, job in floors(case.problem).items()}
    with threadpool_limits(1):
        runs = interleaved({key: job.run for key, job in jobs.items()}, budget=settings.budget)
    seconds = [runs[size, "work"].median for size in sizes]
    peaks = [int(in_new_process("scaling", name, size)) for size in sizes]
    return {
        "name": name,
        "title": series.title,
        "sizes": list(sizes),
        "kept": [jobs[size, "work"].answer() for size in sizes],
        "seconds": seconds,
        "peak_bytes": peaks,
        "data_bytes": [case.problem.X.nbytes for case in cases.values()],
        "floors": {
            floor: [runs[size, floor].median for size in sizes]
            for floor in (PASS, DSYRK)
            if all((size, floor) in jobs for size in sizes)
        },
        "exponent": slope(sizes, seconds),
        "peak_exponent": slope(sizes, peaks) if min(peaks) > PAGES else None,
    }


def slope(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Exponent k of the power law value = c * size**k that fits best on logarithmic scales."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def kept(result: Any) -> int:
    """Features in the model at the end of the path."""
    path = result if isinstance(result, excise.Path) else result.path
    return int(np.diff(path.columns.indptr)[-1])


@cache
def data(n: int, p: int, likely: int) -> tuple[np.ndarray, np.ndarray]:
    """An AR(0.5) table whose 20 true features are among the first `likely` columns."""
    X = autoregressive(0.5, n, p)
    rng = np.random.default_rng(1)
    return X, response(X, rng.choice(likely, size=20, replace=False), rng)


def case(X: np.ndarray, y: np.ndarray, alpha_min_ratio: float = 0.01) -> Case:
    """A path of 100 alphas."""
    problem = Problem("scaling", "scaling", *standardised(X, y), alpha_min_ratio)
    return Case(problem, lambda: path(problem))


def path(problem: Problem) -> excise.Path:
    return excise.fit_path(
        problem.X, problem.y, alphas=problem.alphas, fit_intercept=False, n_threads=1
    )


def rows(n: int) -> Case:
    X, y = data(16_000, 500, 500)
    return case(X[:n], y[:n])


def columns(p: int) -> Case:
    X, y = data(200, 20_000, 1250)
    return case(X[:, :p], y)


def support(target: int) -> Case:
    """Down to the first alpha of a path of 100 that keeps at least `target` features."""
    full = case(*data(1000, 5000, 5000))
    sizes = np.diff(path(full.problem).columns.indptr)
    ratio = float(full.problem.alphas[np.argmax(sizes >= target)] / full.problem.alpha_max)
    return case(full.problem.X, full.problem.y, ratio)


def folds(n: int, p: int) -> Callable[[int], Case]:
    """A cross-validation of an `n` x `p` table with so many folds."""

    def make(n_folds: int) -> Case:
        problem = case(*data(n, p, p)).problem
        alphas = problem.alphas
        return Case(
            problem,
            lambda: excise.fit_cv(problem.X, problem.y, cv=n_folds, alphas=alphas, n_threads=1),
        )

    return make


SERIES = {
    "rows": Series("rows n, p = 500", 1000, rows),
    "columns": Series("columns p, n = 200", 1250, columns),
    "kept": Series("features kept at the end, 1000x5000", 40, support),
    "folds, n > p": Series("folds of a CV, 4000x200", 2, folds(4000, 200)),
    "folds, p > n": Series("folds of a CV, 200x2000", 2, folds(200, 2000)),
}


if __name__ == "__main__":
    chosen, wanted = sys.argv[1:]
    with threadpool_limits(1):
        print(peak_above(SERIES[chosen].make(int(wanted)).work))
