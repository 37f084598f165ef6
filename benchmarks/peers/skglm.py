"""skglm: working sets and Anderson-accelerated coordinate descent, compiled by numba."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from benchmarks.peers.base import Job, PathAnswer, Peer, PythonJob
from benchmarks.problems.base import Problem


class Skglm(Peer):
    """``Lasso.path``, and the solvers of its own estimators for other losses and for groups.

    Compilation happens before the first timed run. There is no path of other losses: each alpha
    starts from the answer to the last.
    """

    name = "skglm"
    package = "skglm"
    tol = 1e-4
    ladder = (1e-2, 1e-4, 1e-6, 1e-8, 1e-10)
    losses = ("squared", "logistic", "poisson", "gamma", "cox")
    penalties = ("l1", "group", "sparse_group")
    tight = 1e-5
    without = MappingProxyType(
        {
            "quantile": "its solver for quantiles fits no intercept",
            "poisson-20000x300": "takes minutes",
        }
    )

    def path(self, problem: Problem, tol: float) -> Job:
        if problem.group_size:
            blocks(replace(problem, X=problem.X[:, : 2 * problem.group_size].copy("F")), tol)
            return PythonJob(lambda: blocks(problem, tol), read)
        if not problem.squared:
            newton(replace(problem, X=problem.X[:, :3].copy("F"), n_alphas=2), tol)
            return PythonJob(lambda: newton(problem, tol), read)
        from skglm import Lasso

        model = Lasso(tol=tol, fit_intercept=False, warm_start=True)
        corner = problem.X[:20, :3]
        model.path(
            corner if problem.sparse else corner.copy("F"), problem.y[:20], problem.alphas[:2]
        )

        def work() -> np.ndarray:
            return model.path(problem.X, problem.y, problem.alphas)[1]

        return PythonJob(work, lambda coefs: PathAnswer(coefs[: problem.X.shape[1]]))


def newton(problem: Problem, tol: float) -> np.ndarray:
    """A path of another loss, its intercept in the last row."""
    from skglm import datafits
    from skglm.penalties import L1
    from skglm.solvers import ProxNewton

    loss, y = getattr(datafits, problem.family.capitalize())(), problem.y
    if problem.family == "logistic":
        y = 2.0 * y - 1.0
    more = problem.fit_intercept
    solver = ProxNewton(tol=tol, fit_intercept=more)
    answers: list[Any] = []
    w, eta = np.zeros(problem.X.shape[1] + more), np.zeros(len(y))
    for alpha in problem.alphas:
        w = solver.solve(problem.X, y, loss, L1(alpha), w.copy(), eta)[0]
        eta = problem.X @ w[: problem.X.shape[1]] + (w[-1] if more else 0.0)
        answers.append(w if more else np.append(w, 0.0))
    return np.stack(answers, axis=1)


def blocks(problem: Problem, tol: float) -> np.ndarray:
    """A path of groups by ``GroupBCD``, as its ``GroupLasso`` does, and a row of no intercepts.

    As for other losses each alpha starts from the answer to the last.
    """
    from skglm.datafits import QuadraticGroup
    from skglm.penalties import WeightedGroupL2, WeightedL1GroupL2
    from skglm.solvers import GroupBCD

    X, p, size = problem.X, problem.X.shape[1], problem.group_size
    ptr, indices = np.arange(0, p + 1, size, dtype=np.int32), np.arange(p, dtype=np.int32)
    weights, share = np.full(p // size, np.sqrt(size)), problem.tax.own_share
    how = "subdiff" if share == 0.0 else "fixpoint"  # the sparse penalty has no other
    solver = GroupBCD(max_iter=50, max_epochs=50_000, tol=tol, ws_strategy=how)
    answers, w, eta = [], np.zeros(p), np.zeros(len(problem.y))
    for alpha in problem.alphas:
        if share == 0.0:
            tax = WeightedGroupL2(alpha, weights, ptr, indices)
        else:
            tax = WeightedL1GroupL2(alpha, (1.0 - share) * weights, np.full(p, share), ptr, indices)
        w = solver.solve(X, problem.y, QuadraticGroup(ptr, indices), tax, w.copy(), eta)[0]
        eta = X @ w
        answers.append(np.append(w, 0.0))
    return np.stack(answers, axis=1)


def read(table: np.ndarray) -> PathAnswer:
    """Coefficients above, intercepts below."""
    return PathAnswer(table[:-1], table[-1])
