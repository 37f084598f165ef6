"""adelie: block coordinate descent with strong rules, the authors of glmnet's newer engine."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.measure import on_all_cores
from benchmarks.peers.base import CVAnswer, Job, PathAnswer, Peer, PythonJob
from benchmarks.problems.base import Problem


class Adelie(Peer):
    """``grpnet`` with its early exit switched off, so that every alpha is solved.

    Where everybody may use two threads it is tried once with each number, before any timing, and
    the faster one is measured: two made it up to four times slower on a machine that is not idle.
    """

    name = "adelie"
    package = "adelie"
    tol = 1e-7
    ladder = (1e-5, 1e-7, 1e-9, 1e-12, 1e-15)
    losses = ("squared", "logistic", "poisson", "cox")
    penalties = ("l1", "group")
    tight = 1e-11

    def path(self, problem: Problem, tol: float) -> Job:
        counts = sorted({1, problem.threads})
        jobs = [self.job(problem, tol, n_threads) for n_threads in counts]
        if len(jobs) == 1:
            return jobs[0]
        return min(jobs, key=lambda job: on_all_cores(job.run)())

    def job(self, problem: Problem, tol: float, n_threads: int) -> Job:
        """The path with so many threads."""
        import adelie

        X = problem.X
        if problem.sparse:
            X = adelie.matrix.sparse(X, method="naive", n_threads=n_threads)

        families = {"logistic": adelie.glm.binomial, "poisson": adelie.glm.poisson, "cox": cox}
        family = families.get(problem.family, adelie.glm.gaussian)
        size = problem.group_size
        groups = np.arange(0, X.shape[1], size) if size else None  # weighs as ours by default

        def work() -> Any:
            return adelie.grpnet(
                X,
                family(problem.y),
                groups=groups,
                lmda_path=problem.alphas,
                intercept=problem.fit_intercept,
                early_exit=False,
                tol=tol,
                n_threads=n_threads,
                progress_bar=False,
            )

        return PythonJob(work, lambda state: full(state, problem))

    def cv(self, problem: Problem, folds: np.ndarray) -> Job:
        """``cv_grpnet`` draws its folds: the rows are laid so that it draws `folds`."""
        import adelie

        n, seed = len(folds), 0
        np.random.seed(seed)  # noqa: NPY002  (adelie's generator)
        drawn = np.random.choice(n, n, replace=False)  # noqa: NPY002
        rows = np.empty(n, dtype=int)
        rows[drawn] = np.argsort(folds, kind="stable")
        X, y = np.asfortranarray(problem.X[rows]), problem.y[rows]
        n_folds = folds.max() + 1

        def work() -> Any:
            return adelie.cv.cv_grpnet(
                X,
                adelie.glm.gaussian(y),
                n_threads=problem.threads_for(n_folds),
                min_ratio=problem.alpha_min_ratio,
                lmda_path_size=problem.n_alphas,
                n_folds=n_folds,
                seed=seed,
                tol=self.tol,
                progress_bar=False,
            )

        # Its loss is eta^2/2 - y eta, without the y^2/2 that makes it half a squared error.
        missing = np.mean([np.mean(problem.y[folds == k] ** 2) for k in range(n_folds)])
        return PythonJob(work, lambda cv: CVAnswer(2 * cv.avg_losses + missing))


def cox(y: np.ndarray) -> Any:
    """Times from 0 and events, with Breslow's ties as everybody has them."""
    import adelie

    time, event = np.ascontiguousarray(y.T)
    return adelie.glm.cox(np.zeros(len(y)), time, event, tie_method="breslow")


def full(state: Any, problem: Problem) -> PathAnswer:
    """An answer to every alpha; one that adelie left out repeats the last."""
    betas = state.betas.toarray().T
    nearest = [int(np.argmin(np.abs(state.lmdas - alpha))) for alpha in problem.alphas]
    return PathAnswer(betas[:, nearest], np.asarray(state.intercepts).ravel()[nearest])
