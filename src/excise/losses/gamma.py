"""The gamma loss with a log link, for positive amounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from excise.losses.base import Loss, Mask, quiet
from excise.losses.special import exp_divergence, xlogx
from excise.results import Floats


@dataclass(frozen=True)
class Gamma(Loss):
    """y / mu - log(y / mu) - 1 with mu = exp(eta)."""

    name: ClassVar[str] = "gamma"
    summary: ClassVar[str] = "eta + y e^-eta - log y - 1, for positive amounts"
    link: ClassVar[str] = "log"
    domain: ClassVar[str] = "numbers > 0"

    def value(self, y: Floats, eta: Floats) -> Floats:
        x = np.log(y) - eta
        return exp_divergence(np.ones_like(x), x)

    @quiet
    def gradient(self, y: Floats, eta: Floats) -> Floats:
        return -np.expm1(np.log(y) - eta)

    @quiet
    def hessian(self, y: Floats, eta: Floats) -> Floats:
        return np.exp(np.log(y) - eta)

    @quiet
    def conjugate(self, y: Floats, v: Floats) -> Floats:
        left = np.maximum(1.0 - v, 0.0)
        return np.where(v > 1.0, np.inf, v * np.log(y) + v + xlogx(left))

    def fenchel_young(self, y: Floats, eta: Floats, v: Floats) -> Floats:
        inner = exp_divergence(np.maximum(1.0 - v, 0.0), np.log(y) - eta)
        return np.where(v > 1.0, np.inf, inner)

    def slopes(self, y: Floats) -> tuple[Floats, Floats]:
        return np.full_like(y, -np.inf), np.ones_like(y)

    @quiet
    def mean(self, eta: Floats) -> Floats:
        return np.exp(eta)

    def curvature(self, y: Floats) -> float:
        return np.inf

    def _usable(self, y: Floats) -> Mask:
        return y > 0.0
