"""The proof, recomputed from the data alone, for coefficients from anywhere.

Nothing here uses the compiled core: three passes over X in numpy, a block of columns at a time,
in float64 whatever X is. The theory is in `excise.duality`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise.duality import (
    EPS,
    TIE,
    DualPoint,
    Ray,
    Size,
    certificate_from,
    duality_gap,
    open_sides,
    reach,
    safe_radius,
)
from excise.exceptions import InputError
from excise.problem import Problem, check_alpha, check_coef, check_intercept, make_problem
from excise.results import Certificate, Floats
from excise.standard import (
    ColumnScale,
    Penalty,
    Target,
    allowed,
    column_blocks,
    column_scale,
    penalty_at,
    target,
)

DEPENDENT = 1e-9
"""A column is dependent if less than this share of it lies outside the span of the others."""

NOISE = 1e-13
"""Correlations below this share of |y| are rounding."""

Mask = NDArray[np.bool_]


def certify(
    X: Any, y: Any, coef: Any, intercept: float, alpha: float, **problem: Any
) -> Certificate:
    """Bound how far given coefficients are from the optimum, and judge every zero.

    Parameters
    ----------
    X : array or data frame, shape (n, p)
    y : array, shape (n,)
    coef : array, shape (p,)
        On the original scale, from any tool.
    intercept : float
    alpha : float
        In excise's objective; docs/objective.md converts from other tools.
    **problem
        The settings of `excise.problem.make_problem`.

    Returns
    -------
    Certificate
        With ``gap >= objective - optimum``, one verdict per feature, and whether the optimum is
        unique.

    Raises
    ------
    InputError, InputTypeError
        If the data or the coefficients cannot be used, or break the problem's own bounds.

    References
    ----------
    Ndiaye, Fercoq, Gramfort and Salmon, "Gap safe screening rules for sparsity enforcing
    penalties", JMLR 18, 2017.
    """
    checked = make_problem(X, y, **problem)
    given = check_coef(coef, checked), check_intercept(intercept, checked)
    return certify_problem(checked, *given, check_alpha(alpha))


def certify_problem(problem: Problem, coef: Floats, intercept: float, alpha: float) -> Certificate:
    """`certify` for a checked problem and checked coefficients."""
    columns, goal, w = column_scale(problem), target(problem), problem.weights
    pen = penalty_at(problem, columns, alpha, goal.unit)
    b = _within_bounds(coef * columns.divisor / goal.unit, pen, problem)
    r = goal.values - _predict(problem, columns, b)
    if problem.fit_intercept:
        r -= w @ r
    excess = _intercept_excess(problem, goal, columns, coef, intercept)
    c, at_null = _correlate(problem, columns, np.stack([w * r, w * goal.values], axis=1)).T
    null = float(w @ goal.values**2) / 2
    noise = NOISE * float(np.sqrt(2.0 * null))
    size = Size(goal.unit, null, _top_tax(problem, columns, pen, at_null, goal.values, noise))
    point = _dual_point(problem, columns, r, b, c, pen, noise)
    made = certificate_from(b, c, float(w @ r**2), pen, size, point, excess)
    unique, twins = _uniqueness(problem, columns, b, c, pen, point, size)
    return replace(made, unique=unique, twins=twins)


def _intercept_excess(
    problem: Problem, goal: Target, columns: ColumnScale, coef: Floats, intercept: float
) -> float:
    """Loss that the best intercept would save; none if it is the best to its last digits."""
    shift = intercept - goal.mean + float(columns.mean @ coef)
    size = float(np.abs(problem.y).max()) + float(np.abs(columns.mean) @ np.abs(coef))
    size += 0.0 if problem.offset is None else float(np.abs(problem.offset).max())
    return 0.0 if abs(shift) <= 4.0 * EPS * size else (shift / goal.unit) ** 2 / 2


def _within_bounds(b: Floats, pen: Penalty, problem: Problem) -> Floats:
    """b, moved by rounding at most; refused if it breaks its bounds by more."""
    inside = np.clip(b, pen.lower, pen.upper)
    broken = np.flatnonzero(np.abs(b - inside) > 1e-12 * np.abs(inside))
    if len(broken) == 0:
        return inside
    j = int(broken[0])
    if np.isinf(problem.penalty_weight[j]):
        raise InputError(
            f"coef is not zero for {problem.feature(j)}, which penalty_weight = inf excludes"
        )
    raise InputError(
        f"coef breaks its bounds for {problem.feature(j)}",
        remedy="pass the bounds that the coefficients were fitted with",
    )


def _predict(problem: Problem, columns: ColumnScale, b: Floats) -> Floats:
    """Z b, reading only the columns where b is not zero."""
    eta = np.zeros(problem.n)
    for index, block in column_blocks(problem, columns, np.flatnonzero(b)):
        eta += block @ b[index]
    return eta


def _correlate(problem: Problem, columns: ColumnScale, vectors: Floats) -> Floats:
    """Z'V, shape (p, k)."""
    out = np.empty((problem.p, vectors.shape[1]))
    for index, block in column_blocks(problem, columns):
        out[index] = block.T @ vectors
    return out


def _gather(problem: Problem, columns: ColumnScale, index: NDArray[np.intp]) -> Floats:
    """The chosen columns of Z with rows multiplied by sqrt(w), a copy."""
    chosen = [block for _, block in column_blocks(problem, columns, index)]
    stacked = np.concatenate(chosen, axis=1) if chosen else np.empty((problem.n, 0))
    return stacked * np.sqrt(problem.weights)[:, None]


def _top_tax(
    problem: Problem, columns: ColumnScale, pen: Penalty, at_null: Floats, y: Floats, noise: float
) -> float:
    """alpha_max * l1_ratio: most earned, per unit of weight, with only unpenalised features in.

    Their bounds are left aside; with nothing to tax, it is the largest gradient at b = 0.
    """
    free = np.flatnonzero((problem.penalty_weight == 0.0) & ~pen.excluded)
    if len(free):
        root = np.sqrt(problem.weights)
        basis, rest = _span(problem, columns, free), root * y
        rest = rest - basis @ (basis.T @ rest)
        left = _correlate(problem, columns, (root * rest)[:, None])[:, 0]
    else:
        left = at_null
    taxed = (problem.penalty_weight > 0.0) & ~pen.excluded
    earned = np.where(np.abs(left) > noise, allowed(left, pen), 0.0)[taxed] * pen.unit[taxed]
    most = float(np.max(earned / problem.penalty_weight[taxed], initial=0.0))
    return most if most > 0.0 else float(np.max(np.abs(at_null) * pen.unit, initial=0.0))


def _dual_point(
    problem: Problem,
    columns: ColumnScale,
    r: Floats,
    b: Floats,
    c: Floats,
    pen: Penalty,
    noise: float,
) -> DualPoint:
    """A feasible theta: the residual, projected off the features that pay nothing, then scaled.

    A feature without bounds whose tax is below the rounding of c allows only z_j'W theta = 0;
    one with a bound on one side joins them if its sign is wrong. Where that leaves a gap, the
    residual is first moved, as little as possible, to where the features inside earn exactly
    what they pay: then the gap is of second order in the distance to the optimum.
    """
    up, down = open_sides(pen)
    bare = (pen.tax <= noise) & ~pen.excluded
    closed = bare & up & down
    residual = np.sqrt(problem.weights) * r

    def wrong(z: Floats) -> Mask:
        return np.asarray(bare & ((up & (z > noise)) | (down & (z < -noise)) | closed) & (z != 0.0))

    theta, z = residual, c
    while np.any(wrong(z)):
        closed |= wrong(z)
        basis = _span(problem, columns, np.flatnonzero(closed))
        for _ in range(2):
            theta = theta - basis @ (basis.T @ theta)
        z = _seen(problem, columns, theta, closed)
    point = duality_gap(b, _ray(residual, theta, z), pen)
    if point.gap <= noise**2:
        return point
    inside = closed | ((b != 0.0) & (b > pen.lower) & (b < pen.upper))
    moved = _moved(problem, columns, residual, b, c, pen, np.flatnonzero(inside))
    if moved is None:
        return point
    z = _seen(problem, columns, moved, closed)
    other = point if np.any(wrong(z)) else duality_gap(b, _ray(residual, moved, z), pen)
    return min(point, other, key=lambda one: one.gap)


def _seen(problem: Problem, columns: ColumnScale, theta: Floats, closed: Mask) -> Floats:
    """Correlations with sqrt(W) theta, exactly 0 where theta was projected."""
    z = _correlate(problem, columns, (np.sqrt(problem.weights) * theta)[:, None])[:, 0]
    z[closed] = 0.0
    return z


def _ray(residual: Floats, theta: Floats, z: Floats) -> Ray:
    square = float(theta @ theta)
    foot = float(residual @ theta) / square if square > 0.0 else 1.0
    return Ray(z, square, foot, float(np.sum((residual - foot * theta) ** 2)))


def _moved(
    problem: Problem,
    columns: ColumnScale,
    residual: Floats,
    b: Floats,
    c: Floats,
    pen: Penalty,
    inside: NDArray[np.intp],
) -> Floats | None:
    """The point nearest to the residual with z_j = tax_j sign(b_j) + ridge_j b_j inside."""
    if not 0 < len(inside) <= problem.n:
        return None
    Q, R = np.linalg.qr(_gather(problem, columns, inside))
    if np.any(np.abs(np.diag(R)) <= DEPENDENT):
        return None
    wanted = pen.tax[inside] * np.sign(b[inside]) + pen.ridge[inside] * b[inside]
    return np.asarray(residual + Q @ np.linalg.solve(R.T, wanted - c[inside]))


def _span(problem: Problem, columns: ColumnScale, index: NDArray[np.intp]) -> Floats:
    """An orthonormal basis of the chosen columns of sqrt(W) Z."""
    root, basis = np.sqrt(problem.weights)[:, None], np.empty((problem.n, 0))
    for _, block in column_blocks(problem, columns, index):
        rest = block * root
        for _ in range(2):
            rest = rest - basis @ (basis.T @ rest)
        left, values, _ = np.linalg.svd(rest, full_matrices=False)
        basis = np.concatenate([basis, left[:, values > 1e-13]], axis=1)
    return basis


def _uniqueness(
    problem: Problem,
    columns: ColumnScale,
    b: Floats,
    c: Floats,
    pen: Penalty,
    point: DualPoint,
    size: Size,
) -> tuple[bool | None, tuple[tuple[int, ...], ...]]:
    """Whether the optimum is unique, and otherwise who could swap with whom.

    All optima share Z b and every ridge-penalised b_j, and are zero wherever that is proved. So
    they are one if the other columns are independent (Tibshirani, EJS 7, 2013). They are several
    if a column depends on those inside (b_j != 0, off its bounds) and is inside too or earns
    its whole tax: moving along the dependence changes neither Z b nor the tax paid.
    """
    undecided = reach(point.z, safe_radius(point.gap, size.null), pen) >= pen.tax
    undecided &= (pen.ridge == 0.0) & ~pen.excluded
    if _independent(problem, columns, np.flatnonzero(undecided)):
        return True, ()
    if point.gap > TIE * size.null:
        return None, ()
    inside = undecided & (b != 0.0) & (b > pen.lower) & (b < pen.upper)
    ties = undecided & (b == 0.0) & (allowed(c, pen) >= pen.tax * (1.0 - TIE))
    twins = _dependent_groups(problem, columns, inside, ties)
    return (False if twins else None), twins


def _independent(problem: Problem, columns: ColumnScale, index: NDArray[np.intp]) -> bool:
    if len(index) > problem.n:
        return False
    R = np.linalg.qr(_gather(problem, columns, index), mode="r")
    return bool(np.all(np.abs(np.diag(R)) > DEPENDENT))


def _dependent_groups(
    problem: Problem, columns: ColumnScale, inside: Mask, ties: Mask
) -> tuple[tuple[int, ...], ...]:
    """Each column that depends on earlier ones inside, with those that its combination needs."""
    order = np.concatenate([np.flatnonzero(inside), np.flatnonzero(ties)])
    Z = _gather(problem, columns, order)
    basis = np.empty((problem.n, 0))
    chosen: list[int] = []
    groups: list[tuple[int, ...]] = []
    for k, j in enumerate(order):
        rest = Z[:, k]
        for _ in range(2):
            rest = rest - basis @ (basis.T @ rest)
        length = float(np.linalg.norm(rest))
        if length <= DEPENDENT:
            share = np.linalg.lstsq(Z[:, np.array(chosen)], Z[:, k], rcond=None)[0]
            partners = order[np.array(chosen)[np.abs(share) > 1e-6]]
            groups.append(tuple(sorted({int(j), *map(int, partners)})))
        elif inside[j]:
            chosen.append(k)
            basis = np.concatenate([basis, rest[:, None] / length], axis=1)
    return tuple(groups)
