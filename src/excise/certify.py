"""The proof, recomputed from the data alone, for coefficients from anywhere.

Nothing here uses the compiled core: three passes over X in numpy, a block of columns at a time,
in float64 whatever X is. The theory is in `excise.duality`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from excise.arguments import check_alpha
from excise.classes_term import ClassesTerm
from excise.cox_term import CoxTerm
from excise.data_term import DataTerm, Fitted, RowFitted, data_term
from excise.dual_point import best_dual_point
from excise.duality import TIE, DualPoint, Size, certificate_of, safe_radius
from excise.exceptions import InputError
from excise.losses import Cox, Multinomial
from excise.penalties import OverlappingGroups
from excise.penalty_point import penalised_certificate, refuse_beside
from excise.problem import Problem, check_coef, check_intercept, make_problem
from excise.results import Floats
from excise.slope_point import SlopeFitted
from excise.standard import View
from excise.stationary import concave_of, stationary, tangent
from excise.taxes import Penalty, allowed, penalty_at
from excise.uniqueness import uniqueness
from excise.verdicts import Certificate


def certify(X: Any, y: Any, coef: Any, intercept: Any, alpha: float, **problem: Any) -> Certificate:
    """Bound how far given coefficients are from the optimum, and judge every zero.

    Parameters
    ----------
    X : array, data frame or Design, shape (n, p)
    y : array, shape (n,), or (n, K) of K outputs
    coef : array, shape (p,), or (p, K)
        On the original scale, from any tool.
    intercept : float, or array, shape (K,)
        Of classes with any constant added to all.
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
    if checked.schedule is not None:
        raise InputError(
            "certify takes no schedule",
            ["a stage of a schedule is proved with its own alpha and penalty_weight"],
            "certify(..., stage.alpha, penalty_weight=stage.penalty_weight)",
        )
    if checked.penalty is not None and checked.penalty.solver == "proximal":
        refuse_beside(checked, checked.penalty.name)
    given = check_coef(coef, checked), check_intercept(intercept, checked)
    return certify_problem(checked, *given, check_alpha(alpha))


def certify_problem(problem: Problem, coef: Floats, intercept: Any, alpha: float) -> Certificate:
    """`certify` for a checked problem and checked coefficients."""
    if concave_of(problem) is not None:
        return _certify_stationary(problem, coef, intercept, alpha)
    if isinstance(problem.penalty, OverlappingGroups):
        return _certify_copies(problem, coef, intercept, alpha)
    view = View(problem)
    term = term_of(view)
    if problem.penalty is not None and problem.penalty.solver == "proximal":
        return penalised_certificate(view, term, coef, intercept, alpha)
    pen = penalty_at(problem, view.columns, alpha, term.unit)
    b = (coef.T * view.columns.divisor / term.unit).T.ravel()
    b = _within_bounds(b, pen, problem)
    fit = term.at(b, coef, intercept)
    found = view.correlate(np.stack([fit.u, term.null_slopes], axis=1))
    c, at_null = found[:, 0].ravel(), found[:, 1].ravel()
    size = Size(term.unit, term.null, 0.0, term.steep)
    size = size._replace(top=_top_tax(view, pen, term, at_null, size.noise))
    point, u = _dual_point(view, pen, fit, b, c, size)
    c = c if u is fit.u else view.flat(u)
    made = certificate_of(b, c, fit.alone(b, c), fit.data, pen, size, point, fit.off(u))
    radius = safe_radius(point.gap, size.null, fit.data.curvature)
    optimal = point.gap <= TIE * size.null
    unique, twins = uniqueness(view, pen, fit, b, c, point.z, radius, optimal)
    return replace(made, unique=unique, twins=twins)


def _certify_stationary(
    problem: Problem, coef: Floats, intercept: Any, alpha: float
) -> Certificate:
    """The certificate of the convex problem that touches a concave penalty at this point."""
    view = View(problem)
    coef_std = coef * view.columns.divisor
    made = certify_problem(tangent(problem, view.columns, coef_std, alpha), coef, intercept, alpha)
    term = term_of(view)
    fit = term.at(coef_std / term.unit, coef, intercept)
    c, at_null = view.correlate(np.stack([fit.u, term.null_slopes], axis=1)).T
    pen = penalty_at(problem, view.columns, alpha, term.unit)
    size = Size(term.unit, term.null, 0.0, term.steep)
    top = _top_tax(view, pen, term, at_null, size.noise)
    return stationary(
        problem, view, view.columns, coef_std, c * term.unit, alpha, top * term.unit, made
    )


def _certify_copies(problem: Problem, coef: Floats, intercept: Any, alpha: float) -> Certificate:
    """The same where groups share columns."""
    from excise.copies import divided, of_columns, on_copies

    assert isinstance(problem.penalty, OverlappingGroups)
    made = certify_problem(on_copies(problem), divided(problem, coef), intercept, alpha)
    return of_columns(made, problem.penalty.place)


def term_of(view: View) -> DataTerm:
    """The data term of the problem that `view` looks at, whatever its loss."""
    if isinstance(view.problem.loss, Cox):
        return CoxTerm(view)
    if isinstance(view.problem.loss, Multinomial):
        return ClassesTerm(view)
    return data_term(view)


def _dual_point(
    view: View, pen: Penalty, fit: Fitted, b: Floats, c: Floats, size: Size
) -> tuple[DualPoint, Floats]:
    """The best feasible point at hand, and the slopes beside it."""
    if isinstance(fit, SlopeFitted):
        return fit.dual_point(view, pen, b, c, size)
    assert isinstance(fit, RowFitted)
    return best_dual_point(view, pen, fit, b, c, size)


def _within_bounds(b: Floats, pen: Penalty, problem: Problem) -> Floats:
    """Return b, moved by rounding at most; refuse it if it breaks its bounds by more."""
    inside = np.clip(b, pen.each(pen.lower), pen.each(pen.upper))
    broken = np.flatnonzero(np.abs(b - inside) > 1e-12 * np.abs(inside))
    if len(broken) == 0:
        return inside
    j = int(broken[0]) // problem.outputs
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
    weight, left = view.problem.penalty_weight[pen.feature], at_null
    if (kind := view.problem.group_tax) is not None:
        weight = weight * np.array(kind.weights)
    free = np.flatnonzero(pen.each((weight == 0.0) & ~pen.excluded))
    if len(free):
        features = np.unique(free // pen.outputs)
        left = view.flat(term.slopes_without(features))
    taxed = (weight > 0.0) & ~pen.excluded
    clear = np.abs(pen.size(left)) > noise
    if kind is not None and kind.own_share > 0.0:
        left = np.where(pen.each(clear & taxed), left, 0.0) * pen.each(pen.unit)
        most = kind.entry(left, view.problem.penalty_weight)
    else:
        earned = np.where(clear, allowed(left, pen), 0.0)[taxed] * pen.unit[taxed]
        most = float(np.max(earned / weight[taxed], initial=0.0))
    if most > 0.0:
        return most
    return float(np.max(np.abs(pen.size(at_null)) * pen.unit, initial=0.0))
