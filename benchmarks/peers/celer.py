"""celer: working sets, dual extrapolation, coordinate descent."""

from __future__ import annotations

import numpy as np

from benchmarks.peers.base import Job, PathAnswer, Peer, PythonJob
from benchmarks.problems.base import Problem


class Celer(Peer):
    """``celer_path`` at the tolerance of celer's estimators, which is looser than its own."""

    name = "celer"
    package = "celer"
    tol = 1e-4
    ladder = (1e-2, 1e-4, 1e-6, 1e-8, 1e-10)

    def path(self, problem: Problem, tol: float) -> Job:
        from celer import celer_path

        def work() -> np.ndarray:
            return celer_path(
                problem.X, problem.y, pb="lasso", alphas=problem.alphas, tol=tol, prune=True
            )[1]

        return PythonJob(work, PathAnswer)
