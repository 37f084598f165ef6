"""The negative binomial loss with a log link and a given theta, for counts that vary more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from excise.losses.base import Loss, Mask, in_range, quiet, some_count
from excise.losses.special import expit, share_divergence, xlogx
from excise.results import Floats


@dataclass(frozen=True)
class NegativeBinomial(Loss):
    """y log(y / mu) - (y + theta) log((y + theta) / (mu + theta)) with mu = exp(eta).

    The variance is mu + mu^2 / theta. It is y + theta times the logistic loss of the share
    y / (y + theta) at eta - log(theta).
    """

    name: ClassVar[str] = "negative_binomial"
    summary: ClassVar[str] = "half the deviance of variance mu + mu^2 / theta, for counts"
    link: ClassVar[str] = "log"
    domain: ClassVar[str] = "counts >= 0"

    theta: float = 1.0

    def __post_init__(self) -> None:
        in_range(self, 0.0, np.inf)

    def value(self, y: Floats, eta: Floats) -> Floats:
        return self.fenchel_young(y, eta, np.zeros_like(y))

    @quiet
    def gradient(self, y: Floats, eta: Floats) -> Floats:
        x, total = eta - np.log(self.theta), y + self.theta
        return np.where(x > 0.0, self.theta - total * expit(-x), total * expit(x) - y)

    @quiet
    def hessian(self, y: Floats, eta: Floats) -> Floats:
        x = eta - np.log(self.theta)
        return (y + self.theta) * expit(x) * expit(-x)

    @quiet
    def conjugate(self, y: Floats, v: Floats) -> Floats:
        total = y + self.theta
        share, rest = np.maximum(y + v, 0.0) / total, np.maximum(self.theta - v, 0.0) / total
        best = xlogx(y / total) + xlogx(self.theta / total)
        inner = total * (xlogx(share) + xlogx(rest) - best) + v * np.log(self.theta)
        return np.where((v < -y) | (v > self.theta), np.inf, inner)

    @quiet
    def fenchel_young(self, y: Floats, eta: Floats, v: Floats) -> Floats:
        total = y + self.theta
        share, rest = np.maximum(y + v, 0.0) / total, np.maximum(self.theta - v, 0.0) / total
        inner = total * share_divergence(share, rest, eta - np.log(self.theta))
        return np.where((v < -y) | (v > self.theta), np.inf, inner)

    def slopes(self, y: Floats) -> tuple[Floats, Floats]:
        return -y, np.full_like(y, self.theta)

    @quiet
    def mean(self, eta: Floats) -> Floats:
        return np.exp(eta)

    def curvature(self, y: Floats) -> float:
        return float(np.max(y + self.theta)) / 4.0

    def _usable(self, y: Floats) -> Mask:
        return y >= 0.0

    def _check_fit(self, y: Floats, rows: str, fit_intercept: bool) -> None:
        some_count(self, y, rows, fit_intercept)
