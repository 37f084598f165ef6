"""The squared hinge of support vector machines, for two classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from excise.losses.base import Loss, Mask, quiet, two_classes
from excise.results import Floats


@dataclass(frozen=True)
class SquaredHinge(Loss):
    """max(0, 1 - s eta)^2 with s = 2 y - 1.

    Its best eta for a share p of class 1 is 2 p - 1, cut to [-1, 1] (T. Zhang, Annals of
    Statistics 32, 2004): hence `mean`.
    """

    name: ClassVar[str] = "squared_hinge"
    summary: ClassVar[str] = "max(0, 1 - s eta)^2 with s = 2 y - 1, for classes 0 and 1"
    link: ClassVar[str] = "2 mu - 1"
    domain: ClassVar[str] = "classes 0 and 1"
    of_classes: ClassVar[bool] = True
    strictly_convex: ClassVar[bool] = False

    @quiet
    def value(self, y: Floats, eta: Floats) -> Floats:
        return np.square(np.maximum(0.0, 1.0 - (2.0 * y - 1.0) * eta))

    @quiet
    def gradient(self, y: Floats, eta: Floats) -> Floats:
        s = 2.0 * y - 1.0
        return -2.0 * s * np.maximum(0.0, 1.0 - s * eta)

    def hessian(self, y: Floats, eta: Floats) -> Floats:
        return np.where((2.0 * y - 1.0) * eta < 1.0, 2.0, 0.0)

    @quiet
    def conjugate(self, y: Floats, v: Floats) -> Floats:
        along = (2.0 * y - 1.0) * v
        return np.where(along > 0.0, np.inf, np.square(v) / 4 + along)

    @quiet
    def fenchel_young(self, y: Floats, eta: Floats, v: Floats) -> Floats:
        s = 2.0 * y - 1.0
        t, a = 1.0 - s * eta, -s * v
        inner = np.where(t >= 0.0, np.square(t - a / 2), np.square(a) / 4 - a * np.minimum(t, 0.0))
        return np.where(a < 0.0, np.inf, inner)

    def slopes(self, y: Floats) -> tuple[Floats, Floats]:
        return np.where(y > 0.5, -np.inf, 0.0), np.where(y > 0.5, 0.0, np.inf)

    def mean(self, eta: Floats) -> Floats:
        return np.clip((eta + 1.0) / 2.0, 0.0, 1.0)

    def curvature(self, y: Floats) -> float:
        return 2.0

    def _usable(self, y: Floats) -> Mask:
        return np.isin(y, (0.0, 1.0))

    def _check_fit(self, y: Floats, rows: str, fit_intercept: bool) -> None:
        two_classes(self, y, rows)
