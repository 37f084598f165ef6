"""The Poisson loss with a log link, for counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from excise.losses.base import Loss, Mask, quiet, some_count
from excise.losses.special import exp_divergence, xlogx
from excise.results import Floats


@dataclass(frozen=True)
class Poisson(Loss):
    """mu - y eta + y log y - y with mu = exp(eta)."""

    name: ClassVar[str] = "poisson"
    summary: ClassVar[str] = "mu - y eta + y log y - y with mu = e^eta, for counts"
    link: ClassVar[str] = "log"
    domain: ClassVar[str] = "counts >= 0"

    def value(self, y: Floats, eta: Floats) -> Floats:
        return exp_divergence(y, eta)

    @quiet
    def gradient(self, y: Floats, eta: Floats) -> Floats:
        return np.exp(eta) - y

    @quiet
    def hessian(self, y: Floats, eta: Floats) -> Floats:
        return np.exp(eta) + 0.0 * y

    @quiet
    def conjugate(self, y: Floats, v: Floats) -> Floats:
        inner = xlogx(np.maximum(y + v, 0.0)) - v - xlogx(y)
        return np.where(y + v < 0.0, np.inf, inner)

    def fenchel_young(self, y: Floats, eta: Floats, v: Floats) -> Floats:
        inner = exp_divergence(np.maximum(y + v, 0.0), eta)
        return np.where(y + v < 0.0, np.inf, inner)

    def slopes(self, y: Floats) -> tuple[Floats, Floats]:
        return -y, np.full_like(y, np.inf)

    @quiet
    def mean(self, eta: Floats) -> Floats:
        return np.exp(eta)

    def curvature(self, y: Floats) -> float:
        return np.inf

    def _usable(self, y: Floats) -> Mask:
        return y >= 0.0

    def _check_fit(self, y: Floats, rows: str, fit_intercept: bool) -> None:
        some_count(self, y, rows, fit_intercept)
