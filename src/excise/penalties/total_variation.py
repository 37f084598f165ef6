"""Total variation along the order of the columns: neighbours fuse (the fused lasso)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from excise.checks import Names, check_number
from excise.exceptions import InputError
from excise.penalties.base import Face, Penalty, one_weight, share_within, single
from excise.results import Floats

ROUNDS = 60
"""Of the search for the dual norm, which takes three or four."""


@dataclass(frozen=True)
class TotalVariation(Penalty):
    """alpha (l1_ratio sum_j |b_j| + (1 - l1_ratio) sum_j |b_{j+1} - b_j|).

    For columns in an order: times, places on a chromosome, wavelengths. Coefficients become
    constant on stretches, most stretches zero. All features are penalised, with one weight.

    Parameters
    ----------
    l1_ratio : float in [0, 1], default=0.5
        Share of |b|. With 0 a constant costs nothing, and no coefficient is zero by the penalty.

    References
    ----------
    Tibshirani, Saunders, Rosset, Zhu and Knight, "Sparsity and smoothness via the fused lasso",
    JRSS B 67, 2005.
    """

    l1_ratio: float = 0.5

    name: ClassVar[str] = "total_variation"

    def __post_init__(self) -> None:
        if not 0.0 <= check_number("l1_ratio", self.l1_ratio) <= 1.0:
            raise InputError(f"l1_ratio is {self.l1_ratio}; it must lie in [0, 1]")

    def check(self, weight: Floats, names: Names) -> None:
        """One weight for all: a chain has no gaps."""
        one_weight(self, weight, np.ones(len(weight), dtype=bool), names)
        if not 0.0 < weight[0] < np.inf:
            raise InputError(
                f"{self.name} takes no penalty_weight of {weight[0]}",
                remedy="equal weights above 0, or none",
            )

    def _parts(self, alpha: float, weight: Floats) -> tuple[float, float]:
        """What size and what steps cost."""
        strength = alpha * float(weight[0])
        return strength * self.l1_ratio, strength * (1.0 - self.l1_ratio)

    def value(self, b: Floats, alpha: float, weight: Floats) -> float:
        """Omega(b; alpha)."""
        size, steps = self._parts(alpha, weight)
        return size * float(np.abs(b).sum()) + steps * float(np.abs(np.diff(b)).sum())

    def prox(self, v: Floats, step: float, alpha: float, weight: Floats) -> Floats:
        """Fused by dynamic programming, then a soft threshold (Friedman et al. 2007)."""
        from excise._core import total_variation

        size, steps = self._parts(step * alpha, weight)
        fused = total_variation(np.ascontiguousarray(v), steps)
        return np.copysign(np.maximum(np.abs(fused) - size, 0.0), fused) + 0.0

    def entry(self, c: Floats, weight: Floats) -> float:
        """The dual norm; with l1_ratio = 0 that of c without its mean."""
        return self._norm(c) / float(weight[0])

    def free(self, weight: Floats) -> Face:
        """The constants, where their size costs nothing."""
        if self.l1_ratio > 0.0:
            return single(np.empty(0, dtype=np.intp), np.empty(0))
        p = len(weight)
        owner = np.zeros(p, dtype=np.intp)
        return Face(np.arange(p), owner, np.ones(p), np.zeros(1), np.zeros(1))

    def face(self, b: Floats, alpha: float, weight: Floats) -> Face:
        """Stretches of equal coefficients; those at zero stay there if size costs."""
        size, steps = self._parts(alpha, weight)
        starts = np.flatnonzero(np.diff(b, prepend=np.nan) != 0.0)
        level = b[starts]
        count = np.diff(np.append(starts, len(b)))
        up = np.sign(np.diff(level))  # of the step behind each stretch
        slope = size * count * np.sign(level)
        slope[1:] += steps * up
        slope[:-1] -= steps * up
        moves = (level != 0.0) | (self.l1_ratio == 0.0)
        index = np.flatnonzero(np.repeat(moves, count))
        owner = np.repeat(np.arange(int(moves.sum())), count[moves])
        ridge = np.zeros(int(moves.sum()))
        return Face(index, owner, np.ones(len(index)), slope[moves], ridge)

    def domain_scale(self, z: Floats, alpha: float, weight: Floats) -> float:
        """What brings the dual norm down to alpha."""
        return share_within(self._norm(z), alpha * float(weight[0]))

    def price(self, b: Floats, c: Floats, alpha: float, weight: Floats) -> Floats:
        """Its size, and a step on either side, away from or towards the neighbour."""
        size, steps = self._parts(alpha, weight)
        side = np.where(c >= 0.0, 1.0, -1.0)
        out = np.full(len(b), size)
        out[1:] += steps * np.where(b[:-1] == 0.0, 1.0, -np.sign(b[:-1]) * side[1:])
        out[:-1] += steps * np.where(b[1:] == 0.0, 1.0, -np.sign(b[1:]) * side[:-1])
        return out

    def _norm(self, z: Floats) -> float:
        """The smallest alpha for which z is in the dual ball.

        The extreme points of the unit ball are stretches, so that it is the largest of
        |sum of z on a stretch| / (l1_ratio * length + (1 - l1_ratio) * ends within the chain):
        a largest ratio, found by solving for the largest difference (Dinkelbach, 1967).
        """
        if self.l1_ratio == 0.0:
            z = z - z.mean()
        return max(self._ratio(z), self._ratio(-z))

    def _ratio(self, z: Floats) -> float:
        """The largest ratio, with the sum itself in the place of its size."""
        p = len(z)
        total = np.concatenate([[0.0], np.cumsum(z)])
        if self.l1_ratio == 0.0:
            total[-1] = 0.0
        place, inner = np.arange(p + 1), np.ones(p + 1)
        inner[0] = inner[-1] = 0.0
        ratio = 0.0
        for _ in range(ROUNDS):
            level = total - ratio * self.l1_ratio * place
            step = ratio * (1.0 - self.l1_ratio) * inner
            start = np.minimum.accumulate((level + step)[:-1])
            gain = (level - step)[1:] - start
            end = int(np.argmax(gain))
            begin = int(np.argmin((level + step)[: end + 1]))
            length, ends = end + 1 - begin, inner[begin] + inner[end + 1]
            cost = self.l1_ratio * length + (1.0 - self.l1_ratio) * ends
            if cost == 0.0:
                break
            better = (total[end + 1] - total[begin]) / cost
            if not better > ratio:
                break
            ratio = float(better)
        return ratio
