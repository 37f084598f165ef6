"""Sorted L1: the larger a coefficient among the others, the higher its tax (SLOPE, OSCAR)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from excise.checks import Names, check_number, numbers
from excise.exceptions import InputError
from excise.penalties.base import Face, Mask, Penalty, common_weight, one_weight, share_within
from excise.results import Floats


@dataclass(frozen=True)
class SortedL1(Penalty):
    """SLOPE: alpha sum_i t_i |b|_(i), where |b|_(1) >= |b|_(2) >= ..., and t_1 >= t_2 >= ... too.

    Coefficients of features that explain alike become equal in size, so that they form groups
    nobody named. Features of penalty weight 0 or infinity are left out of the sorting; all others
    have one weight.

    Parameters
    ----------
    q : float in (0, 1), default=0.1
        Taxes t_i = the normal quantile at 1 - i q / (2 p): with orthonormal columns and alpha the
        noise per coefficient, the share of false features among those kept is at most q.
    sequence : array-like, shape (p,), optional
        The taxes themselves, in place of q: falling, >= 0, not all 0; one per penalised feature.
    pairs : float >= 0, optional
        In place of q: OSCAR, see `oscar`.

    References
    ----------
    Bogdan, van den Berg, Sabatti, Su and Candes, "SLOPE: adaptive variable selection via convex
    optimization", Annals of Applied Statistics 9, 2015.
    """

    q: float = 0.1
    sequence: Any = None
    pairs: float | None = None

    name: ClassVar[str] = "sorted_l1"

    def __post_init__(self) -> None:
        if not 0.0 < check_number("q", self.q) < 1.0:
            raise InputError(f"q is {self.q}; it must lie between 0 and 1")
        if self.pairs is not None and not 0.0 <= check_number("pairs", self.pairs) < np.inf:
            raise InputError(f"pairs is {self.pairs}; it must be finite and >= 0")
        if self.sequence is not None:
            object.__setattr__(self, "sequence", _checked(self.sequence))

    @staticmethod
    def oscar(pairs: float = 0.1) -> SortedL1:
        """OSCAR: alpha (sum_j |b_j| + pairs sum_{j<k} max(|b_j|, |b_k|)).

        References
        ----------
        Bondell and Reich, "Simultaneous regression shrinkage, variable selection, and supervised
        clustering of predictors with OSCAR", Biometrics 64, 2008.
        """
        return SortedL1(pairs=pairs)

    def check(self, weight: Floats, names: Names) -> None:
        """One weight for all that are sorted, and as many taxes as there are such features."""
        sorted_ = _sorted(weight)
        one_weight(self, weight, sorted_, names)
        count = int(sorted_.sum())
        if self.sequence is not None and len(self.sequence) != count:
            raise InputError(
                f"sequence has {len(self.sequence)} taxes, but {count} features are penalised",
                remedy=f"a sequence of length {count}",
            )

    def taxes(self, count: int) -> Floats:
        """t_1 >= ... >= t_count."""
        return _taxes(self, count)

    def value(self, b: Floats, alpha: float, weight: Floats) -> float:
        """Omega(b; alpha)."""
        sorted_ = _sorted(weight)
        taxes, size = self.taxes(int(sorted_.sum())), np.abs(b[sorted_ & (b != 0.0)])
        paid = float(np.sort(size)[::-1] @ taxes[: len(size)])
        return alpha * common_weight(weight, sorted_) * paid

    def prox(self, v: Floats, step: float, alpha: float, weight: Floats) -> Floats:
        """Sizes less their taxes, made falling by pooling, and cut at 0.

        As in `proved`, of at most K features kept each has more than t_K: the others need no place.
        """
        from excise._core import falling_fit

        sorted_ = _sorted(weight)
        out = np.where(weight == 0.0, v, 0.0)
        strength = step * alpha * common_weight(weight, sorted_)
        taxes, size = strength * self.taxes(int(sorted_.sum())), np.abs(v)
        can = np.flatnonzero(sorted_)
        for _ in range(2):
            can = can[size[can] > taxes[len(can) - 1]] if len(can) else can
        order = can[np.argsort(-size[can], kind="stable")]
        fitted = falling_fit(size[order] - taxes[: len(order)])
        out[order] = np.copysign(np.maximum(fitted, 0.0), v[order]) + 0.0
        return out

    def entry(self, c: Floats, weight: Floats) -> float:
        """The dual norm: sums of the largest earnings over sums of the highest taxes."""
        sorted_ = _sorted(weight)
        return self._norm(c[sorted_]) / common_weight(weight, sorted_)

    def face(self, b: Floats, alpha: float, weight: Floats) -> Face:
        """Coefficients of one size, with their signs; and what is free."""
        sorted_ = _sorted(weight)
        free = np.flatnonzero(weight == 0.0)
        kept = np.flatnonzero(sorted_ & (b != 0.0))
        kept = kept[np.argsort(-np.abs(b[kept]), kind="stable")]
        size = np.abs(b[kept])
        owner = np.cumsum(np.concatenate([[0], size[1:] != size[:-1]])[: len(size)])
        taxes = self.taxes(int(sorted_.sum()))[: len(kept)]
        paid = np.bincount(owner, taxes) if len(kept) else np.empty(0)
        count = len(paid)
        slope = alpha * common_weight(weight, sorted_) * paid
        return Face(
            np.concatenate([kept, free]),
            np.concatenate([owner, count + np.arange(len(free))]),
            np.concatenate([np.sign(b[kept]), np.ones(len(free))]),
            np.concatenate([slope, np.zeros(len(free))]),
            np.zeros(count + len(free)),
        )

    def domain_scale(self, z: Floats, alpha: float, weight: Floats) -> float:
        """What brings the dual norm down to alpha."""
        sorted_ = _sorted(weight)
        return share_within(self._norm(z[sorted_]), alpha * common_weight(weight, sorted_))

    def fenchel_young(self, b: Floats, z: Floats, alpha: float, weight: Floats) -> float:
        """Omega(b) - b'z, without the excluded features."""
        return max(self.value(b, alpha, weight) - float(b @ np.where(weight < np.inf, z, 0.0)), 0.0)

    def price(self, b: Floats, c: Floats, alpha: float, weight: Floats) -> Floats:
        """The tax of the place behind all others that are kept."""
        sorted_ = _sorted(weight)
        taxes = np.append(self.taxes(int(sorted_.sum())), 0.0)
        kept = sorted_ & (b != 0.0)
        behind = int(kept.sum()) - kept.astype(np.intp)
        paid = alpha * common_weight(weight, sorted_) * taxes[np.minimum(behind, len(taxes) - 1)]
        return np.where(sorted_, paid, np.where(weight == 0.0, 0.0, np.inf))

    def proved(self, reach: Floats, alpha: float, weight: Floats) -> Mask:
        """Who cannot earn the lowest tax that somebody kept may pay.

        Of r features kept each earns at least t_r: those of equal size earn their taxes together,
        and no k of them more than the k highest. So if at most K can be kept, who earns less than
        t_K cannot; that lowers K, and so on.
        """
        sorted_ = _sorted(weight)
        out = ~sorted_ & (weight > 0.0)
        taxes = alpha * common_weight(weight, sorted_) * self.taxes(int(sorted_.sum()))
        falling = np.sort(reach[sorted_])[::-1]
        can = np.flatnonzero(falling >= taxes)  # the last K at which somebody stays
        out[sorted_] = reach[sorted_] < (taxes[can[-1]] if len(can) else np.inf)
        return np.asarray(out)

    def _norm(self, z: Floats) -> float:
        """The smallest alpha for which z is in the dual ball."""
        if len(z) == 0:
            return 0.0
        earned = np.cumsum(np.sort(np.abs(z))[::-1])
        return float(np.max(earned / _paid(self, len(z))))


def _sorted(weight: Floats) -> Mask:
    """Features that are penalised and allowed."""
    return np.asarray((weight > 0.0) & (weight < np.inf))


@lru_cache(maxsize=64)
def _taxes(penalty: SortedL1, count: int) -> Floats:
    places = np.arange(1, count + 1)
    if penalty.sequence is not None:
        found = np.array(penalty.sequence)
    elif penalty.pairs is not None:
        found = 1.0 + penalty.pairs * (count - places)
    else:
        from scipy.special import ndtri

        found = ndtri(1.0 - places * penalty.q / (2.0 * count))
    found.setflags(write=False)
    return found


@lru_cache(maxsize=64)
def _paid(penalty: SortedL1, count: int) -> Floats:
    """What the highest taxes come to together."""
    return np.cumsum(_taxes(penalty, count))


def _checked(sequence: Any) -> tuple[float, ...]:
    """Falling taxes as a tuple, which can be hashed."""
    values = numbers("sequence", sequence)
    if values.ndim != 1 or len(values) == 0:
        raise InputError(f"sequence must have one dimension, got shape {values.shape}")
    wrong = np.flatnonzero(~((values >= 0.0) & (values < np.inf)))
    if len(wrong):
        raise InputError(f"sequence is {values[wrong[0]]} in place {wrong[0]}; it must be >= 0")
    rising = np.flatnonzero(np.diff(values) > 0.0)
    if len(rising):
        i = int(rising[0])
        raise InputError(
            f"sequence rises from {values[i]} to {values[i + 1]} in place {i + 1}; it must fall",
            remedy="np.sort(sequence)[::-1]",
        )
    if values[0] == 0.0:
        raise InputError("sequence is zero everywhere", ["nothing would be penalised"])
    return tuple(values.tolist())
