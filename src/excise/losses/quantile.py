"""The pinball loss, for a median or another quantile of a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from excise.losses.base import Loss, Mask, in_range, quiet
from excise.results import Floats


@dataclass(frozen=True)
class Quantile(Loss):
    """max(q r, (q - 1) r) with r = y - eta.

    It has a kink at r = 0, where `gradient` is the middle of the slopes that are allowed there.
    """

    name: ClassVar[str] = "quantile"
    summary: ClassVar[str] = "q r above and (q - 1) r below, for the quantile q of a number"
    link: ClassVar[str] = "identity"
    domain: ClassVar[str] = "numbers"
    strictly_convex: ClassVar[bool] = False
    kinked: ClassVar[bool] = True

    q: float = 0.5

    def __post_init__(self) -> None:
        in_range(self, 0.0, 1.0)

    def value(self, y: Floats, eta: Floats) -> Floats:
        r = y - eta
        return np.maximum(self.q * r, (self.q - 1.0) * r)

    def gradient(self, y: Floats, eta: Floats) -> Floats:
        return 0.5 - self.q - np.sign(y - eta) / 2

    def hessian(self, y: Floats, eta: Floats) -> Floats:
        return np.zeros(np.broadcast_shapes(np.shape(y), np.shape(eta)))

    def conjugate(self, y: Floats, v: Floats) -> Floats:
        return np.where((v < -self.q) | (v > 1.0 - self.q), np.inf, v * y)

    def fenchel_young(self, y: Floats, eta: Floats, v: Floats) -> Floats:
        r = y - eta
        inner = np.where(r > 0.0, (self.q + v) * r, (self.q - 1.0 + v) * r)
        return np.where((v < -self.q) | (v > 1.0 - self.q), np.inf, inner)

    def slopes(self, y: Floats) -> tuple[Floats, Floats]:
        return np.full_like(y, -self.q), np.full_like(y, 1.0 - self.q)

    def mean(self, eta: Floats) -> Floats:
        return eta

    def curvature(self, y: Floats) -> float:
        return np.inf

    def smoothed(self, width: float) -> Loss:
        return SmoothedQuantile(self.q, width)

    def _usable(self, y: Floats) -> Mask:
        return np.ones(len(y), dtype=bool)


@dataclass(frozen=True)
class SmoothedQuantile(Quantile):
    """The pinball loss with a parabola of `width` in the place of its kink.

    max over q - 1 <= u <= q of u r - width (u - q + 1/2)^2 / 2: below `Quantile` by at most
    width / 8. It is no loss by itself: only a way to a dual point.
    """

    kinked: ClassVar[bool] = False

    width: float = 1.0

    @quiet
    def _dual(self, y: Floats, eta: Floats) -> Floats:
        return np.clip(self.q - 0.5 + (y - eta) / self.width, self.q - 1.0, self.q)

    def value(self, y: Floats, eta: Floats) -> Floats:
        u = self._dual(y, eta)
        return u * (y - eta) - self.width * np.square(u - self.q + 0.5) / 2

    def gradient(self, y: Floats, eta: Floats) -> Floats:
        return -self._dual(y, eta)

    def hessian(self, y: Floats, eta: Floats) -> Floats:
        return np.where(np.abs(y - eta) < self.width / 2, 1.0 / self.width, 0.0)

    @quiet
    def conjugate(self, y: Floats, v: Floats) -> Floats:
        return super().conjugate(y, v) + self.width * np.square(v + self.q - 0.5) / 2

    def curvature(self, y: Floats) -> float:
        return 1.0 / self.width
