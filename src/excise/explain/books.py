"""The books: what each feature earns, and who already earns it.

For the squared loss every figure of the ledger follows from the moments G = Z'WZ and q = Z'Wy of
the standardised columns, without the rows:

    left_j    = q_j - sum_{k kept, k != j} G_jk b_k        (signed)
    earns_j   = |left_j|,   earns alone = |q_j|,   share of k = sign(q_j) G_jk b_k
    tax_j     = alpha * l1_ratio * v_j
    kept iff earns_j > tax_j, and then |b_j| = (earns_j - tax_j) / (G_jj + alpha (1-l1_ratio) v_j)

For another loss q is Z'Wu with u = -l'(y, eta) at the intercept alone: what features earn alone is
the same formula, but nothing that is earned with others kept follows from moments, and no account
adds up (`additive` is False). Earnings are then measured on the rows, solution by solution. So are
those of K outputs, whose q has K columns; grouped, a feature earns the length of its K numbers.

Of a penalty beside the elastic net the tax is told with each solution, as its certificate has it. A
concave one leaves every feature an account of its own, in which tax_j is what |b_j| still pays per
unit; it adds up. Columns of a group have the account of their group, which does not.

A coefficient that a bound keeps from one side earns nothing on that side. Amounts are on the
scale the penalty acts on: per standard deviation when ``standardize``, else per unit (times the
column's standard deviation); there G_jj is the column's variance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise.explain.moments import solve_moments
from excise.explain.point import Point, Proof, StagePoint
from excise.explain.scheduled import stages_of
from excise.losses import AnyLoss, Squared
from excise.penalties import Concave, GroupPenalty, Penalty
from excise.results import Floats
from excise.schedules import Schedule
from excise.stages import taxes
from excise.verdicts import VerdictKind

FULL_GRAM = 300
"""Up to this many columns the whole Gram matrix is kept; beyond, a block of this size."""


@dataclass(frozen=True, slots=True, eq=False)
class Books:
    """Moments of a table, enough to keep accounts at any tax without the rows.

    Attributes
    ----------
    xy : ndarray, shape (n_features,), or (n_features, K) of K outputs
        q, per standard deviation, with y centred (less the offset), or u of another loss.
    block : ndarray of int, shape (m,)
        Columns whose Gram matrix is kept, rising; all columns when n_features <= 300.
    gram : ndarray, shape (m, m)
        Z'WZ of these columns: correlations, when an intercept is fitted.
    mean, scale : ndarray, shape (n_features,)
        Centre and standard deviation of each column; scale 0 for a constant column.
    centre : float, or ndarray, shape (K,)
        The intercept at which all else is centred: the best one alone.
    penalty_weight, lower, upper : ndarray, shape (n_features,)
        Bounds per unit of the column.
    l1_ratio, null_loss : float
    standardize : bool
    floor : float
        Below this alpha columns outside the block were kept; 0 when none was.
    additive : bool
        Whether the loss is the squared one, of one response, and each feature has an account of
        its own: earnings and shares follow from moments.
    grouped : bool
        Whether a feature is in or out for all outputs together.
    penalty : Penalty or None
        Beside the elastic net, with groups as numbers of columns.
    """

    xy: Floats
    block: NDArray[np.intp]
    gram: Floats
    mean: Floats
    scale: Floats
    centre: Any
    penalty_weight: Floats
    lower: Floats
    upper: Floats
    l1_ratio: float
    standardize: bool
    null_loss: float
    floor: float = 0.0
    additive: bool = True
    grouped: bool = False
    penalty: Penalty | None = None

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return len(self.xy)

    @property
    def complete(self) -> bool:
        """Whether the Gram matrix covers all columns."""
        return len(self.block) == self.n_features

    @property
    def unit(self) -> Floats:
        """Factor from standard deviations to the scale the penalty acts on."""
        return np.ones_like(self.scale) if self.standardize else self.scale

    def tax(self, alpha: float) -> Floats:
        """What each feature must earn to be kept: alpha * l1_ratio * v; inf if excluded."""
        return taxes(alpha, self.l1_ratio, self.penalty_weight)

    def paid(self, point: Point | StagePoint) -> Floats:
        """What each feature must earn, or still pays, at a solution; inf if excluded."""
        own = getattr(point, "tax", None)
        if own is None or self.penalty is None:
            return self.tax(point.alpha)
        return np.where(np.isinf(self.penalty_weight), np.inf, own)

    def divisor(self, alpha: float, j: int) -> float:
        """What is left after tax over this is the coefficient: 1 for L1 on unit variance."""
        weight = self.penalty_weight[j]
        ridge = alpha * (1.0 - self.l1_ratio) * weight if np.isfinite(weight) else 0.0
        return float(self.unit[j] ** 2 + ridge)

    def earns_alone(self, alpha: float) -> Floats:
        """What each feature, or its group, would earn with all the others at zero."""
        earned = (self.xy.T * self.unit).T
        if isinstance(self.penalty, GroupPenalty):
            return self.penalty.earned(earned, alpha * self.l1_ratio, self.penalty_weight)
        return np.asarray(np.linalg.norm(earned, axis=1)) if self.grouped else self.allowed(earned)

    def allowed(self, left: Floats) -> Floats:
        """|left|, or 0 where a bound keeps the coefficient from that side; NaN stays NaN."""
        sides = (
            (self.lower, self.upper)
            if left.ndim == 1
            else (self.lower[:, None], self.upper[:, None])
        )
        return allowed(left, *sides)

    def left(self, coef_std: Floats) -> Floats:
        """Signed earnings with the others held; NaN for columns outside the block.

        NaN everywhere for another loss than the squared one.
        """
        left = np.full(self.n_features, np.nan)
        if not self.additive:
            return left
        b = coef_std[self.block]
        others = self.gram @ b - self.gram.diagonal() * b
        left[self.block] = (self.xy[self.block] - others) * self.unit[self.block]
        return left

    def earns(self, point: Point | StagePoint) -> Floats:
        """Earnings at a solution; NaN where neither the books nor the point know."""
        if not self.additive:
            each = self.xy.shape[:1] if self.grouped else self.xy.shape
            return np.full(each, np.nan) if point.earns is None else point.earns
        earned = self.allowed(self.left(point.coef_std))
        return earned if point.earns is None else np.where(np.isnan(earned), point.earns, earned)

    def position(self, j: int) -> int | None:
        """Where column `j` stands in the block; None if it is not there."""
        at = int(np.searchsorted(self.block, j))
        return at if at < len(self.block) and self.block[at] == j else None

    def shares(self, j: int, coef_std: Floats) -> list[tuple[int, float]]:
        """(k, amount) for every kept k != j, largest first; alone - their sum = what is left.

        The amounts carry the sign of q_j: positive is earned by k instead of j. None where nothing
        adds up.
        """
        at = self.position(j)
        if at is None or not self.additive:
            return []
        b = coef_std[self.block]
        sign = -1.0 if self.xy[j] < 0.0 else 1.0
        amounts = sign * self.gram[at] * b * self.unit[j]
        kept = sorted((i for i in np.flatnonzero(b) if i != at), key=lambda i: -abs(amounts[i]))
        return [(int(self.block[i]), float(amounts[i])) for i in kept]

    def twins(self, j: int, threshold: float = 0.7) -> list[tuple[int, float]]:
        """(k, r) for the columns that overlap with j, |r| > threshold, strongest first."""
        at = self.position(j)
        if at is None:
            return []
        r = self.gram[at]
        near = [i for i in np.flatnonzero(np.abs(r) > threshold) if i != at]
        return [(int(self.block[i]), float(r[i])) for i in sorted(near, key=lambda i: -abs(r[i]))]

    def overlaps(self, threshold: float) -> list[tuple[int, int, float]]:
        """(j, k, r) for every pair of columns with |r| > threshold, strongest first."""
        high = np.argwhere(np.triu(np.abs(self.gram) > threshold, 1))
        pairs = [(int(self.block[i]), int(self.block[k]), float(self.gram[i, k])) for i, k in high]
        return sorted(pairs, key=lambda pair: -abs(pair[2]))

    def train_error(self, coef_std: Floats) -> float:
        """Mean squared error on the training rows: yy - 2 q'b + b'Gb."""
        b = coef_std[self.block]
        return float(2.0 * self.null_loss - 2.0 * self.xy[self.block] @ b + b @ self.gram @ b)

    def solve(self, alpha: float, schedule: Schedule | None = None) -> Point:
        """The solution at another alpha, certified for these moments.

        Columns outside the block are zero, and not verified: their earnings are not known. Of a
        schedule or a penalty beside the elastic net (for complete books) with the coefficients of
        every stage, or the taxes.
        """
        A = self.block
        unit, spread = self.unit[A], np.where(self.scale > 0.0, self.scale, 1.0)
        to_penalty = spread[A] / np.where(unit > 0.0, unit, 1.0)
        path = solve_moments(
            self.gram,
            self.xy[A],
            unit,
            np.array([alpha]),
            l1_ratio=self.l1_ratio,
            penalty_weight=self.penalty_weight[A],
            lower=self.lower[A] * to_penalty,
            upper=self.upper[A] * to_penalty,
            schedule=schedule,
            penalty=self.penalty,
        )
        with np.errstate(over="ignore"):  # a penalty far beyond all earnings
            found = path.at(alpha)
        coef_std = np.zeros(self.n_features)
        coef_std[A] = found.coef * unit
        coef = coef_std / spread
        kinds = np.full(self.n_features, VerdictKind.UNPROVED, dtype=np.uint8)
        kinds[A] = found.certificate.verdicts.kind
        kinds[np.isinf(self.penalty_weight) | (self.scale == 0.0)] = VerdictKind.EXCLUDED
        gap = found.certificate.gap
        relative = gap / self.null_loss if self.null_loss > 0.0 else 0.0
        violation, stationary = found.certificate.kkt_violation, found.certificate.stationary
        proof = Proof(gap, relative, violation, kinds, stationary=stationary)
        share = path.null_loss / self.null_loss if self.null_loss > 0.0 else 0.0
        stages = stages_of(found, unit, share=share)
        at = alpha, float(self.centre - self.mean @ coef)
        verdicts = found.certificate.verdicts
        earns = None if self.additive else verdicts.earns
        tax = None if self.penalty is None else np.where(np.isfinite(verdicts.tax), verdicts.tax, 0)
        return Point(*at, coef, coef_std, proof, earns, stages, tax)


def keeps_accounts(loss: AnyLoss, outputs: int, penalty: Penalty | None) -> bool:
    """Whether each feature has an account of its own that adds up: see `Books.additive`."""
    each = penalty is None or isinstance(penalty, Concave)
    return isinstance(loss, Squared) and outputs == 1 and each


def allowed(left: Floats, lower: Floats, upper: Floats) -> Floats:
    """|left|, or 0 where a bound keeps the coefficient from that side; NaN stays NaN."""
    barred = np.where(left > 0.0, upper <= 0.0, (left <= 0.0) & (lower >= 0.0))
    return np.where(barred, 0.0, np.abs(left))
