"""What is known about a point of a penalty that is not convex: that it is stationary.

The penalty lies below its tangent at |b|, a weighted lasso that touches it there. A point is
stationary if and only if it solves that convex problem: so all that is said of it, but for its
name, is said by the certificate of the tangent. No other point is compared.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from excise.duality import TIE, ratio
from excise.exceptions import InputError
from excise.losses import Squared
from excise.penalties.concave import Concave
from excise.problem import Problem
from excise.results import Floats
from excise.standard import ColumnScale, View
from excise.verdicts import Certificate, VerdictKind, Verdicts


def concave_of(problem: Problem) -> Concave | None:
    """The concave penalty of a problem, if it has one that can be solved directly.

    Raises
    ------
    InputError
        Another loss than the squared one, several outputs, a ridge, or bounds.
    """
    penalty = problem.penalty
    if not isinstance(penalty, Concave):
        return None
    bounded = np.any(np.isfinite(problem.lower) | np.isfinite(problem.upper))
    unfit = {
        f"the {problem.loss.name} loss": not isinstance(problem.loss, Squared),
        f"{problem.outputs} outputs": problem.outputs > 1,
        f"l1_ratio = {problem.l1_ratio:g}": problem.l1_ratio != 1.0,
        "bounds": bool(bounded),
    }
    for what in (what for what, wrong in unfit.items() if wrong):
        remedy = f"schedule=LocalLinear({penalty.name!r}, {penalty.number:g}) in place of penalty"
        if problem.outputs > 1:
            remedy = "a fit for each column of y"
        raise InputError(
            f"penalty {penalty.name!r} cannot be solved directly with {what}", [], remedy
        )
    return penalty


def penalised(problem: Problem, columns: ColumnScale, coef_std: Floats) -> Floats:
    """Coefficients on the scale that the penalty acts on."""
    return coef_std if problem.standardize else coef_std / columns.divisor


def tangent(problem: Problem, columns: ColumnScale, coef_std: Floats, alpha: float) -> Problem:
    """The weighted lasso that touches the penalty at these coefficients."""
    penalty, weight = problem.penalty, problem.penalty_weight
    assert isinstance(penalty, Concave)
    if alpha > 0.0:
        b = penalised(problem, columns, coef_std)
        weight = penalty.slope(b, alpha, weight) / alpha
    return replace(problem, penalty=None, penalty_weight=weight)


def stationary(
    problem: Problem,
    view: View | None,
    columns: ColumnScale,
    coef_std: Floats,
    c: Floats,
    alpha: float,
    top: float,
    made: Certificate,
) -> Certificate:
    """The certificate `made` of the tangent, as that of a stationary point.

    `c` are minus the slopes of the loss per unit of coef_std, `top` the largest of them at b = 0
    per unit of penalty weight, on the scale the penalty acts on.
    """
    penalty, weight = problem.penalty, problem.penalty_weight
    assert isinstance(penalty, Concave)
    unit = np.ones(problem.p) if problem.standardize else columns.divisor
    b, c = penalised(problem, columns, coef_std), c * unit
    empty = columns.scale == 0.0
    off = np.where(empty, 0.0, penalty.distance(b, c, alpha, weight))
    zero, out = b == 0.0, empty | np.isinf(weight)
    tax = np.where(zero, penalty.leaving(unit**2, alpha, weight), made.verdicts.tax)
    tax = np.where(out, made.verdicts.tax, tax)
    earns = np.where(zero & ~out, np.abs(c), made.verdicts.earns)
    tie = TIE * tax
    kind = np.full(problem.p, VerdictKind.UNPROVED, dtype=np.uint8)
    kind[earns <= tax + tie] = VerdictKind.BORDERLINE
    kind[earns < tax - tie] = VerdictKind.STATIONARY
    kind[out] = VerdictKind.EXCLUDED
    kind[~zero] = VerdictKind.KEPT
    level = penalty.value(b, alpha, weight) - float(made.verdicts.tax[~zero] @ np.abs(b[~zero]))
    return replace(
        made,
        primal=made.primal + level,
        dual=made.dual + level,
        kkt_violation=ratio(float(off.max(initial=0.0)), top),
        verdicts=Verdicts(kind, earns, tax),
        unique=None,
        twins=(),
        stationary=True,
        convexity=convexity(problem, view or View(problem), coef_std, alpha),
    )


def convexity(problem: Problem, view: View, coef_std: Floats, alpha: float) -> float:
    """The smallest eigenvalue of the second derivative on the support; infinite where it is empty.

    Of MCP and SCAD at the largest concavity that they have (Breheny and Huang, Annals of Applied
    Statistics 5, 2011).
    """
    kept: NDArray[np.intp] = np.flatnonzero(coef_std)
    if len(kept) == 0:
        return np.inf
    Z = view.gather(kept)
    return _smallest(problem, view.columns, kept, Z.T @ Z, coef_std, alpha)


def lowest_convex(problem: Problem, alphas: Floats, coefs_std: list[Floats]) -> float:
    """The alpha down to which `convexity` is positive; infinite if it is so nowhere."""
    view = View(problem)
    ever = np.flatnonzero(np.any(coefs_std, axis=0))
    Z = view.gather(ever)
    G, lowest = Z.T @ Z, np.inf
    for alpha, coef_std in zip(alphas.tolist(), coefs_std, strict=True):
        kept = np.flatnonzero(coef_std)
        place = np.searchsorted(ever, kept)
        part = G[np.ix_(place, place)]
        least = np.inf
        if len(kept):
            least = _smallest(problem, view.columns, kept, part, coef_std, alpha)
        if not least > 0.0:
            break
        lowest = alpha
    return lowest


def _smallest(
    problem: Problem,
    columns: ColumnScale,
    kept: NDArray[np.intp],
    G: Floats,
    coef_std: Floats,
    alpha: float,
) -> float:
    penalty = problem.penalty
    assert isinstance(penalty, Concave)
    b = penalised(problem, columns, coef_std)[kept]
    unit = np.ones(len(kept)) if problem.standardize else columns.divisor[kept]
    bends = penalty.bend(b, alpha, problem.penalty_weight[kept])
    if not np.all(np.isfinite(bends)):
        return -np.inf
    H = G * np.outer(unit, unit) - np.diag(bends)
    return float(np.linalg.eigvalsh(H)[0])
