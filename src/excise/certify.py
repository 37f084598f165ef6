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
from excise.standard import Penalty, Target, View, allowed, penalty_at, target

DEPENDENT = 1e-9
"""A column is dependent if less than this share of it lies outside the span of the others."""

CLEAR = 1e-6
"""A share so large that the squares of a Gram matrix show it."""

MOST_WORK, MOST_COLUMNS = 1e10, 4000
"""Multiply-adds that go into factoring columns of a sparse table written out, and how many columns
go into a Gram matrix."""

NOISE = 1e-13
"""Correlations below this share of |y| are rounding."""

Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]


def certify(
    X: Any, y: Any, coef: Any, intercept: float, alpha: float, **problem: Any
) -> Certificate:
    """Bound how far given coefficients are from the optimum, and judge every zero.

    Parameters
    ----------
    X : array, data frame or Design, shape (n, p)
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
    view, goal = View(problem), target(problem)
    pen = penalty_at(problem, view.columns, alpha, goal.unit)
    b = _within_bounds(coef * view.columns.divisor / goal.unit, pen, problem)
    y = view.root * goal.values
    r = y - view.predict(b)
    if problem.fit_intercept:
        r -= view.root * (view.root @ r)
    c, at_null = view.correlate(np.stack([r, y], axis=1)).T
    null = float(y @ y) / 2
    noise = NOISE * float(np.sqrt(2.0 * null))
    size = Size(goal.unit, null, _top_tax(view, pen, at_null, y, noise))
    point = _dual_point(view, pen, r, b, c, noise)
    excess = _intercept_excess(view, goal, coef, intercept)
    made = certificate_from(b, c, float(r @ r), pen, size, point, excess)
    unique, twins = _uniqueness(view, pen, b, c, point, size)
    return replace(made, unique=unique, twins=twins)


def _within_bounds(b: Floats, pen: Penalty, problem: Problem) -> Floats:
    """Return b, moved by rounding at most; refuse it if it breaks its bounds by more."""
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


def _intercept_excess(view: View, goal: Target, coef: Floats, intercept: float) -> float:
    """Loss that the best intercept would save; none if it is the best to its last digits."""
    problem, mean = view.problem, view.columns.mean
    shift = intercept - goal.mean + float(mean @ coef)
    size = float(np.abs(problem.y).max()) + float(np.abs(mean) @ np.abs(coef))
    size += 0.0 if problem.offset is None else float(np.abs(problem.offset).max())
    return 0.0 if abs(shift) <= 4.0 * EPS * size else (shift / goal.unit) ** 2 / 2


def _top_tax(view: View, pen: Penalty, at_null: Floats, y: Floats, noise: float) -> float:
    """alpha_max * l1_ratio: most earned, per unit of weight, with only unpenalised features in.

    Their bounds are left aside; with nothing to tax, it is the largest gradient at b = 0.
    """
    weight, left = view.problem.penalty_weight, at_null
    free = np.flatnonzero((weight == 0.0) & ~pen.excluded)
    if len(free):
        basis = view.span(free)
        left = view.correlate(y - basis @ (basis.T @ y))
    taxed = (weight > 0.0) & ~pen.excluded
    earned = np.where(np.abs(left) > noise, allowed(left, pen), 0.0)[taxed] * pen.unit[taxed]
    most = float(np.max(earned / weight[taxed], initial=0.0))
    return most if most > 0.0 else float(np.max(np.abs(at_null) * pen.unit, initial=0.0))


def _dual_point(
    view: View, pen: Penalty, r: Floats, b: Floats, c: Floats, noise: float
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

    def wrong(z: Floats) -> Mask:
        return np.asarray(bare & ((up & (z > noise)) | (down & (z < -noise)) | closed) & (z != 0.0))

    def seen(theta: Floats) -> Floats:
        return np.where(closed, 0.0, view.correlate(theta))

    theta, z = r, c
    while np.any(wrong(z)):
        closed |= wrong(z)
        if _too_many(view, np.flatnonzero(closed)):  # theta = 0 is feasible, and says little
            theta, z = np.zeros_like(r), np.zeros_like(c)
            break
        basis = view.span(np.flatnonzero(closed))
        for _ in range(2):
            theta = theta - basis @ (basis.T @ theta)
        z = seen(theta)
    z = np.where(bare & (np.abs(z) <= noise), 0.0, z)  # only rounding: feasible at any tax
    point = duality_gap(b, _ray(r, theta, z), pen, noise)
    inside = closed | ((b != 0.0) & (b > pen.lower) & (b < pen.upper))
    moved = None if point.gap <= noise**2 else _moved(view, pen, r, b, c, np.flatnonzero(inside))
    if moved is None or np.any(wrong(z := seen(moved))):
        return point
    return min(point, duality_gap(b, _ray(r, moved, z), pen, noise), key=lambda one: one.gap)


def _ray(r: Floats, theta: Floats, z: Floats) -> Ray:
    square = float(theta @ theta)
    foot = float(r @ theta) / square if square > 0.0 else 1.0
    return Ray(z, square, foot, float(np.sum((r - foot * theta) ** 2)))


def _moved(
    view: View, pen: Penalty, r: Floats, b: Floats, c: Floats, inside: Indices
) -> Floats | None:
    """The point nearest to r where z_j = tax_j sign(b_j) + ridge_j b_j inside."""
    if not 0 < len(inside) <= view.problem.n:
        return None
    change = pen.tax[inside] * np.sign(b[inside]) + pen.ridge[inside] * b[inside] - c[inside]
    if (factor := _clear_factor(view, inside)) is not None:
        from scipy.linalg import cho_solve

        step = np.zeros(view.problem.p)
        step[inside] = cho_solve((factor, True), change)
        return np.asarray(r + view.predict(step))
    if _too_many(view, inside):
        return None
    Q, R = np.linalg.qr(view.gather(inside))
    if np.any(np.abs(np.diag(R)) <= DEPENDENT):
        return None
    return np.asarray(r + Q @ np.linalg.solve(R.T, change))


def _clear_factor(view: View, index: Indices) -> Floats | None:
    """The Cholesky factor of sparse columns, where they are clearly independent.

    It costs what their entries cost, but sees distances from the span down to `CLEAR` only; for
    the rest, and for dense columns, there is the QR factorisation.
    """
    if not view.problem.design.sparse or not 0 < len(index) <= MOST_COLUMNS:
        return None
    try:
        factor = np.asarray(np.linalg.cholesky(view.gram(index)), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None
    return factor if factor.diagonal().min() > CLEAR else None


def _too_many(view: View, index: Indices) -> bool:
    """Whether sparse columns written out are too many to be factored in a second or so."""
    return view.problem.design.sparse and view.problem.n * len(index) ** 2 > MOST_WORK


def _uniqueness(
    view: View, pen: Penalty, b: Floats, c: Floats, point: DualPoint, size: Size
) -> tuple[bool | None, tuple[tuple[int, ...], ...]]:
    """Whether the optimum is unique, and otherwise who could swap with whom.

    All optima share Z b and every ridge-penalised b_j, and are zero wherever that is proved. So
    they are one if the other columns are independent (Tibshirani, EJS 7, 2013). They are several
    if a column depends on those inside (b_j != 0, off its bounds) and is inside too or earns
    its whole tax: moving along the dependence changes neither Z b nor the tax paid.
    """
    undecided = reach(point.z, safe_radius(point.gap, size.null), pen) >= pen.tax
    undecided &= (pen.ridge == 0.0) & ~pen.excluded
    independent = _independent(view, np.flatnonzero(undecided))
    if independent:
        return True, ()
    if independent is None or point.gap > TIE * size.null:
        return None, ()
    inside = undecided & (b != 0.0) & (b > pen.lower) & (b < pen.upper)
    ties = undecided & (b == 0.0) & (allowed(c, pen) >= pen.tax * (1.0 - TIE))
    if _too_many(view, np.flatnonzero(inside | ties)):
        return None, ()
    twins = _dependent_groups(view, np.flatnonzero(inside), np.flatnonzero(ties))
    return (False if twins else None), twins


def _independent(view: View, index: Indices) -> bool | None:
    """None: too costly to know."""
    if len(index) > view.problem.n:
        return False
    if _clear_factor(view, index) is not None:
        return True
    if _too_many(view, index):
        return None
    R = np.linalg.qr(view.gather(index), mode="r")
    return bool(np.all(np.abs(np.diag(R)) > DEPENDENT))


def _dependent_groups(view: View, inside: Indices, ties: Indices) -> tuple[tuple[int, ...], ...]:
    """Each column that depends on earlier ones inside, with those that its combination needs."""
    order = np.concatenate([inside, ties])
    Z, basis = view.gather(order), np.empty((view.problem.n, 0))
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
        elif k < len(inside):
            chosen.append(k)
            basis = np.concatenate([basis, rest[:, None] / length], axis=1)
    return tuple(groups)
