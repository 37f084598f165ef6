"""Slopes of rows at a kink, chosen so that features earn what they must: a linear program.

Coefficients do not tell the slope of a row that rests at a kink of the loss: any u_i between its
two sides will do. At an optimum there is a choice with z = Z'u in the subdifferential of every
penalty, which is an interval for each feature. The program minimises the sum of what is outside,
and finds 0 there whatever columns depend on each other. Features that are far from their interval
join it when a solution breaks it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from excise.data_term import Direction, LossFit
from excise.freedom import Freedom
from excise.results import Floats
from excise.standard import View
from excise.taxes import Penalty

MOST_CELLS = 2_000_000
"""Numbers in the constraints of a program that is still solved."""

ROUNDS = 10
NEAR = 0.8
"""Share of the tax above which a feature at rest is among the first constraints."""

DIGITS = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}


def slopes_at_kinks(view: View, pen: Penalty, fit: LossFit, b: Floats) -> Iterator[Direction]:
    """One dual vector at most, beside those that `fit` knows; its rows at a kink may still move."""
    term = fit.term
    if not term.loss.kinked or pen.groups is not None:
        return
    kink = np.flatnonzero(term.kinks(fit.eta) & term.some)
    low, high = (side[kink] for side in term.loss.slopes(term.y))
    root = view.root[kink]
    least, most = -high * root, -low * root
    fixed = fit.u.copy()
    fixed[kink] = 0.0
    z_fixed, z = view.flat(fixed), view.flat(fit.u)
    below, above = subdifferential(b, pen)
    told = (b != 0.0) | (below == above)
    chosen = told | ((z > NEAR * above) | (z < NEAR * below))
    u, at_kink = fit.u, fit.u[kink]
    for _ in range(ROUNDS):
        index = np.flatnonzero(chosen & ~pen.excluded)
        if len(kink) * (len(index) + 1) > MOST_CELLS or len(kink) == 0:
            return
        columns = view.gather(index)[kink].T
        limits = below[index] - z_fixed[index], above[index] - z_fixed[index]
        if view.problem.fit_intercept:
            balance = -float(view.root @ fixed)
            columns = np.vstack([columns, root])
            limits = np.append(limits[0], balance), np.append(limits[1], balance)
        if (found := _nearest(columns, limits, (least, most))) is None:
            return
        u, at_kink = fixed.copy(), found
        u[kink] = at_kink
        z = view.flat(u)
        broken = (z > above + 1e-9 * pen.tax) | (z < below - 1e-9 * pen.tax)
        if not np.any(broken & ~chosen & ~pen.excluded):
            break
        chosen |= broken
    room = np.zeros(len(u))
    room[kink] = np.maximum(np.minimum(at_kink - least, most - at_kink), 0.0) / root
    yield u, Freedom(view, room)


def subdifferential(b: Floats, pen: Penalty) -> tuple[Floats, Floats]:
    """The interval in which z is at an optimum, for coefficients by themselves."""
    slope = pen.tax * np.sign(b) + pen.ridge * b
    below = np.where(b == 0.0, -pen.tax, slope)
    above = np.where(b == 0.0, pen.tax, slope)
    return np.where(b <= pen.lower, -np.inf, below), np.where(b >= pen.upper, np.inf, above)


def _nearest(
    columns: Floats, limits: tuple[Floats, Floats], sides: tuple[Floats, Floats]
) -> Floats | None:
    """The u within its sides for which columns @ u is outside its limits by the smallest sum."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, eye_array, hstack, vstack

    m, k = columns.shape
    (below, above), slack = limits, eye_array(m)
    upper, lower = np.isfinite(above), np.isfinite(below)
    A = csr_array(columns)
    found = linprog(
        np.r_[np.zeros(k), np.ones(m)],
        vstack([hstack([A, -slack]).tocsr()[upper], hstack([-A, -slack]).tocsr()[lower]]),
        np.r_[above[upper], -below[lower]],
        bounds=np.column_stack([np.r_[sides[0], np.zeros(m)], np.r_[sides[1], np.full(m, np.inf)]]),
        method="highs",
        options=DIGITS,
    )
    return np.clip(found.x[:k], *sides) if found.success else None
