"""glum: Newton steps on the whole Hessian, each solved by coordinate descent."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.peers.base import Job, PathAnswer, Peer, PythonJob
from benchmarks.problems.base import Problem

FAMILIES = {"squared": "normal", "logistic": "binomial", "poisson": "poisson", "gamma": "gamma"}


class Glum(Peer):
    """``GeneralizedLinearRegressor`` at given alphas.

    Its objective is sum_i s_i d(y_i, eta_i) / (2 sum s) + alpha * l1_ratio * ||b||_1 + ..., d the
    deviance of the family: with l1_ratio = 1, ours with the same alpha. It forms the p x p Hessian
    anew in every step of every alpha, so it is not asked for wide tables. No cross-validation: its
    ``...CV`` class takes given folds, but at every alpha of every fold that same cost (minutes on
    the tables measured).
    """

    name = "glum"
    package = "glum"
    tol = 1e-4
    ladder = (1e-2, 1e-4, 1e-6, 1e-8, 1e-10)
    most_columns = 2500
    losses = ("squared", "logistic", "poisson", "gamma", "tweedie")

    def path(self, problem: Problem, tol: float) -> Job:
        from glum import GeneralizedLinearRegressor, TweedieDistribution

        if problem.family == "tweedie":
            family = TweedieDistribution(problem.parameter)
        else:
            family = FAMILIES[problem.family]
        model = GeneralizedLinearRegressor(
            l1_ratio=1.0,
            family=family,
            link="auto" if problem.family in ("squared", "logistic") else "log",
            fit_intercept=problem.fit_intercept,
            alpha_search=True,
            alphas=problem.alphas,
            gradient_tol=tol,
            copy_X=False,
        )

        def work() -> tuple[Any, Any]:
            model.fit(problem.X, problem.y)
            return model.coef_path_, model.intercept_path_

        return PythonJob(work, read)


def read(paths: tuple[Any, Any]) -> PathAnswer:
    """Turn paths with a row per alpha round; that of intercepts is one zero if there are none."""
    coefs, intercepts = map(np.asarray, paths)
    return PathAnswer(coefs.T, intercepts if intercepts.ndim else float(intercepts))
