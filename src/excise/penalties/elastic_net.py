"""The elastic net as an object, for those who want to see it solved step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from excise.checks import check_number
from excise.exceptions import InputError
from excise.penalties.base import Face, Mask, Penalty, single
from excise.results import Floats


@dataclass(frozen=True)
class ElasticNet(Penalty):
    """alpha sum_j v_j (l1_ratio |b_j| + (1 - l1_ratio) b_j^2 / 2).

    What `excise.fit` solves without an object, faster and with every event along the path.

    Parameters
    ----------
    l1_ratio : float in [0, 1], default=1.0
        Share of |b|.
    """

    l1_ratio: float = 1.0

    name: ClassVar[str] = "elastic_net"

    def __post_init__(self) -> None:
        if not 0.0 <= check_number("l1_ratio", self.l1_ratio) <= 1.0:
            raise InputError(f"l1_ratio is {self.l1_ratio}; it must lie in [0, 1]")

    def _parts(self, alpha: float, weight: Floats) -> tuple[Floats, Floats, Mask]:
        """Tax and ridge per feature, and who is not excluded."""
        allowed = np.isfinite(weight)
        strength = alpha * np.where(allowed, weight, 0.0)
        return strength * self.l1_ratio, strength * (1.0 - self.l1_ratio), allowed

    def value(self, b: Floats, alpha: float, weight: Floats) -> float:
        """Omega(b; alpha)."""
        tax, ridge, _ = self._parts(alpha, weight)
        return float(tax @ np.abs(b) + ridge @ np.square(b) / 2)

    def prox(self, v: Floats, step: float, alpha: float, weight: Floats) -> Floats:
        """Soft threshold, then shrinkage."""
        tax, ridge, allowed = self._parts(alpha, weight)
        size = np.maximum(np.abs(v) - step * tax, 0.0) / (1.0 + step * ridge)
        return np.where(allowed, np.copysign(size, v), 0.0) + 0.0

    def entry(self, c: Floats, weight: Floats) -> float:
        """Most earned, per unit of weight, over the share of |b|."""
        taxed = (weight > 0.0) & np.isfinite(weight)
        most = float(np.max(np.abs(c[taxed]) / weight[taxed], initial=0.0))
        if most == 0.0:
            return 0.0
        return most / self.l1_ratio if self.l1_ratio > 0.0 else np.inf

    def distance(self, b: Floats, c: Floats, alpha: float, weight: Floats) -> Floats:
        """What a zero earns above its tax; else |c - ridge b - tax sign(b)|."""
        tax, ridge, allowed = self._parts(alpha, weight)
        inside = np.abs(c - ridge * b - tax * np.sign(b))
        off = np.where(b == 0.0, np.maximum(np.abs(c) - tax, 0.0), inside)
        return np.where(allowed, off, 0.0)

    def face(self, b: Floats, alpha: float, weight: Floats) -> Face:
        """The support and its signs, and what is free."""
        tax, ridge, allowed = self._parts(alpha, weight)
        index = np.flatnonzero(allowed & ((b != 0.0) | (tax == 0.0)))
        return single(index, tax[index] * np.sign(b[index]), ridge[index])

    def domain_scale(self, z: Floats, alpha: float, weight: Floats) -> float:
        """Where a ridge stands, no z is too large."""
        tax, ridge, allowed = self._parts(alpha, weight)
        bound = allowed & (ridge == 0.0) & (np.abs(z) > tax)
        return float(np.min(tax[bound] / np.abs(z[bound]), initial=1.0))

    def fenchel_young(self, b: Floats, z: Floats, alpha: float, weight: Floats) -> float:
        """A square where a ridge stands: nothing cancels."""
        tax, ridge, allowed = self._parts(alpha, weight)
        excess = np.copysign(np.maximum(np.abs(z) - tax, 0.0), z)
        root = np.sqrt(ridge)
        over = np.divide(excess, root, out=np.zeros_like(z), where=root > 0.0)
        kink = np.maximum(tax * np.abs(b) - (z - excess) * b, 0.0)
        terms = np.square(root * b - over) / 2 + kink
        return float(np.sum(terms[allowed]))

    def price(self, b: Floats, c: Floats, alpha: float, weight: Floats) -> Floats:
        """The tax; infinite for an excluded feature."""
        tax, _, allowed = self._parts(alpha, weight)
        return np.where(allowed, tax, np.inf)

    def proved(self, reach: Floats, alpha: float, weight: Floats) -> Mask:
        """Who cannot earn the tax (Ndiaye et al. 2017)."""
        tax, _, allowed = self._parts(alpha, weight)
        return np.asarray((reach < tax) | ~allowed)
