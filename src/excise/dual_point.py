"""From the slopes of the loss to a feasible dual point, as near to the best one as can be had.

Theta must satisfy linear equations: the intercept and every feature that pays nothing earn 0. So
theta is moved within the rows' own freedom h (the second derivative of the loss): theta + h B a,
with B the columns concerned and a from the normal equations weighted by h. That is the Newton
step of the dual problem, the orthogonal projection for the squared loss, and it stays within the
conjugate's domain as long as |B a| <= 1 for logistic, Poisson, gamma and negative binomial rows.
"""

from __future__ import annotations

from itertools import chain

import numpy as np

from excise.data_term import LossFit, RowFitted
from excise.duality import EPS, NOISE, DualPoint, Size, duality_gap, no_bound, open_sides
from excise.freedom import Mask, Moves
from excise.kink_point import slopes_at_kinks
from excise.results import Floats
from excise.standard import View
from excise.taxes import Penalty, earned


def best_dual_point(
    view: View, pen: Penalty, fit: RowFitted, b: Floats, c: Floats, size: Size
) -> tuple[DualPoint, Floats]:
    """The feasible point with the smallest gap at hand, and the slopes of the rows beside it.

    These are fit.u unless the loss has a kink: there u is one slope of many, and the one nearest
    to the dual point takes its place.
    """
    best, slopes = no_bound(b, fit.data.loss, pen), fit.u
    if not np.isfinite(best.gap):
        return best, slopes
    more = slopes_at_kinks(view, pen, fit, b) if isinstance(fit, LossFit) else ()
    for u, freedom in chain(fit.directions(), more):
        z = c if u is fit.u else view.flat(u)
        point, theta = _Search(freedom, pen, fit, b, size).best(u, z)
        if point.gap < best.gap:
            best, slopes = point, fit.slopes_near(theta)
        if best.gap <= max(16.0 * EPS * size.null, fit.dust):
            break
    return best, slopes


class _Search:
    """A feasible theta from slopes u: moved off the features that pay nothing, then scaled.

    A feature without bounds whose tax is below the rounding of c allows only z_j'W theta = 0;
    one with a bound on one side joins them (`closed`) if its sign is wrong.
    """

    def __init__(self, freedom: Moves, pen: Penalty, fit: RowFitted, b: Floats, size: Size) -> None:
        self.freedom, self.pen, self.fit, self.b = freedom, pen, fit, b
        self.noise, self.enough = size.noise, 2.0 * NOISE**2 * size.null
        self.view = freedom.view
        self.up, self.down = open_sides(pen)
        self.bare = (pen.tax <= self.noise) & ~pen.excluded
        self.closed = self.bare & self.up & self.down

    def best(self, u: Floats, c: Floats) -> tuple[DualPoint, Floats]:
        """The best point at hand, with its theta.

        The first is u moved to where nobody earns who must not. Where that leaves a gap, u is
        moved, as little as possible, to where the features inside earn exactly what they pay: then
        the gap is of second order in the distance to the optimum.
        """
        theta, z, bare, pen = u, c, self.closed, self.pen
        away = self.freedom.ones or bool(np.any(pen.size(z)[bare]))
        while away or np.any(self.wrong(z)):
            self.closed = self.closed | self.wrong(z)
            index = np.flatnonzero(pen.each(self.closed))
            if self.freedom.too_many(index):  # 0 is feasible, and says little
                theta, z = np.zeros_like(u), np.zeros_like(c)
                break
            theta = self.freedom.projected(theta, index)
            z, away = self.view.flat(theta), False
        best = (self.judged(theta, z), theta)
        inside, wanted = inside_of(self.b, pen), paid_by(self.b, pen)
        grown = self.closed
        for self.closed in (grown, bare):  # at the optimum those that joined may earn less than 0
            if best[0].gap <= self.enough:
                break
            index = np.flatnonzero(pen.each(self.closed) | pen.inside(inside, self.b))
            moved = self.freedom.moved(u, c, wanted, index)
            if moved is not None and not np.any(self.wrong(z := self.view.flat(moved))):
                best = min(best, (self.judged(moved, z), moved), key=lambda one: one[0].gap)
            if np.array_equal(grown, bare):
                break
        return best

    def wrong(self, z: Floats) -> Mask:
        """Features that pay nothing, and earn on a side that no bound closes."""
        earning = earned(z, self.pen, self.up, self.down) > self.noise
        return np.asarray(self.bare & ~self.closed & earning)

    def judged(self, theta: Floats, z: Floats) -> DualPoint:
        """The gap on the ray of theta; what rounding left in its equations is charged."""
        each = self.pen.each
        left = np.abs(np.where(each(self.closed), z, 0.0))
        sum_left = abs(float(self.view.root @ theta)) if self.freedom.ones else 0.0
        allowed = max(self.noise, 64.0 * EPS * float(np.linalg.norm(theta)))
        if not self.freedom.alike and max(sum_left, float(left.max())) > allowed:
            return no_bound(self.b, self.fit.data.loss, self.pen)  # rows too stiff to move
        charge = sum_left * abs(self.fit.shift) + float(left @ np.abs(self.b))
        rounding = self.closed | (self.bare & (np.abs(self.pen.size(z)) <= self.noise))
        ray = self.fit.ray(theta, np.where(each(rounding), 0.0, z), charge)
        return duality_gap(self.b, ray, self.pen, self.noise)


def inside_of(b: Floats, pen: Penalty) -> Mask:
    """Coefficients, or groups, that are neither 0 nor at a bound."""
    size = pen.size(b)
    return np.asarray((size != 0.0) & (size > pen.lower) & (size < pen.upper))


def paid_by(b: Floats, pen: Penalty) -> Floats:
    """What each coefficient inside earns at an optimum: the slope of its penalty."""
    paid = pen.each(pen.tax) * pen.direction(b) + pen.each(pen.ridge) * b
    return np.asarray(paid if pen.own is None else paid + pen.each(pen.own) * np.sign(b))
