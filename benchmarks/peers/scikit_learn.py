"""scikit-learn: cyclic coordinate descent; saga for classes, a linear program for quantiles."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np

from benchmarks.peers.base import CVAnswer, Job, PathAnswer, Peer, PythonJob
from benchmarks.peers.excise import splits
from benchmarks.peers.strength import inverse
from benchmarks.problems.base import Problem

Fits = list[tuple[Any, Any]]


class ScikitLearn(Peer):
    """``lasso_path`` and ``LassoCV``; more iterations are allowed when less error is asked.

    Classes: ``LogisticRegression`` with saga at every alpha, each from the last: liblinear taxes
    the intercept, and the other solvers have no such penalty. Medians: ``QuantileRegressor`` at
    every alpha, which has no tolerance to ask for: HiGHS's own is 1e-7.
    """

    name = "scikit-learn"
    package = "scikit-learn"
    tol = 1e-4
    ladder = (1e-2, 1e-4, 1e-6, 1e-8, 1e-10)
    losses = ("squared", "logistic", "quantile")
    without = MappingProxyType(
        {
            "logistic-20000x300": "saga takes minutes",
            "logistic-1000x10000": "saga takes minutes",
        }
    )

    def tolerance(self, problem: Problem) -> float:
        return 1e-7 if problem.family == "quantile" else self.tol

    def path(self, problem: Problem, tol: float) -> Job:
        limit = {} if tol >= self.tol else {"max_iter": 1_000_000}
        if problem.family == "logistic":
            return PythonJob(lambda: classes(problem, tol=tol, **limit), stacked)
        if problem.family == "quantile":
            return PythonJob(lambda: quantiles(problem), stacked)
        from sklearn.linear_model import lasso_path

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


def classes(problem: Problem, **limits: float) -> Fits:
    """A logistic path."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(solver="saga", l1_ratio=1.0, warm_start=True, **limits)
    fits = []
    for alpha in problem.alphas:
        model.set_params(C=inverse(alpha, len(problem.y))).fit(problem.X, problem.y)
        fits.append((model.coef_[0].copy(), model.intercept_[0]))
    return fits


def quantiles(problem: Problem) -> Fits:
    """A path of a quantile."""
    from sklearn.linear_model import QuantileRegressor

    model = QuantileRegressor(quantile=problem.parameter)
    fits = []
    for alpha in problem.alphas:
        model.set_params(alpha=alpha).fit(problem.X, problem.y)
        fits.append((model.coef_, model.intercept_))
    return fits


def stacked(fits: Fits) -> PathAnswer:
    """A column per alpha."""
    coefs, intercepts = zip(*fits, strict=True)
    return PathAnswer(np.stack(coefs, axis=1), np.array(intercepts))
