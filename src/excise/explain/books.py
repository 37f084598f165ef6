"""The books: what each feature earns, and who already earns it.

For the squared loss every figure of the ledger follows from the moments G = Z'WZ and q = Z'Wy of
the standardised columns, without the rows:

    left_j    = q_j - sum_{k kept, k != j} G_jk b_k        (signed)
    earns_j   = |left_j|,   earns alone = |q_j|,   share of k = sign(q_j) G_jk b_k
    tax_j     = alpha * l1_ratio * v_j
    kept iff earns_j > tax_j, and then |b_j| = (earns_j - tax_j) / (G_jj + alpha (1-l1_ratio) v_j)

Amounts are on the scale the penalty acts on: per standard deviation when ``standardize``, else
per unit (times the column's standard deviation).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from excise.results import Floats

FULL_GRAM = 300
"""Up to this many columns the whole Gram matrix is kept; beyond, a block of this size."""


@dataclass(frozen=True, slots=True, eq=False)
class Books:
    """Moments of a table, enough to keep accounts at any tax without the rows.

    Attributes
    ----------
    xy : ndarray, shape (n_features,)
        q = Z'W(y - offset - intercept of the null model), per standard deviation.
    block : ndarray of int, shape (m,)
        Columns whose Gram matrix is kept, rising; all columns when n_features <= 300.
    gram : ndarray, shape (m, m)
        Z'WZ of these columns: correlations, when an intercept is fitted.
    scale : ndarray, shape (n_features,)
        Standard deviations; 0 for a constant column.
    penalty_weight, lower, upper : ndarray, shape (n_features,)
    l1_ratio, null_loss : float
    standardize : bool
    """

    xy: Floats
    block: NDArray[np.intp]
    gram: Floats
    scale: Floats
    penalty_weight: Floats
    lower: Floats
    upper: Floats
    l1_ratio: float
    standardize: bool
    null_loss: float

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
        """What each feature must earn to be kept: alpha * l1_ratio * v."""
        return alpha * self.l1_ratio * self.penalty_weight

    def earns_alone(self) -> Floats:
        """|q|: what each feature would earn with all the others at zero."""
        return np.abs(self.xy) * self.unit

    def left(self, coef_std: Floats) -> Floats:
        """Signed earnings with the others held; NaN for columns outside the block."""
        left = np.full(self.n_features, np.nan)
        b = coef_std[self.block]
        others = self.gram @ b - self.gram.diagonal() * b
        left[self.block] = (self.xy[self.block] - others) * self.unit[self.block]
        return left

    def shares(self, j: int, coef_std: Floats) -> list[tuple[int, float]]:
        """(k, amount) for every kept k != j, largest first; earns alone - their sum = what is left.

        The amounts carry the sign of q_j: positive is earned by k instead of j. What is left is
        signed alike; its absolute value is what j earns.
        """
        position = int(np.searchsorted(self.block, j))
        b = coef_std[self.block]
        sign = -1.0 if self.xy[j] < 0.0 else 1.0
        amounts = sign * self.gram[position] * b * self.unit[j]
        kept = [i for i in np.flatnonzero(b) if i != position]
        kept.sort(key=lambda i: -abs(amounts[i]))
        return [(int(self.block[i]), float(amounts[i])) for i in kept]

    def twins(self, j: int, threshold: float = 0.7) -> list[tuple[int, float]]:
        """(k, r) for the columns that overlap with j, |r| > threshold, strongest first."""
        position = int(np.searchsorted(self.block, j))
        r = self.gram[position]
        near = [i for i in np.flatnonzero(np.abs(r) > threshold) if i != position]
        near.sort(key=lambda i: -abs(r[i]))
        return [(int(self.block[i]), float(r[i])) for i in near]
