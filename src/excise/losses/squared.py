"""The squared loss, for a number or several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from excise.losses.base import Loss, Mask, quiet
from excise.results import Floats


@dataclass(frozen=True)
class Squared(Loss):
    """(y - eta)^2 / 2; for several responses their sum."""

    name: ClassVar[str] = "squared"
    summary: ClassVar[str] = "(y - eta)^2 / 2, for a number"
    link: ClassVar[str] = "identity"
    domain: ClassVar[str] = "numbers"
    targets: ClassVar[Literal["one", "any", "several"]] = "any"

    @quiet
    def value(self, y: Floats, eta: Floats) -> Floats:
        return np.square(y - eta) / 2

    def gradient(self, y: Floats, eta: Floats) -> Floats:
        return eta - y

    def hessian(self, y: Floats, eta: Floats) -> Floats:
        return np.ones(np.broadcast_shapes(np.shape(y), np.shape(eta)))

    @quiet
    def conjugate(self, y: Floats, v: Floats) -> Floats:
        return np.square(v) / 2 + v * y

    @quiet
    def fenchel_young(self, y: Floats, eta: Floats, v: Floats) -> Floats:
        return np.square(y - eta + v) / 2

    def slopes(self, y: Floats) -> tuple[Floats, Floats]:
        return np.full_like(y, -np.inf), np.full_like(y, np.inf)

    def mean(self, eta: Floats) -> Floats:
        return eta

    def curvature(self, y: Floats) -> float:
        return 1.0

    def _usable(self, y: Floats) -> Mask:
        return np.ones(len(y), dtype=bool)
