"""Dual points that are slopes of the loss somewhere else, where no dual point moves row by row.

Rows, or the outputs of a row, are coupled. But the slopes at any eta' are a dual point of the loss,
whatever eta' is, and what s times them cost at eta is known in closed form. So eta' is moved by
Newton steps to where the intercept and the features that pay nothing earn nothing, and the kept
ones what they pay: then the gap is of second order in the distance to the optimum.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from excise.data_term import Fitted
from excise.dual_point import inside_of, paid_by
from excise.duality import EPS, NOISE, DualPoint, DualRay, Size, duality_gap, no_bound, open_sides
from excise.freedom import Indices
from excise.results import Floats
from excise.standard import View
from excise.taxes import Penalty, earned

MOVES = 8
"""Newton steps of eta', at most."""


class SlopeFitted(Fitted):
    """The data term of a coupled loss at given coefficients.

    Attributes
    ----------
    eta : ndarray
        Of the rows with weight.
    """

    eta: Floats

    @abstractmethod
    def starts(self, closed: Indices, noise: float) -> list[Floats]:
        """Etas to start from; intercept and closed coefficients earn little there, if possible."""

    @abstractmethod
    def slopes(self, eta: Floats) -> Floats:
        """Minus the slopes of all rows, times sqrt(w)."""

    @abstractmethod
    def unbalanced(self, u: Floats) -> Floats:
        """What the intercepts earn at slopes u: they must earn nothing."""

    @abstractmethod
    def can_move(self, index: Indices) -> bool:
        """Whether `moved` is to be had for so many coefficients."""

    @abstractmethod
    def moved(self, eta: Floats, index: Indices, off: Floats) -> Floats:
        """Eta after a Newton step to where these coefficients earn `off` less."""

    @abstractmethod
    def ray(self, z: Floats, eta: Floats, charge: float) -> DualRay:
        """The multiples of the slopes at another eta, which features see as z."""

    def dual_point(
        self, view: View, pen: Penalty, b: Floats, c: Floats, size: Size
    ) -> tuple[DualPoint, Floats]:
        """As `excise.dual_point.best_dual_point`."""
        best = no_bound(b, self.data.loss, pen)
        bare = (pen.tax <= size.noise) & ~pen.excluded
        closed = bare & np.logical_and(*open_sides(pen))
        nothing = best.gap
        if np.isfinite(nothing):
            for eta in self.starts(np.flatnonzero(pen.each(closed)), size.noise):
                here = eta is self.eta
                u = self.u if here else self.slopes(eta)
                z = c if here else view.flat(u)
                point = self._best_near(eta, u, z, view, pen, b, size)
                best = min(best, point, key=lambda one: one.gap)
                if best.gap < nothing:
                    break
        return best, self.u

    def _best_near(
        self, eta: Floats, u: Floats, z: Floats, view: View, pen: Penalty, b: Floats, size: Size
    ) -> DualPoint:
        """The best point on the way from one eta."""
        best, (up, down) = no_bound(b, self.data.loss, pen), open_sides(pen)
        bare = (pen.tax <= size.noise) & ~pen.excluded
        closed = bare & up & down
        inside, wanted = inside_of(b, pen), paid_by(b, pen)
        enough = max(2.0 * NOISE**2 * size.null, 4.0 * EPS * self.dust)
        for _ in range(MOVES):
            closed = closed | (bare & (earned(z, pen, up, down) > size.noise))
            left, sums = pen.each(closed), np.abs(self.unbalanced(u))
            charge = float(np.abs(z[left]) @ np.abs(b[left]) + np.sum(sums * np.abs(self.shift)))
            small = pen.each(bare & (np.abs(pen.size(z)) <= size.noise))
            if np.all(sums <= size.noise):
                ray = self.ray(np.where(small, 0.0, z), eta, charge)
                point = duality_gap(b, ray, pen, size.noise)
                best = min(best, point, key=lambda one: one.gap)
            index = np.flatnonzero(pen.each(closed) | pen.inside(inside, b))
            if best.gap <= enough or not self.can_move(index):
                break
            off = (z - wanted)[index]
            if max(float(np.max(np.abs(off))), float(np.max(sums, initial=0.0))) <= size.noise / 16:
                break
            eta = self.moved(eta, index, off)
            u = self.slopes(eta)
            z = view.flat(u)
        return best
