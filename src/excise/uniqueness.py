"""Whether an optimum is the only one, and otherwise who could swap with whom.

All optima share every ridge-penalised b_j, and are zero wherever that is proved; under a strictly
convex loss they share Z b too, under the multinomial one Z B but for a constant per row. So they
are one if the other columns are independent (Tibshirani, EJS 7, 2013), or if there are none. They
are several if a column depends on those inside (b_j != 0, off its bounds) and is inside too or
earns its whole tax: moving along the dependence changes neither Z b nor the tax paid, whatever the
loss. In every optimum a group points where it earns, so that its column is Z_g c_g / |c_g|.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from excise.data_term import Fitted
from excise.dual_point import inside_of
from excise.duality import TIE, reach
from excise.freedom import DEPENDENT, MOST_WORK, Indices, Mask, clear_factor, too_many
from excise.losses import Multinomial
from excise.results import Floats
from excise.standard import View
from excise.taxes import Penalty, allowed

LITTLE = 1e-4
"""Coefficients below this share of the largest may be zeros that a tool did not find."""

Answer = tuple[bool | None, tuple[tuple[int, ...], ...]]


def uniqueness(
    view: View,
    pen: Penalty,
    fit: Fitted,
    b: Floats,
    c: Floats,
    z: Floats,
    radius: float,
    optimal: bool,
) -> Answer:
    """True, False or None (not decided), and the groups of features that could swap.

    `c` are the correlations at b and `z` those at a dual point within `radius` of the best one;
    `optimal`: b is so near to the optimum that equalities can be read from it.
    """
    undecided = (reach(z, radius, pen) >= pen.tax) & (pen.ridge == 0.0) & ~pen.excluded
    if not undecided.any():
        return True, ()
    inside = undecided & inside_of(b, pen)
    zero = undecided & (pen.size(b) == 0.0)
    ties = zero & (allowed(c, pen) >= pen.tax * (1.0 - TIE))
    if pen.outputs > 1 and isinstance(view.problem.loss, Multinomial):
        if _slides(b, pen)[undecided].any():  # by more than what b may be off?
            far = np.abs(b) > LITTLE * np.abs(b).max()
            clear = bool(_slides(np.where(far, b, 0.0), pen)[undecided].any())
            return (False if optimal and clear else None), ()
        if pen.groups is None:
            return (True if _apart(view, undecided.reshape(-1, pen.outputs)) else None), ()
    if pen.groups is not None:
        return _of_groups(view, pen, c, undecided, inside, ties, optimal)
    K, answers = pen.outputs, []
    for k in range(K):
        own = undecided[k::K], inside[k::K], ties[k::K]
        answers.append(_of_columns(view, fit, *own, optimal) if own[0].any() else (True, ()))
    told = [unique for unique, _ in answers]
    worst = False if False in told else None if None in told else True
    return worst, tuple(dict.fromkeys(group for _, twins in answers for group in twins))


def _apart(view: View, undecided: Mask) -> bool:
    """Whether optima of classes, if they differ, differ by a constant in the rows of B alone.

    Their Z B differ by a constant per row: what two outputs differ by is the same in both optima,
    and so are their coefficients if the features of the two are independent.
    """
    pairs = undecided[:, 1:] | undecided[:, :-1]
    return all(independent(view, np.flatnonzero(pair)) for pair in pairs.T if pair.any())


def _of_columns(
    view: View, fit: Fitted, undecided: Mask, inside: Mask, ties: Mask, optimal: bool
) -> Answer:
    """For the features of one output."""
    apart = independent(view, np.flatnonzero(undecided))
    if apart:
        return (True if fit.curved(np.flatnonzero(undecided)) else None), ()
    if apart is None or not optimal:
        return None, ()
    if too_many(view, np.flatnonzero(inside | ties)):
        return None, ()
    order = np.concatenate([np.flatnonzero(inside), np.flatnonzero(ties)])
    twins = dependent(view.gather(order), order, int(inside.sum()))
    return (False if twins else None), twins


def _of_groups(
    view: View,
    pen: Penalty,
    c: Floats,
    undecided: Mask,
    inside: Mask,
    ties: Mask,
    optimal: bool,
) -> Answer:
    """For groups, whose direction is known unless they are free."""
    assert pen.groups is not None
    if pen.outputs > 1 and independent(view, pen.feature[undecided]):
        return True, ()
    free = undecided & (pen.tax == 0.0)
    count = int(undecided.sum())
    if free.any() or view.problem.n * pen.outputs * count**2 > MOST_WORK:
        return None, ()
    order = np.concatenate([np.flatnonzero(undecided & ~ties), np.flatnonzero(ties)])
    columns = _moves(view, pen, c, order)
    if count <= len(columns):
        R = np.linalg.qr(columns, mode="r")
        if np.all(np.abs(np.diag(R)) > DEPENDENT):
            return True, ()
    if not optimal:
        return None, ()
    kept = np.isin(order, np.flatnonzero(inside | ties))
    twins = dependent(columns[:, kept], order[kept], int(inside.sum()))
    if pen.of_features:
        twins = tuple(
            tuple(sorted(int(j) for g in some for j in np.flatnonzero(pen.groups.of == g)))
            for some in twins
        )
    return (False if twins else None), twins


def _moves(view: View, pen: Penalty, c: Floats, order: Indices) -> Floats:
    """What each group does to the predictors of all outputs, in columns of length 1."""
    assert pen.groups is not None
    K, n = pen.outputs, view.problem.n
    away = pen.direction(pen.left(c))
    out = np.zeros((n, K, len(order)))
    members = np.flatnonzero(np.isin(pen.groups.of, order))
    place = np.empty(len(pen.tax), dtype=np.intp)
    place[order] = np.arange(len(order))
    features, at = np.unique(members // K, return_inverse=True)
    columns = view.gather(features)
    for member, column in zip(members, at, strict=True):
        out[:, member % K, place[pen.groups.of[member]]] += columns[:, column] * away[member]
    flat = out.reshape(n * K, len(order))
    length = np.linalg.norm(flat, axis=0)
    return np.asarray(flat / np.where(length > 0.0, length, 1.0))


def _slides(b: Floats, pen: Penalty) -> NDArray[np.bool_]:
    """Groups whose feature can be moved by a constant in all outputs at no cost, nor gain.

    That leaves a softmax where it is. What is paid for by each output alone changes by the tax
    times the outputs moved away from 0 less those moved towards it, one way or the other.
    """
    if pen.groups is not None:  # the norm grows
        return np.asarray((pen.tax == 0.0) & (pen.ridge == 0.0) & ~pen.excluded)
    K = pen.outputs
    B, tax = b.reshape(-1, K), pen.tax.reshape(-1, K)[:, 0]
    up = (B >= 0.0).sum(axis=1) - (B < 0.0).sum(axis=1)
    down = (B <= 0.0).sum(axis=1) - (B > 0.0).sum(axis=1)
    room_up = (b < pen.upper).reshape(-1, K).all(axis=1)
    room_down = (b > pen.lower).reshape(-1, K).all(axis=1)
    flat = (room_up & (tax * up == 0.0)) | (room_down & (tax * down == 0.0))
    return np.repeat(flat & (pen.ridge.reshape(-1, K)[:, 0] == 0.0), K)


def independent(view: View, index: Indices) -> bool | None:
    """None: too costly to know."""
    if len(index) > view.problem.n:
        return False
    if clear_factor(view, index) is not None:
        return True
    if too_many(view, index):
        return None
    R = np.linalg.qr(view.gather(index), mode="r")
    return bool(np.all(np.abs(np.diag(R)) > DEPENDENT))


def dependent(Z: Floats, order: Indices, inside: int) -> tuple[tuple[int, ...], ...]:
    """Each column that depends on earlier ones inside, with those that its combination needs.

    The columns Z are called `order`; the first `inside` of them are inside.
    """
    basis = np.empty((len(Z), 0))
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
        elif k < inside:
            chosen.append(k)
            basis = np.concatenate([basis, rest[:, None] / length], axis=1)
    return tuple(groups)
