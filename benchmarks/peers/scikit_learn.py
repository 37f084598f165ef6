"""scikit-learn: cyclic coordinate descent."""

from __future__ import annotations

import numpy as np

from benchmarks.peers.base import CVAnswer, Job, PathAnswer, Peer, PythonJob
from benchmarks.peers.excise import splits
from benchmarks.problems.base import Problem


class ScikitLearn(Peer):
    """``lasso_path`` and ``LassoCV``; more iterations are allowed when less error is asked."""

    name = "scikit-learn"
    package = "scikit-learn"
    tol = 1e-4
    ladder = (1e-2, 1e-4, 1e-6, 1e-8, 1e-10)

    def path(self, problem: Problem, tol: float) -> Job:
        from sklearn.linear_model import lasso_path

        limit = {} if tol >= self.tol else {"max_iter": 1_000_000}

        def work() -> np.ndarray:
            return lasso_path(problem.X, problem.y, alphas=problem.alphas, tol=tol, **limit)[1]

        return PythonJob(work, PathAnswer)

    def cv(self, problem: Problem, folds: np.ndarray) -> Job:
        from sklearn.linear_model import LassoCV

        n_jobs = problem.threads  # on small tables a second thread makes it slower

        def work() -> LassoCV:
            model = LassoCV(alphas=problem.alphas, cv=splits(folds), n_jobs=n_jobs)
            return model.fit(problem.X, problem.y)

        return PythonJob(work, lambda model: CVAnswer(model.mse_path_.mean(axis=1)))
