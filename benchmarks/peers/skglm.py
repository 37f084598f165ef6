"""skglm: working sets and Anderson-accelerated coordinate descent, compiled by numba."""

from __future__ import annotations

import numpy as np

from benchmarks.peers.base import Job, PathAnswer, Peer, PythonJob
from benchmarks.problems.base import Problem


class Skglm(Peer):
    """``Lasso.path``; compilation happens before the first timed run."""

    name = "skglm"
    package = "skglm"
    tol = 1e-4
    ladder = (1e-2, 1e-4, 1e-6, 1e-8, 1e-10)

    def path(self, problem: Problem, tol: float) -> Job:
        from skglm import Lasso

        model = Lasso(tol=tol, fit_intercept=False, warm_start=True)
        corner = problem.X[:20, :3]
        model.path(
            corner if problem.sparse else corner.copy("F"), problem.y[:20], problem.alphas[:2]
        )

        def work() -> np.ndarray:
            return model.path(problem.X, problem.y, problem.alphas)[1]

        return PythonJob(work, lambda coefs: PathAnswer(coefs[: problem.X.shape[1]]))
