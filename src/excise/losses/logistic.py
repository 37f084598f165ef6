"""The logistic loss, for two classes or shares of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from excise.losses.base import Loss, Mask, two_classes
from excise.losses.special import expit, share_divergence, xlogx
from excise.results import Floats


@dataclass(frozen=True)
class Logistic(Loss):
    """log(1 + exp(eta)) - y eta, less its best value for a share strictly between 0 and 1."""

    name: ClassVar[str] = "logistic"
    summary: ClassVar[str] = "log(1 + e^eta) - y eta, for classes 0 and 1, or shares between"
    link: ClassVar[str] = "logit"
    domain: ClassVar[str] = "classes 0 and 1, or shares between"
    of_classes: ClassVar[bool] = True

    def value(self, y: Floats, eta: Floats) -> Floats:
        return share_divergence(y, 1.0 - y, eta)

    def gradient(self, y: Floats, eta: Floats) -> Floats:
        return np.where(eta > 0.0, (1.0 - y) - expit(-eta), expit(eta) - y)

    def hessian(self, y: Floats, eta: Floats) -> Floats:
        e = np.exp(-np.abs(eta))
        return np.asarray(e / np.square(1.0 + e) + 0.0 * y)

    def conjugate(self, y: Floats, v: Floats) -> Floats:
        low, high = self.slopes(y)
        v_in = np.clip(v, low, high)
        inner = xlogx(y + v_in) + xlogx(high - v_in) - xlogx(y) - xlogx(high)
        return np.where((v < low) | (v > high), np.inf, inner)

    def fenchel_young(self, y: Floats, eta: Floats, v: Floats) -> Floats:
        share, rest = y + v, 1.0 - y - v
        inner = share_divergence(np.maximum(share, 0.0), np.maximum(rest, 0.0), eta)
        return np.where((share < 0.0) | (rest < 0.0), np.inf, inner)

    def slopes(self, y: Floats) -> tuple[Floats, Floats]:
        return -y, 1.0 - y

    def mean(self, eta: Floats) -> Floats:
        return expit(eta)

    def curvature(self, y: Floats) -> float:
        return 0.25

    def _usable(self, y: Floats) -> Mask:
        return (y >= 0.0) & (y <= 1.0)

    def _check_fit(self, y: Floats, rows: str, fit_intercept: bool) -> None:
        two_classes(self, y, rows)
