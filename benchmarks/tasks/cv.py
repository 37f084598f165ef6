"""10-fold cross-validation of the whole path, everybody on the same folds."""

from __future__ import annotations

import warnings

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.measure import interleaved
from benchmarks.peers.excise import splits
from benchmarks.problems import Problem
from benchmarks.tasks.base import Result, Settings

PROBLEMS = ("nci60", "ar5-1000x5000", "ar5-20000x500")


def measure(problem: Problem, settings: Settings, n_folds: int = 10) -> Result:
    """Time every peer that takes given folds; compare the held-out error curves with ours."""
    folds = np.random.default_rng(0).permutation(np.arange(len(problem.y)) % n_folds)
    rows = []
    threads = problem.threads_for(n_folds)
    with threadpool_limits(threads), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        able = {
            peer: job for peer in settings.peers if (job := peer.cv(problem, folds)) is not None
        }
        try:
            works = {peer.name: job.run for peer, job in able.items()}
            runs = interleaved(works, budget=settings.budget, most=7)
            answers = {peer.name: job.answer() for peer, job in able.items()}
        finally:
            for job in able.values():
                job.close()
    ours = our_curves(problem, folds)
    for peer in able:
        answer = answers[peer.name]
        difference = np.abs(answer.mean / ours[answer.by_rows] - 1).max()
        rows.append(
            {
                "peer": peer.name,
                "version": peer.version,
                "tol": peer.tol,
                **runs[peer.name].facts,
                "curve_difference": float(difference),
            }
        )
    return {
        "task": "cv",
        **problem.facts,
        "n_folds": n_folds,
        "threads": threads,
        "rows": rows,
    }


def our_curves(problem: Problem, folds: np.ndarray) -> dict[bool, np.ndarray]:
    """Our held-out error per alpha, averaged over folds (False) and over rows (True)."""
    import excise

    cv = excise.fit_cv(problem.X, problem.y, cv=splits(folds), alphas=problem.alphas)
    per_fold = cv.folds[: problem.n_alphas]
    sizes = np.bincount(folds)
    return {False: per_fold.mean(axis=1), True: per_fold @ sizes / sizes.sum()}
