"""One thread and two: time, and whether the answers are the same to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import excise
from benchmarks.measure import interleaved
from benchmarks.peers.base import PythonJob
from benchmarks.problems import Problem
from benchmarks.tasks.base import Result, Settings

PROBLEMS = ("ar5-1000x5000", "ar5-20000x500")
COUNTS = (1, 2)


def measure(problem: Problem, settings: Settings) -> Result:
    """Time our path and cross-validation with each number of threads, in one run."""
    works = {"path": path, "10-fold CV": cv}
    jobs = {
        (name, count): PythonJob(work(problem, count), numbers)
        for name, work in works.items()
        for count in COUNTS
    }
    runs = interleaved({key: job.run for key, job in jobs.items()}, budget=settings.budget)
    rows = []
    for name in works:
        answers = [jobs[name, count].answer() for count in COUNTS]
        rows.append(
            {
                "work": name,
                "seconds": [runs[name, count].median for count in COUNTS],
                "same_bits": all(map(np.array_equal, *answers)),
            }
        )
    return {"task": "threads", **problem.facts, "threads": list(COUNTS), "rows": rows}


def path(problem: Problem, n_threads: int) -> Callable[[], Any]:
    """The path of the path task."""
    return partial(
        excise.fit_path,
        problem.X,
        problem.y,
        alphas=problem.alphas,
        fit_intercept=False,
        n_threads=n_threads,
    )


def cv(problem: Problem, n_threads: int) -> Callable[[], Any]:
    """A cross-validation along the same path."""
    return partial(excise.fit_cv, problem.X, problem.y, alphas=problem.alphas, n_threads=n_threads)


def numbers(result: Any) -> tuple[np.ndarray, ...]:
    """What must not depend on the number of threads."""
    path = result if isinstance(result, excise.Path) else result.path
    coefs = path.coefs
    own = () if path is result else (result.folds,)
    return (*own, coefs.data, coefs.indices, coefs.indptr, path.intercepts, path.relative_gaps)
