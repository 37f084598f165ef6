"""Ridge with more columns than rows, through an n x n system instead of a p x p one.

With rows times sqrt(w), centred, the minimiser of ``|r - A b|^2 / 2 + alpha |b|^2 / 2`` is
``b = A' (A A' + alpha I)^-1 r`` (the push-through identity), and as alpha falls to 0 the
solution of least norm. X is read twice, a block of columns at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from excise.certify import certify_problem
from excise.results import Solution, Status
from excise.standard import column_blocks, column_scale, target

if TYPE_CHECKING:
    from excise.problem import Problem

SAFE = 1e-9
"""Above this share of the largest row of the kernel, alpha alone keeps the system well posed."""


def is_wide_ridge(problem: Problem) -> bool:
    """Whether `problem` is a ridge without bounds, on the original scale, with p > n."""
    free = np.isinf(problem.lower).all() and np.isinf(problem.upper).all()
    return bool(problem.l1_ratio == 0.0 and problem.p > problem.n and free)


def solve_wide_ridge(problem: Problem, alpha: float) -> Solution:
    """The certified solution at one alpha.

    Parameters
    ----------
    problem : Problem
        With ``is_wide_ridge(problem)``, penalty weights 1, and ``standardize=False``.
    alpha : float
    """
    columns, goal = column_scale(problem), target(problem)
    root = np.sqrt(problem.weights)
    kernel = np.zeros((problem.n, problem.n))
    for index, block in column_blocks(problem, columns):
        block *= columns.divisor[index] * root[:, None]
        kernel += block @ block.T
    dual = root * _solve(kernel, alpha, root * goal.values)
    coef = np.zeros(problem.p)
    for index, block in column_blocks(problem, columns):
        coef[index] = columns.divisor[index] * (dual @ block) * goal.unit
    intercept = float(goal.mean - columns.mean @ coef)
    certificate = certify_problem(problem, coef, intercept, alpha)
    return Solution(
        alpha=alpha,
        coef=coef,
        intercept=intercept,
        coef_std=coef * columns.scale,
        certificate=certificate,
        status=Status.OPTIMAL if certificate.relative_gap <= problem.tol else Status.STALLED,
        feature_names=problem.feature_names,
        n_factorizations=1,
    )


def _solve(
    kernel: NDArray[np.float64], alpha: float, r: NDArray[np.float64]
) -> NDArray[np.float64]:
    """``(kernel + alpha I)^-1 r``, without the directions in which the kernel is only rounding.

    Those are lost in ``A' (...)`` anyway; dividing by them would bring the rounding back.
    """
    system = kernel + alpha * np.eye(len(r))
    if alpha > SAFE * np.max(np.diag(kernel), initial=0.0):
        solved: NDArray[np.float64] = cho_solve(cho_factor(system, overwrite_a=True), r)
        return solved
    return np.asarray(np.linalg.lstsq(system, r, rcond=None)[0], dtype=np.float64)
