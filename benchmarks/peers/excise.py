"""Our own tool."""

from __future__ import annotations

import numpy as np

from benchmarks.peers.base import CVAnswer, Job, PathAnswer, Peer, PythonJob
from benchmarks.problems.base import Problem


class Excise(Peer):
    """``fit_path`` and ``fit_cv`` at the default tolerance: there is no other worth showing."""

    name = "excise"
    package = "excise"
    tol = 1e-10
    losses = (
        "squared",
        "logistic",
        "poisson",
        "quantile",
        "cox",
        "gamma",
        "tweedie",
        "multinomial",
    )
    penalties = ("l1", "group", "sparse_group")

    @property
    def version(self) -> str:
        from excise._version import __version__

        return __version__

    def obstacle(self, problem: Problem) -> str | None:
        import scipy.sparse as sp

        import excise

        if problem.sparse:
            try:
                excise.fit_path(sp.identity(4, format="csc"), np.arange(4.0), alphas=2)
            except excise.InputTypeError as error:
                return str(error).splitlines()[0]
        return super().obstacle(problem)

    def path(self, problem: Problem, tol: float) -> Job:
        import excise

        def work() -> excise.Path:
            return excise.fit_path(
                problem.X,
                problem.y,
                alphas=problem.alphas,
                loss=problem.loss,
                penalty=problem.tax,
                fit_intercept=problem.fit_intercept,
                tol=tol,
                n_threads=problem.threads,
            )

        return PythonJob(work, lambda path: PathAnswer(path.coefs.toarray(), path.intercepts))

    def cv(self, problem: Problem, folds: np.ndarray) -> Job:
        import excise

        def work() -> excise.CrossValidation:
            return excise.fit_cv(
                problem.X,
                problem.y,
                cv=splits(folds),
                alphas=problem.alphas,
                n_threads=problem.threads_for(folds.max() + 1),
            )

        return PythonJob(work, lambda cv: CVAnswer(cv.mean[: problem.n_alphas]))


def splits(folds: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pairs of training and held-out rows."""
    return [
        (np.flatnonzero(folds != k), np.flatnonzero(folds == k)) for k in range(folds.max() + 1)
    ]
