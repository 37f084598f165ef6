"""The whole objective at one alpha: data term and penalty, and how far a point is from the best."""

from __future__ import annotations

import numpy as np

from excise.duality import Ray, RowRay
from excise.penalties.base import PenaltyAt
from excise.penalty_point import bound_on_ray, without_free
from excise.proximal.data import EPS, DataPart, Point

NOISE = 1e-12
"""Earnings below this share of the largest at b = 0 are rounding."""

SETTLED = 1e-9
"""Violations below this share of the largest slope at the null model end a search without a gap."""


class Objective:
    """F(b) = f(b) + Omega(b).

    Attributes
    ----------
    data : DataPart
    pen : PenaltyAt
    top : float
        Largest slope at the null model, to measure violations against.
    """

    def __init__(self, data: DataPart, pen: PenaltyAt, top: float) -> None:
        self.data, self.pen, self.top = data, pen, top
        self.free = pen.penalty.free(pen.weight)

    def value(self, point: Point) -> float:
        """F at a point."""
        return point.loss + self.pen.value(point.b)

    def rounding(self, value: float) -> float:
        """What rounding alone may add to F."""
        return 16.0 * EPS * max(abs(value), self.data.null)

    def violation(self, point: Point) -> float:
        """The largest distance from an optimality condition, over `top`."""
        worst = float(np.max(self.pen.distance(point.b, point.c), initial=0.0))
        return worst / self.top if self.top > 0.0 else worst

    def relative_gap(self, point: Point) -> float:
        """The gap of the point's own slopes over the null loss; infinite where there is none."""
        if not self.pen.penalty.convex:
            return np.inf
        data = self.data
        z, left, charge = without_free(self.free, point.b, point.c)
        sum_left = abs(float(point.u.sum()))
        if left > NOISE * self.top or not np.isfinite(point.loss):
            return np.inf
        ray: Ray | RowRay
        if data.squared:
            ray = Ray(z, 2.0 * point.loss)
            extra = charge
        else:
            t = -data.loss.gradient(data.y, point.eta)
            charge += sum_left * abs(point.shift)
            ray = RowRay(z, t, data.loss, data.y, point.eta, data.weights, charge)
            extra = 0.0
        gap = bound_on_ray(self.pen, point.b, ray).gap + extra
        return 0.0 if gap == 0.0 else gap / data.null if data.null > 0.0 else np.inf

    def off(self, point: Point) -> float:
        """The relative gap, or, where there is none, the violation."""
        gap = self.relative_gap(point)
        return gap if gap < np.inf else self.violation(point)

    def step_of(self, point: Point) -> float:
        """A step that suits one typical coordinate; for all together it is to be halved."""
        size = self.data.columns.size
        bend = 1.0 if self.data.squared else float(self.data.bend(point.eta).sum())
        mean = float(np.mean(np.square(size[size > 0.0]))) if np.any(size > 0.0) else 1.0
        step = 1.0 / (mean * bend) if 0.0 < mean * bend < np.inf else 1.0
        return step if 0.0 < step < np.inf else 1.0
