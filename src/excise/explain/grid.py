"""The solutions of a whole path, for the losses that cannot be solved again from moments.

With the squared loss any penalty is solved from the books, without the rows. With another loss a
model file can only be moved to penalties whose solutions it holds: those of its path.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from excise.certify import certify_problem, term_of
from excise.explain.point import Point, Proof
from excise.results import Floats, Path, SparseColumns
from excise.standard import View
from excise.taxes import allowed, penalty_at
from excise.verdicts import Certificate, VerdictKind

MOST_WORK = 2e9
"""Rows times columns times penalties that are measured, about two seconds."""
MOST_KEPT = 200_000
"""Numbers of earnings that are kept: columns times penalties."""
TIE = 1e-6
"""Earnings within this share of the tax, more than single precision loses, are equal to it."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Every solution of a path, with what each feature earns there.

    Attributes
    ----------
    alphas, intercepts, relative_gaps, kkt_violations : ndarray, shape (n_alphas,)
        Falling alphas. Of K outputs the intercepts have the shape (n_alphas, K).
    columns : SparseColumns
        Coefficients per unit, a column per alpha; of feature j and output k in row j K + k.
    earns : ndarray, shape (n_features, n_alphas), or (n_features * K, n_alphas)
        Earnings with the others held, measured on the rows; in single precision.
    scale : ndarray, shape (n_features,)
        Standard deviation of each feature.
    null_loss : float
    outputs : int
        K.
    tax : ndarray, shape (n_features, n_alphas), or None
        Of a penalty beside the elastic net what each feature pays; in single precision.
    locally_convex : ndarray of bool, shape (n_alphas,), or None
        Of a concave penalty, as in `Proof`.
    """

    alphas: Floats
    intercepts: Floats
    relative_gaps: Floats
    kkt_violations: Floats
    columns: SparseColumns
    earns: NDArray[np.float64]
    scale: Floats
    null_loss: float
    outputs: int = 1
    tax: Floats | None = None
    locally_convex: NDArray[np.bool_] | None = None

    def nearest(self, alpha: float) -> int:
        """Position of the penalty nearest to `alpha`, by ratio."""
        tiny = np.finfo(np.float64).tiny
        distance = np.abs(np.log(np.maximum(self.alphas, tiny)) - np.log(max(alpha, tiny)))
        return int(np.argmin(distance))

    def point(self, k: int, tax: Floats, excluded: NDArray[np.bool_]) -> Point:
        """Solution k, for the tax of each feature there; zeros stand by the conditions alone.

        A penalty beside the elastic net has taxes of its own.
        """
        own = None if self.tax is None else self.tax[:, k]
        tax = tax if own is None else own
        convex = None if self.locally_convex is None else bool(self.locally_convex[k])
        coef, earns, kept = self.columns.column(k), self.earns[:, k], self.columns.column(k) != 0.0
        intercept = self.intercepts[k]
        if self.outputs > 1:
            coef = coef.reshape(-1, self.outputs)
            kept = coef.any(axis=1)
            if len(earns) > len(coef):  # each output has features of its own
                earns, kept = earns.reshape(coef.shape), coef != 0.0
                tax, excluded = tax[:, None], np.broadcast_to(excluded[:, None], coef.shape)
        kinds = np.full(earns.shape, VerdictKind.UNPROVED, dtype=np.uint8)
        kinds[earns <= tax * (1.0 + TIE)] = VerdictKind.BORDERLINE
        below = VerdictKind.KKT if convex is None else VerdictKind.STATIONARY
        kinds[earns < tax * (1.0 - TIE)] = below
        kinds[excluded] = VerdictKind.EXCLUDED
        kinds[kept] = VerdictKind.KEPT
        gap = float(self.relative_gaps[k])
        proof = Proof(
            gap * self.null_loss,
            gap,
            float(self.kkt_violations[k]),
            kinds,
            stationary=convex is not None,
            locally_convex=convex,
        )
        at = float(self.alphas[k]), intercept if self.outputs > 1 else float(intercept)
        return Point(*at, coef, (coef.T * self.scale).T, proof, earns, tax=own)


def grid_of(path: Path) -> Grid | None:
    """What a path holds; None where measuring or keeping it would cost too much."""
    problem = path.problem
    size = problem.p * problem.outputs * len(path)
    if size > MOST_KEPT or size * problem.n > MOST_WORK:
        return None
    earns, tax, convex = None, None, None
    if problem.penalty is not None:
        made = list(_certificates(path))
        earns, tax = (
            np.array([getattr(one.verdicts, name) for one in made]).T for name in ("earns", "tax")
        )
        if not problem.penalty.convex:
            convex = np.array([bool(one.locally_convex) for one in made])
    return Grid(
        alphas=path.alphas,
        intercepts=path.intercepts,
        relative_gaps=path.relative_gaps,
        kkt_violations=path.kkt_violations,
        columns=path.columns,
        earns=_earnings(path) if earns is None else earns,
        scale=path.scale,
        null_loss=path.null_loss,
        outputs=path.outputs,
        tax=tax,
        locally_convex=convex,
    )


def _certificates(path: Path) -> Iterator[Certificate]:
    """Of every solution; of a penalty that is not convex, which a solver might leave, as it is."""
    for k, alpha in enumerate(path.alphas.tolist()):
        if path.problem.penalty.convex:
            yield path.at(alpha).certificate
        else:
            yield certify_problem(path.problem, path.coef_at(k), path.intercepts[k], alpha)


def _earnings(path: Path) -> Floats:
    """|slope of the loss| at b_j = 0 with the others held, as in the certificate."""
    view = View(path.problem)
    term = term_of(view)
    rows = path.problem.p if path.problem.grouped else path.columns.n_rows
    earns = np.empty((rows, len(path)))
    for k, (alpha, intercept) in enumerate(zip(path.alphas, path.intercepts, strict=True)):
        pen = penalty_at(path.problem, view.columns, float(alpha), term.unit)
        coef = path.coef_at(k)
        b = ((coef.T * view.columns.divisor).T / term.unit).ravel()
        fit = term.at(b, coef, intercept)
        c = view.correlate(fit.u).ravel()
        left = np.abs(pen.size(fit.alone(b, c)))
        earned = np.where(pen.size(b) == 0.0, allowed(c, pen), left)
        earns[:, k] = earned * pen.unit * term.unit
    return earns
