"""celer: working sets, dual extrapolation, coordinate descent."""

from __future__ import annotations

from contextlib import nullcontext
from types import MappingProxyType

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.peers.base import Job, PathAnswer, Peer, PythonJob
from benchmarks.problems.base import Problem


class Celer(Peer):
    """``celer_path`` at the tolerance of celer's estimators, which is looser than its own.

    One BLAS thread: its dot products are short, and two threads that wait for each other at each
    of them made it up to ten times slower on a machine that is not idle (two thirds of the time
    on one that is).
    """

    name = "celer"
    package = "celer"
    tol = 1e-4
    without = MappingProxyType({"logistic": "`celer_path` fits no intercept"})
    ladder = (1e-2, 1e-4, 1e-6, 1e-8, 1e-10)

    def path(self, problem: Problem, tol: float) -> Job:
        from celer import celer_path

        def work() -> np.ndarray:
            with threadpool_limits(1) if problem.threads > 1 else nullcontext():
                return celer_path(
                    problem.X, problem.y, pb="lasso", alphas=problem.alphas, tol=tol, prune=True
                )[1]

        return PythonJob(work, PathAnswer)
