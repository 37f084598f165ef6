"""Huber's loss, for a number with outliers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from excise.losses.base import Loss, Mask, in_range, quiet
from excise.results import Floats


@dataclass(frozen=True)
class Huber(Loss):
    """r^2 / 2 for |r| <= delta, else delta |r| - delta^2 / 2, with r = y - eta."""

    name: ClassVar[str] = "huber"
    summary: ClassVar[str] = (
        "r^2 / 2 up to |r| = delta, straight beyond, for a number with outliers"
    )
    link: ClassVar[str] = "identity"
    domain: ClassVar[str] = "numbers"
    strictly_convex: ClassVar[bool] = False

    delta: float = 1.35

    def __post_init__(self) -> None:
        in_range(self, 0.0, np.inf)

    @quiet
    def value(self, y: Floats, eta: Floats) -> Floats:
        size = np.abs(y - eta)
        core = np.minimum(size, self.delta)
        return core * (size - core / 2)

    def gradient(self, y: Floats, eta: Floats) -> Floats:
        return np.clip(eta - y, -self.delta, self.delta)

    def hessian(self, y: Floats, eta: Floats) -> Floats:
        return np.where(np.abs(y - eta) < self.delta, 1.0, 0.0)

    @quiet
    def conjugate(self, y: Floats, v: Floats) -> Floats:
        return np.where(np.abs(v) > self.delta, np.inf, np.square(v) / 2 + v * y)

    @quiet
    def fenchel_young(self, y: Floats, eta: Floats, v: Floats) -> Floats:
        r, delta = y - eta, self.delta
        size, along = np.abs(r), v * np.sign(r)
        far = (delta + along) * (size - (delta - along) / 2)
        inner = np.where(size <= delta, np.square(r + v) / 2, far)
        return np.where(np.abs(v) > delta, np.inf, inner)

    def slopes(self, y: Floats) -> tuple[Floats, Floats]:
        return np.full_like(y, -self.delta), np.full_like(y, self.delta)

    def mean(self, eta: Floats) -> Floats:
        return eta

    def curvature(self, y: Floats) -> float:
        return 1.0

    def _usable(self, y: Floats) -> Mask:
        return np.ones(len(y), dtype=bool)
