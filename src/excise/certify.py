"""The proof, recomputed from the data alone, for coefficients from anywhere.

Nothing here uses the compiled core: three passes over X in numpy, a block of columns at a time,
in float64 whatever X is. The theory is in `excise.duality`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from excise.cox_term import CoxFit, term_of
from excise.data_term import DataTerm, Fitted, RowFitted
from excise.dual_point import DEPENDENT, Indices, best_dual_point, clear_factor, too_many
from excise.duality import TIE, DualPoint, Size, certificate_of, reach, safe_radius
from excise.exceptions import InputError
from excise.problem import Problem, check_alpha, check_coef, check_intercept, make_problem
from excise.results import Certificate, Floats
from excise.standard import Penalty, View, allowed, penalty_at


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
    view = View(problem)
    term = term_of(view)
    pen = penalty_at(problem, view.columns, alpha, term.unit)
    b = _within_bounds(coef * view.columns.divisor / term.unit, pen, problem)
    fit = term.at(b, coef, intercept)
    c, at_null = view.correlate(np.stack([fit.u, term.null_slopes], axis=1)).T
    size = Size(term.unit, term.null, 0.0, term.steep)
    size = size._replace(top=_top_tax(view, pen, term, at_null, size.noise))
    point, u = _dual_point(view, pen, fit, b, c, size)
    c = c if u is fit.u else view.correlate(u)
    made = certificate_of(b, c, fit.alone(b, c), fit.data, pen, size, point, fit.off(u))
    radius = safe_radius(point.gap, size.null, fit.data.curvature)
    unique, twins = _uniqueness(view, pen, fit, b, c, point, radius, size)
    return replace(made, unique=unique, twins=twins)


def _dual_point(
    view: View, pen: Penalty, fit: Fitted, b: Floats, c: Floats, size: Size
) -> tuple[DualPoint, Floats]:
    """The best feasible point at hand, and the slopes beside it."""
    if isinstance(fit, CoxFit):
        return fit.dual_point(view, pen, b, c, size)
    assert isinstance(fit, RowFitted)
    return best_dual_point(view, pen, fit, b, c, size)


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


def _top_tax(view: View, pen: Penalty, term: DataTerm, at_null: Floats, noise: float) -> float:
    """alpha_max * l1_ratio: most earned, per unit of weight, with only unpenalised features in.

    Their bounds are left aside; with nothing to tax, it is the largest gradient at b = 0.
    """
    weight, left = view.problem.penalty_weight, at_null
    free = np.flatnonzero((weight == 0.0) & ~pen.excluded)
    if len(free):
        left = view.correlate(term.slopes_without(free))
    taxed = (weight > 0.0) & ~pen.excluded
    earned = np.where(np.abs(left) > noise, allowed(left, pen), 0.0)[taxed] * pen.unit[taxed]
    most = float(np.max(earned / weight[taxed], initial=0.0))
    return most if most > 0.0 else float(np.max(np.abs(at_null) * pen.unit, initial=0.0))


def _uniqueness(
    view: View,
    pen: Penalty,
    fit: Fitted,
    b: Floats,
    c: Floats,
    point: DualPoint,
    radius: float,
    size: Size,
) -> tuple[bool | None, tuple[tuple[int, ...], ...]]:
    """Whether the optimum is unique, and otherwise who could swap with whom.

    All optima share every ridge-penalised b_j, and are zero wherever that is proved; under a
    strictly convex loss they share Z b too. So they are one if the other columns are independent
    (Tibshirani, EJS 7, 2013), or if there are none. They are several if a column depends on those
    inside (b_j != 0, off its bounds) and is inside too or earns its whole tax: moving along the
    dependence changes neither Z b nor the tax paid, whatever the loss.
    """
    undecided = reach(point.z, radius, pen) >= pen.tax
    undecided &= (pen.ridge == 0.0) & ~pen.excluded
    if not undecided.any():
        return True, ()
    independent = _independent(view, np.flatnonzero(undecided))
    if independent:
        return (True if fit.curved(np.flatnonzero(undecided)) else None), ()
    if independent is None or point.gap > TIE * size.null:
        return None, ()
    inside = undecided & (b != 0.0) & (b > pen.lower) & (b < pen.upper)
    ties = undecided & (b == 0.0) & (allowed(c, pen) >= pen.tax * (1.0 - TIE))
    if too_many(view, np.flatnonzero(inside | ties)):
        return None, ()
    twins = _dependent_groups(view, np.flatnonzero(inside), np.flatnonzero(ties))
    return (False if twins else None), twins


def _independent(view: View, index: Indices) -> bool | None:
    """None: too costly to know."""
    if len(index) > view.problem.n:
        return False
    if clear_factor(view, index) is not None:
        return True
    if too_many(view, index):
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
