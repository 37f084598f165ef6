"""A slow, tight solver for every loss, and problems to solve: the truth that certificates meet.

Proximal Newton with coordinate descent inside, a linear program for the quantile loss; dense, one
alpha, no thought of speed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import linprog

from excise.certify import certify_problem
from excise.losses import Loss, loss_of
from excise.null_model import best_intercept
from excise.problem import Problem, make_problem
from excise.standard import View
from excise.taxes import Penalty, penalty_at

Array = np.ndarray


def data(loss: Loss, n: int = 60, p: int = 12, seed: int = 0) -> tuple[Array, Array]:
    """Correlated columns and a target that the loss can be fitted to."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    X[:, 1:] = 0.6 * X[:, :-1] + 0.8 * X[:, 1:]
    eta = X[:, :4] @ np.array([0.8, -0.6, 0.4, 0.3][: min(4, p)]) + 0.3
    if "classes" in loss.domain:
        return X, (rng.random(n) < 1.0 / (1.0 + np.exp(-2.0 * eta))).astype(float)
    if loss.domain.startswith("counts"):
        return X, rng.poisson(np.exp(eta)).astype(float)
    if loss.name == "gamma":
        return X, rng.gamma(2.0, np.exp(eta) / 2.0)
    if loss.name == "tweedie":
        return X, rng.gamma(2.0, np.exp(eta) / 2.0) * (rng.random(n) < 0.7)
    return X, eta + rng.standard_t(3, n)


def objective(X: Array, y: Array, coef: Array, b0: float, alpha: float, **settings: Any) -> float:
    """The objective of docs/objective.md, written out once more."""
    problem = make_problem(X, y, **settings)
    w, v = problem.weights, problem.penalty_weight
    centre = w @ X if problem.fit_intercept else np.zeros(X.shape[1])
    scale = np.sqrt(w @ (X - centre) ** 2) if problem.standardize else 1.0
    eta = b0 + X @ coef + (0.0 if problem.offset is None else problem.offset)
    seen = w > 0.0
    b = coef * scale
    paid = np.where(np.isinf(v), 0.0, v) * (
        problem.l1_ratio * np.abs(b) + (1.0 - problem.l1_ratio) * b**2 / 2
    )
    rows = problem.loss.value(problem.y[seen], eta[seen])
    return float(w[seen] @ rows + alpha * paid.sum())


def worst(X: Any, y: Any, path: Any, settings: dict[str, Any]) -> float:
    """The largest relative gap, by the verifier; at a vertex whose dual it misses, by a solver."""
    return max(missing(X, y, path, k, settings) for k in range(len(path.alphas)))


def missing(X: Any, y: Any, path: Any, k: int, settings: dict[str, Any]) -> float:
    """What alpha k lacks, over the null loss: no more than this."""
    coef, intercept = path.columns.column(k), float(path.intercepts[k])
    alpha = float(path.alphas[k])
    gap = certify_problem(path.problem, coef, intercept, alpha).relative_gap
    if gap < 1e-9 or not path.problem.loss.kinked:
        return gap
    best = objective(X, y, *solve(X, y, alpha, **settings), alpha, **settings)
    return (objective(X, y, coef, intercept, alpha, **settings) - best) / path.null_loss


def solve(X: Array, y: Array, alpha: float, **settings: Any) -> tuple[Array, float]:
    """Coefficients and intercept on the original scale."""
    problem = make_problem(X, y, **settings)
    view = View(problem)
    scale, mean = view.columns.divisor, view.columns.mean
    seen = problem.weights > 0.0
    Z = (np.asarray(X, dtype=float)[seen] - mean) / scale
    pen = penalty_at(problem, view.columns, alpha)
    offset = np.zeros(problem.n) if problem.offset is None else problem.offset
    rows = (problem.y[seen], offset[seen], problem.weights[seen])
    method = _program if problem.loss.kinked else _newton
    b0, b = method(problem, Z, pen, *rows)
    coef = b / scale
    return coef, float(b0 - mean @ coef) if problem.fit_intercept else 0.0


def _newton(
    problem: Problem, Z: Array, pen: Penalty, y: Array, offset: Array, w: Array
) -> tuple[float, Array]:
    loss, A = problem.loss, np.column_stack([np.ones(len(y)), Z])
    tax, ridge = np.r_[0.0, pen.tax], np.r_[0.0, pen.ridge]
    end = np.inf if problem.fit_intercept else 0.0
    lower, upper = np.r_[-end, pen.lower], np.r_[end, pen.upper]
    lower[1:][pen.excluded], upper[1:][pen.excluded] = 0.0, 0.0
    x = np.zeros(A.shape[1])
    if problem.fit_intercept:
        x[0] = best_intercept(loss, y, offset, w)

    def value(x: Array) -> float:
        rows = loss.value(y, offset + A @ x)
        return float(w @ rows + np.sum(tax * np.abs(x) + ridge * x**2 / 2))

    calm = 0
    for _ in range(200):
        eta = offset + A @ x
        slope = A.T @ (w * loss.gradient(y, eta))
        bend = A.T @ (A * (w * loss.hessian(y, eta))[:, None])
        bend += 1e-9 * np.trace(bend) / len(bend) * np.eye(len(bend)) + 1e-14 * np.eye(len(bend))
        new = _descend(bend, slope, x, tax, ridge, lower, upper)
        step, t, here = new - x, 1.0, value(x)
        while value(x + t * step) > here + 1e-15 * abs(here) and t > 1e-8:
            t /= 2.0
        x = new if t == 1.0 else x + t * step
        calm = calm + 1 if np.max(np.abs(step)) <= 1e-14 * (1.0 + np.max(np.abs(x))) else 0
        if calm == 2:
            break
    return float(x[0]), x[1:]


def _descend(
    bend: Array, slope: Array, x: Array, tax: Array, ridge: Array, lower: Array, upper: Array
) -> Array:
    """The minimum of the quadratic model, one coordinate at a time."""
    new, grad = x.copy(), slope.copy()
    for _ in range(5000):
        largest = 0.0
        for j in range(len(x)):
            if lower[j] == upper[j]:
                continue
            pull = bend[j, j] * new[j] - grad[j]
            raw = np.sign(pull) * max(abs(pull) - tax[j], 0.0) / (bend[j, j] + ridge[j])
            raw = min(max(raw, lower[j]), upper[j])
            if raw != new[j]:
                grad += bend[:, j] * (raw - new[j])
                largest = max(largest, abs(raw - new[j]))
                new[j] = raw
        if largest <= 1e-16 * (1.0 + np.max(np.abs(new))):
            break
    return new


def _program(
    problem: Problem, Z: Array, pen: Penalty, y: Array, offset: Array, w: Array
) -> tuple[float, Array]:
    """The quantile loss without ridge as a linear program: x = [b0, b+, b-, r+, r-]."""
    assert not pen.ridge.any()
    n, p = Z.shape
    q = loss_of(problem.loss).q  # type: ignore[attr-defined]
    scale = 1.0 / w.mean()  # HiGHS has absolute tolerances
    cost = scale * np.r_[0.0, pen.tax, pen.tax, q * w, (1.0 - q) * w]
    A = np.hstack([np.ones((n, 1)), Z, -Z, np.eye(n), -np.eye(n)])
    top = np.where(pen.excluded, 0.0, pen.upper)
    low = np.where(pen.excluded, 0.0, -pen.lower)
    ends = [(None, None) if problem.fit_intercept else (0.0, 0.0)]
    ends += [(0.0, None if np.isinf(one) else one) for one in (*top, *low)]
    ends += [(0.0, None)] * (2 * n)
    found = linprog(cost, A_eq=A, b_eq=y - offset, bounds=ends, method="highs-ds")
    x = found.x
    return float(x[0]), x[1 : p + 1] - x[p + 1 : 2 * p + 1]
