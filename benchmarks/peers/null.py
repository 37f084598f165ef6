"""The floors under all tools: one read of X, and where n > p one Gram matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.peers.base import Job, PythonJob
from benchmarks.problems.base import Problem

PASS = "X'y"
"""One product of X with a vector: the unit called a pass."""
DSYRK = "dsyrk"
"""The lower half of X'X, by scipy's BLAS."""
GRAM = "X.T @ X"
"""The whole of it, by numpy, whose BLAS may be another build."""


def floors(problem: Problem) -> dict[str, Job]:
    """Jobs that answer nothing, for their time alone."""
    from scipy.linalg.blas import dsyrk

    X, y = problem.X, problem.earned
    jobs: dict[str, Job] = {PASS: floor(lambda: X.T @ y)}
    if not problem.sparse and X.shape[0] > X.shape[1]:
        jobs[DSYRK] = floor(lambda: dsyrk(1.0, X, trans=1))
        jobs[GRAM] = floor(lambda: X.T @ X)
    return jobs


def floor(work: Callable[[], Any]) -> Job:
    """A job without an answer."""
    return PythonJob(work, lambda _: None)
