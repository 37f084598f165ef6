"""First coefficients for adaptive weights, and how strong their penalty is if nobody says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from excise.engine import Session
from excise.exceptions import InputError
from excise.losses import Loss, Squared
from excise.null_model import best_intercept
from excise.problem import Problem
from excise.results import Floats, Solution
from excise.schedules.base import Init
from excise.standard import View

MOST = 4000
"""The largest side of a matrix of cross-products for generalised cross-validation."""

DISPERSED = ("squared", "gamma", "tweedie", "huber", "quantile")
"""Losses that are a log-likelihood only up to an unknown factor."""

STRENGTHS = 40
"""Ridges that are tried, over eight orders of magnitude."""


def first_coefficients(
    problem: Problem, init: Init, alpha: float | None
) -> tuple[Floats, Problem, Solution | None]:
    """Coefficients on the scale the penalty acts on, their problem, and their solution.

    "marginal" has no solution: a number per feature, with the sign that its bounds allow.
    """
    if init == "marginal":
        return _marginal(replace(problem, l1_ratio=1.0)), problem, None
    used = replace(problem, l1_ratio=0.0 if init == "ridge" else 1.0)
    session = Session(used)
    if alpha is None:
        alpha = _best_ridge(session) if init == "ridge" else _best_lasso(session)
    found = session.solve_at(alpha)
    return found.coef_std if problem.standardize else found.coef, used, found


def _marginal(problem: Problem) -> Floats:
    """What every feature earns at the null model: c_j of the standard scale, put on the penalty's.

    Of the squared loss it is the coefficient of the simple regression.
    """
    session = Session(problem)
    top = max(2.0 * session.engine.grid_top, np.finfo(np.float64).tiny)
    c = np.asarray(session.engine.path(np.array([top]), None)["correlations"])
    shut = np.where(c > 0.0, problem.upper == 0.0, problem.lower == 0.0)
    c = np.where(shut | (session.columns.scale == 0.0), 0.0, c)
    return c if problem.standardize else np.asarray(c / session.columns.divisor)


def _best_lasso(session: Session) -> float:
    """The choice along the path of the corrected information criterion.

    n log(loss), or twice the log-likelihood, + 2 df n / (n - df - 1), df the features kept and
    the intercept: first coefficients are better too many than too few.
    """
    problem, path = session.problem, session.path(session.grid())
    n = int(np.count_nonzero(problem.weights))
    df = np.diff(path.columns.indptr) + int(problem.fit_intercept)
    misfit = 2.0 * path.train_loss
    if problem.loss.name in DISPERSED:
        floor = np.finfo(np.float64).eps * path.null_loss or 1.0
        misfit = np.log(np.maximum(path.train_loss, floor))
    value = np.full(len(path), np.inf)
    small = df < n / 2
    value[small] = n * misfit[small] + 2.0 * df[small] * n / (n - df[small] - 1.0)
    return float(path.alphas[int(np.argmin(value))])


def _best_ridge(session: Session) -> float:
    """The minimum of loss / (1 - df / n)^2, df those of the model at b = 0.

    With e_k the eigenvalues of the cross-products on the scale where every weight is 1, and h the
    mean bend of the loss (1 for the squared one, where all this is exact),
    df(alpha) = free features + intercept + sum_k e_k h / (e_k h + alpha).
    """
    problem = session.problem
    bend = _bend(problem)
    eigenvalues = bend * _spectrum(problem)
    top = float(eigenvalues.max(initial=0.0))
    if top == 0.0:
        return 0.0
    alphas = top * np.geomspace(10.0, 1e-7, STRENGTHS)
    n = int(np.count_nonzero(problem.weights))
    fixed = int(np.count_nonzero(problem.penalty_weight == 0.0)) + int(problem.fit_intercept)
    df = fixed + (eigenvalues / (eigenvalues + alphas[:, None])).sum(axis=1)
    left = np.maximum(1.0 - df / n, 0.0)
    loss = session.path(alphas).train_loss
    value = np.full(STRENGTHS, np.inf)
    np.divide(loss, left**2, out=value, where=left > 1e-6)
    return float(alphas[int(np.argmin(value))])


def _bend(problem: Problem) -> float:
    """Mean second derivative of the loss at the best intercept."""
    loss, w = problem.loss, problem.weights
    if isinstance(loss, Squared):
        return 1.0
    bend = 0.0
    if isinstance(loss, Loss):
        offset = np.zeros(problem.n) if problem.offset is None else problem.offset
        b0 = best_intercept(loss, problem.y, offset, w) if problem.fit_intercept else 0.0
        bend = float(w @ loss.hessian(problem.y, b0 + offset))
    if not 0.0 < bend < np.inf:
        raise InputError(
            f"no strength is known for the first ridge of the {loss.name} loss",
            remedy="Adaptive(init_alpha=...), or init='lasso' or 'marginal'",
        )
    return bend


def _spectrum(problem: Problem) -> Floats:
    """Eigenvalues of X'WX, columns centred and divided by the root of their weight."""
    view = View(problem)
    weight, scale = problem.penalty_weight, view.columns.scale
    taxed = np.flatnonzero((weight > 0.0) & np.isfinite(weight) & (scale > 0.0))
    least = min(problem.n, len(taxed))
    if least > MOST:
        raise InputError(
            f"X is too large to choose the strength of the first ridge: {least} rows and columns",
            [f"cross-products of {MOST} at most are looked at"],
            "Adaptive(init_alpha=...), or init='lasso' or 'marginal'",
        )
    unit = np.ones(problem.p) if problem.standardize else view.columns.divisor
    factor = unit / np.sqrt(np.where(weight > 0.0, weight, 1.0))
    if problem.n < len(taxed):
        products = np.zeros((problem.n, problem.n))
        for here, block in view.blocks(taxed):
            part = block * factor[here]
            products += part @ part.T
    else:
        whole = np.empty((problem.p, len(taxed)))
        done = 0
        for here, block in view.blocks(taxed):
            whole[:, done : done + len(here)] = view.correlate(block * factor[here])
            done += len(here)
        products = whole[taxed] * factor[taxed, None]
    return np.asarray(np.maximum(np.linalg.eigvalsh(products), 0.0))
